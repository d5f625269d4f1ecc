import { oracleOf } from "./kernel.ts";
import { assertGradients, assertMatchesOracle, drawn, FORWARD } from "./kernel_test_support.ts";
import { maskedL1 } from "./masked_l1.ts";
import type * as tf from "@tensorflow/tfjs";

Deno.test("many numbers match the oracle", async () => {
  const [shape, weight] = [[2, 80, 80, 2], drawn("weight", [2, 80, 80, 1])];
  const inputs = { prediction: drawn("prediction", shape), truth: drawn("truth", shape), weight };
  await assertMatchesOracle("MaskedL1", inputs, {}, FORWARD);
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
