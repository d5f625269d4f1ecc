import * as tf from "@tensorflow/tfjs";
import { type HostTensor, oracleOf } from "./kernel.ts";
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
import { layerNormalize } from "./layer_norm.ts";

/** The three kernels against their oracles. */
async function assertKernels(x: HostTensor, epsilon: number): Promise<void> {
  const channels = x.shape.at(-1)!;
  const [weight, bias] = ["weight", "bias"].map((label) => drawn(label, [channels]));
  const dy = drawn("dy", x.shape);
  await assertMatchesOracle("LayerNorm", { x, weight, bias }, { epsilon }, FORWARD);
  await assertMatchesOracle("LayerNormInputGradient", { dy, x, weight }, { epsilon }, GRADIENT);
  await assertMatchesOracle("LayerNormWeightGradient", { dy, x }, { epsilon }, GRADIENT);
}

Deno.test("result and gradients match their oracles in long rows and very many", async () => {
  for (const shape of [[2, 3, 384], [4097, 5]]) await assertKernels(drawn("x", shape, 2), 1e-6);
});

Deno.test("a mean far from zero costs no precision that float32 has", async () => {
  const { shape, data } = drawn("x", [17, 33]);
  await assertKernels({ shape, data: data.map((value) => value + 100) }, 1e-5);
});

Deno.test("a row of equal numbers becomes the bias", async () => {
  const bias = drawn("bias", [3]);
  const y = layerNormalize(tf.fill([1, 3], 7.25), tf.ones([3]), onDevice(bias));
  assertClose(await take(y), { shape: [1, 3], data: bias.data }, FORWARD);
});

Deno.test("the gradients are the slopes of the oracle", async () => {
  for (const [rows, channels] of [[1, 3], [3, 17], [17, 5]]) {
    await assertGradients(
      `layer norm ${rows}x${channels}`,
      ({ x, weight, bias }) => layerNormalize(x, weight, bias, 1e-5),
      (host) => oracleOf("LayerNorm")(host, { epsilon: 1e-5 }),
      {
        x: drawn("x", [rows, channels]),
        weight: drawn("weight", [channels]),
        bias: drawn("bias", [channels]),
      },
      ["x", "weight", "bias"],
    );
  }
});

Deno.test("it agrees with PyTorch, gradients included", async () => {
  const { tensors } = await fixture("kernels/layer_norm");
  const names = ["input", "weight", "bias"];
  const inputs = names.map((name) => onDevice(tensors[name]));
  const { value, grads } = tf.valueAndGrads((x, weight, bias) =>
    layerNormalize(x, weight, bias, 1e-6)
  )(inputs, onDevice(tensors.output_gradient));
  assertClose(await take(value), tensors.output, FORWARD);
  for (const [i, name] of names.entries()) {
    assertClose(await take(grads[i]), tensors[`${name}_gradient`], GRADIENT, name);
  }
});
