import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals } from "@std/assert";
import { oracleOf } from "./kernel.ts";
import {
  assertGradients,
  assertMatchesOracle,
  drawn,
  FORWARD,
  GRADIENT,
  SIZES,
  take,
} from "./kernel_test_support.ts";
import { type Penalty, vectorError } from "./vector_error.ts";

const length: Penalty = { of: "squares", epsilon: 0.01, power: 0.5 };
const robust: Penalty = { of: "absolutes", epsilon: 0.01, power: 0.4 };

/** Flows and truths with weights 0 and 1. */
function inputs(height: number, width: number) {
  const truth = drawn("truth", [2, height, width, 3]);
  for (let i = 2; i < truth.data.length; i += 3) truth.data[i] = truth.data[i] > 0 ? 1 : 0;
  return { prediction: drawn("prediction", [2, height, width, 2]), truth };
}

for (const penalty of [length, robust]) {
  Deno.test(`error by ${penalty.of} and its gradient match their oracles`, async () => {
    for (const [height, width] of SIZES) {
      const given = inputs(height, width);
      await assertMatchesOracle("VectorError", given, penalty, FORWARD);
      const dy = drawn("dy", []);
      await assertMatchesOracle("VectorErrorGradient", { dy, ...given }, penalty, GRADIENT);
    }
    await assertMatchesOracle("VectorError", inputs(91, 77), penalty, FORWARD);
    await assertGradients(
      penalty.of,
      ({ prediction, truth }) =>
        vectorError(prediction as tf.Tensor4D, truth as tf.Tensor4D, penalty),
      (host) => oracleOf("VectorError")(host, { ...penalty }),
      inputs(3, 17),
      ["prediction"],
    );
  });
}

Deno.test("a perfect prediction costs what ε leaves, at known pixels alone", async () => {
  const prediction = tf.tensor4d([3, -4, 7, 7], [1, 1, 2, 2]);
  const truth = tf.tensor4d([3, -4, 1, 0, 0, 0], [1, 1, 2, 3]);
  assertAlmostEquals((await take(vectorError(prediction, truth, length))).data[0], 0.1, 1e-6);
  const off = tf.tensor4d([0, 0, 7, 7], [1, 1, 2, 2]);
  assertAlmostEquals((await take(vectorError(off, truth, length))).data[0], Math.sqrt(25.01), 1e-5);
  assertAlmostEquals((await take(vectorError(off, truth, robust))).data[0], 7.01 ** 0.4, 1e-5);
  tf.dispose([prediction, truth, off]);
});
