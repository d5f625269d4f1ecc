import { assertEquals, assertStrictEquals } from "@std/assert";
import { ndarray, packed } from "./arrays.ts";

Deno.test("packed() copies nothing from a contiguous view", () => {
  const data = Float32Array.from({ length: 12 }, (_, i) => i);
  const view = ndarray(data, [3, 4]);
  assertStrictEquals(packed(view).buffer, data.buffer);
  assertEquals([...packed(view.lo(1, 0))], [4, 5, 6, 7, 8, 9, 10, 11]);
});

Deno.test("packed() lays out cropped and flipped views in row-major order", () => {
  const view = ndarray(Uint8Array.from({ length: 12 }, (_, i) => i), [3, 4]);
  assertEquals([...packed(view.lo(0, 1).hi(2, 2))], [1, 2, 5, 6]);
  assertEquals([...packed(view.step(1, -1).hi(1, 4))], [3, 2, 1, 0]);
  assertEquals([...packed(view.transpose(1, 0).hi(2, 3))], [0, 4, 8, 1, 5, 9]);
});
