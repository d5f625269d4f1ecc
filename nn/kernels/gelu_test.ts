import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { biasActivation } from "./bias_activation.ts";
import { gelu, geluSlope } from "./gelu.ts";
import { oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  fixture,
  FORWARD,
  GRADIENT,
  onDevice,
  take,
} from "./kernel_test_support.ts";

Deno.test("on the host: known values of the normal distribution, far tails, slope", () => {
  // Φ(1) and Φ(−3), Abramowitz and Stegun, table 26.1.
  assertAlmostEquals(gelu(1), 0.841344746068543, 1e-14);
  assertAlmostEquals(gelu(-3), -3 * 0.00134989803163, 1e-13);
  assertEquals([gelu(0), gelu(40), gelu(-40)], [0, 40, -0]);
  for (const v of [-5, -1, -0.1, 0, 0.7, 3]) {
    assertAlmostEquals(geluSlope(v), (gelu(v + 1e-5) - gelu(v - 1e-5)) / 2e-5, 1e-9);
  }
});

Deno.test("the gradients of GELU of a biased sum are the slopes of the oracle", async () => {
  for (const [height, width] of [[1, 1], [3, 17]]) {
    await assertGradients(
      `GELU ${height}x${width}`,
      ({ x, bias }) => biasActivation(x, bias, "gelu"),
      (host) => oracleOf("BiasGelu")(host, {}),
      { x: drawn("x", [2, height, width, 5]), bias: drawn("bias", [5]) },
      ["x", "bias"],
    );
  }
});

Deno.test("small values in the lower tail are as exact as large ones", async () => {
  const x = { shape: [1, 8], data: Float32Array.from({ length: 8 }, (_, i) => -3 - i / 4) };
  await assertMatchesOracle(
    "BiasGelu",
    { x, bias: { shape: [8], data: new Float32Array(8) } },
    {},
    FORWARD,
  );
});

Deno.test("values far from zero are finite", async () => {
  const x = drawn("x", [1, 3, 3, 3], 200), bias = drawn("bias", [3]);
  await assertMatchesOracle("BiasGelu", { x, bias }, {}, FORWARD);
  await assertMatchesOracle("BiasGeluGradient", { dy: x, x, bias }, {}, GRADIENT);
});

Deno.test("it agrees with PyTorch's exact GELU, gradient included", async () => {
  const { tensors } = await fixture("kernels/gelu");
  const zeros = tf.zeros([33]);
  const { value, grad } = tf.valueAndGrad((x) => biasActivation(x, zeros, "gelu"))(
    onDevice(tensors.input),
    onDevice(tensors.output_gradient),
  );
  assertClose(await take(value), tensors.output, FORWARD);
  assertClose(await take(grad), tensors.input_gradient, GRADIENT);
});
