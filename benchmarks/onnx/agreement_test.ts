import { assertEquals, assertThrows } from "@std/assert";
import { type FlowField, ndarray } from "../../base/arrays.ts";
import { EnvironmentError } from "../../base/errors.ts";
import { agreement } from "./agreement.ts";

const field = (...values: number[]): FlowField =>
  ndarray(Float32Array.from(values), [1, values.length / 2, 2]);

Deno.test("agreement() says how far apart the flows are", () => {
  assertEquals(
    agreement("net", field(1, 2, 3, 4), field(1, 2, 3, 4.03125)),
    "On the first pair, WebGPU and WebAssembly give net flows at most 0.031 px apart, " +
      "0.0078 px on average.",
  );
});

Deno.test("agreement() refuses zeros, noise and NaN, whichever side has them", () => {
  const real = field(1, 2, -3, 4);
  for (const broken of [field(0, 0, 0, 0), field(1, 2, -3, 5), field(1, 2, -3, NaN)]) {
    assertThrows(() => agreement("net", broken, real), EnvironmentError, "Cannot trust net");
    assertThrows(() => agreement("net", real, broken), EnvironmentError);
  }
});

Deno.test("agreement() allows in proportion to the flow", () => {
  const far = field(100, 200, -300, 400);
  agreement("net", field(101, 200, -300, 400), far);
  assertThrows(() => agreement("net", field(120, 200, -300, 400), far), EnvironmentError);
});
