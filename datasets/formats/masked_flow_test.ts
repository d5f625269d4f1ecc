import { assertEquals, assertThrows } from "@std/assert";
import { ndarray } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { maskUnknown, packFlow } from "./masked_flow.ts";

Deno.test("maskUnknown() takes more than 1e9 in either component for unknown", () => {
  const values = Float32Array.of(1, -2, 1e10, 0, 0, -1e10, 1e9, -1e9);
  const { flow, valid } = maskUnknown(values, 2, 2, "f");
  assertEquals([...flow.data], [1, -2, 0, 0, 0, 0, 1e9, -1e9]);
  assertEquals([...valid.data], [1, 0, 0, 1]);
  assertEquals([flow.shape, valid.shape], [[2, 2, 2], [2, 2]]);
});

Deno.test("maskUnknown() names the pixel that is not finite", () => {
  for (const wrong of [NaN, Infinity, -Infinity]) {
    const values = new Float32Array(12);
    values[9] = wrong;
    assertThrows(
      () => maskUnknown(values, 2, 3, "f"),
      DataError,
      `column 1, row 1 is (0, ${wrong})`,
    );
  }
});

Deno.test("packFlow() lays views out and refuses shapes that do not fit", () => {
  const flow = ndarray(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2, 2]);
  const { height, width, values, valid } = packFlow(flow.step(1, -1));
  assertEquals([height, width, ...values], [2, 2, 3, 4, 1, 2, 7, 8, 5, 6]);
  assertEquals([...valid], [1, 1, 1, 1]);
  assertThrows(() => packFlow(ndarray(new Float32Array(12), [2, 2, 3])), TypeError);
  assertThrows(() => packFlow(ndarray(new Float32Array(0), [0, 2, 2])), TypeError);
  assertThrows(() => packFlow(flow, ndarray(new Uint8Array(2), [1, 2])), TypeError);
});
