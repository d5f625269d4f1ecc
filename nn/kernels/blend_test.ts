import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { blend, blendOracle } from "./blend.ts";
import {
  assertClose,
  drawn,
  float64,
  onDevice,
  repeated,
  sweep,
  SWEPT,
} from "./kernel_test_support.ts";

Deno.test(`blending matches its oracle at ${SWEPT} sizes`, () =>
  sweep(fc.integer({ min: 1, max: 3000 }), async (vectors) => {
    const [y, x] = [drawn("y", [4 * vectors]), drawn("x", [4 * vectors])];
    const towards = onDevice(x);
    const actual = await repeated("blend", () => {
      const tensor = onDevice(y);
      blend(tensor, towards, 0.996);
      return tensor;
    });
    const expected = float64(y);
    blendOracle(expected.data, x.data, 0.996);
    assertClose(actual, expected, 1e-6);
    towards.dispose();
  }, [1, 3, 17]));

Deno.test("all or nothing is exact", async () => {
  const [y, x] = [tf.tensor1d([1e8, 0.1, -3, 0]), tf.tensor1d([0.1, 1e-8, 7, 1])];
  blend(y, x, 1);
  assertEquals(await y.data(), Float32Array.of(1e8, 0.1, -3, 0));
  blend(y, x, 0);
  assertEquals(await y.data(), await x.data());
  tf.dispose([y, x]);
});
