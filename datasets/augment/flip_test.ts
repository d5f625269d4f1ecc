import { assertEquals, assertStrictEquals } from "@std/assert";
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { flip, flipFlow } from "./flip.ts";

const picture: Picture = ndarray(Uint8Array.from({ length: 18 }, (_, i) => i), [2, 3, 3]);
const flow: FlowField = ndarray(Float32Array.from({ length: 12 }, (_, i) => i + 1), [2, 3, 2]);

Deno.test("flip() mirrors without copying and keeps channels in order", () => {
  const horizontal = flip(picture, "horizontal"), vertical = flip(picture, "vertical");
  assertStrictEquals(horizontal.data, picture.data);
  assertEquals([...packed(horizontal.hi(1, 3, 3))], [6, 7, 8, 3, 4, 5, 0, 1, 2]);
  assertEquals([...packed(vertical.hi(1, 3, 3))], [9, 10, 11, 12, 13, 14, 15, 16, 17]);
  assertEquals(horizontal.shape, [2, 3, 3]);
});

Deno.test("flipFlow() moves vectors and turns the mirrored component", () => {
  assertEquals(
    [...packed(flipFlow(flow, "horizontal"))],
    [-5, 6, -3, 4, -1, 2, -11, 12, -9, 10, -7, 8],
  );
  assertEquals(
    [...packed(flipFlow(flow, "vertical"))],
    [7, -8, 9, -10, 11, -12, 1, -2, 3, -4, 5, -6],
  );
  assertEquals([...packed(flow)], Array.from({ length: 12 }, (_, i) => i + 1));
});

Deno.test("flipping twice is the identity, on views too", () => {
  const part = flow.lo(0, 1);
  for (const direction of ["horizontal", "vertical"] as const) {
    assertEquals(packed(flip(flip(picture, direction), direction)), picture.data);
    assertEquals(packed(flipFlow(flipFlow(flow, direction), direction)), flow.data);
    assertEquals(packed(flipFlow(flipFlow(part, direction), direction)), packed(part));
  }
});
