import { oracleOf } from "./kernel.ts";
import {
  assertGradients,
  assertMatchesOracle,
  drawn,
  FORWARD,
  GRADIENT,
  SIZES,
} from "./kernel_test_support.ts";
import { maskedL1 } from "./masked_l1.ts";
import type * as tf from "@tensorflow/tfjs";

Deno.test("the masked L1 mean and its gradient match their oracles", async () => {
  for (const [height, width] of [...SIZES, [80, 80]]) {
    const shape = [2, height, width, 2];
    const [prediction, truth] = [drawn("prediction", shape), drawn("truth", shape)];
    const weight = drawn("weight", [2, height, width, 1]);
    const inputs = { prediction, truth, weight };
    await assertMatchesOracle("MaskedL1", inputs, {}, FORWARD);
    await assertMatchesOracle("MaskedL1Gradient", { dy: drawn("dy", []), ...inputs }, {}, GRADIENT);
  }
});

Deno.test("the gradient is the slope of the oracle", async () => {
  const shape = [1, 3, 17, 2];
  await assertGradients(
    "masked l1",
    ({ prediction, truth, weight }) =>
      maskedL1(prediction as tf.Tensor4D, truth as tf.Tensor4D, weight as tf.Tensor4D),
    (host) => oracleOf("MaskedL1")(host, {}),
    {
      prediction: drawn("prediction", shape),
      truth: drawn("truth", shape),
      weight: drawn("weight", [1, 3, 17, 1]),
    },
    ["prediction"],
  );
});
