import * as tf from "@tensorflow/tfjs";
import { byValue as activations } from "./activation.ts";
import { biasActivation } from "./bias_activation.ts";
import { channelSums } from "./channel_sums.ts";
import { oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  FORWARD,
  onDevice,
  take,
} from "./kernel_test_support.ts";

for (const activation of activations) {
  Deno.test(`the gradients of bias and ${activation} are the slopes of the oracle`, async () => {
    for (const [height, width] of [[1, 1], [3, 17]]) {
      const inputs = { x: drawn("x", [2, height, width, 5]), bias: drawn("bias", [5]) };
      await assertGradients(
        `${activation} ${height}x${width}`,
        ({ x, bias }) => biasActivation(x, bias, activation),
        (host) => oracleOf("BiasActivation")(host, { activation }),
        inputs,
        ["x", "bias"],
      );
    }
  });

  Deno.test(`${activation} of values far from zero is finite`, async () => {
    const x = drawn("x", [1, 3, 3, 3], 200), bias = drawn("bias", [3]);
    await assertMatchesOracle("BiasActivation", { x, bias }, { activation }, FORWARD);
  });
}

Deno.test("each of the two gradients can be had without the other", async () => {
  const [x, bias] = [onDevice(drawn("x", [1, 3, 3, 5])), onDevice(drawn("bias", [5]))];
  const dy = onDevice(drawn("dy", [1, 3, 3, 5]));
  for (const activation of activations) {
    const [dx, dBias] = tf.grads((x, bias) => biasActivation(x, bias, activation))([x, bias], dy);
    const alone = tf.grad((x) => biasActivation(x, bias, activation))(x, dy);
    const biasAlone = tf.grad((bias) => biasActivation(x, bias, activation))(bias, dy);
    const sums = channelSums(dx);
    const [first, second, third] = await Promise.all([dx, dBias, sums].map(take));
    assertClose(await take(alone), first, 0, activation);
    assertClose(await take(biasAlone), second, 0, activation);
    assertClose(second, third, 0, activation);
  }
});
