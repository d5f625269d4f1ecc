import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals } from "@std/assert";
import { useBackend } from "../../nn/backend.ts";
import { LENGTH, LEVEL_WEIGHTS, multiScaleLoss, ROBUST, sparseLoss } from "./loss.ts";

await useBackend("webgpu");

/** Two pictures of 64×128 that move by (8, -6) everywhere, known but for a corner of the second. */
function truth(): { flow: tf.Tensor4D; valid: tf.Tensor4D } {
  return tf.tidy(() => {
    const flow = tf.tile(tf.tensor4d([8, -6], [1, 1, 1, 2]), [2, 64, 128, 1]) as tf.Tensor4D;
    const corner = tf.pad(tf.zeros([1, 64, 64, 1]), [[1, 0], [0, 0], [0, 64], [0, 0]], 1);
    return { flow, valid: corner as tf.Tensor4D };
  });
}

/** Flows of levels 2 to 6 that are (u, v) everywhere, in pixels. */
const everywhere = (u: number, v: number): tf.Tensor4D[] => {
  const flows: tf.Tensor4D[] = [];
  for (let level = 2; level <= 6; level++) {
    const size = [2, 64 / 2 ** level, 128 / 2 ** level, 1];
    flows[level] = tf.tidy(() => tf.tile(tf.tensor4d([u / 20, v / 20], [1, 1, 1, 2]), size));
  }
  return flows;
};

const valueOf = async (compute: () => tf.Scalar) => {
  const loss = tf.tidy(compute);
  const [value] = await loss.data();
  loss.dispose();
  return value;
};

Deno.test("multiScaleLoss() of a perfect prediction is what ε leaves on each level's known pixels", async () => {
  const { flow, valid } = truth();
  const everything = tf.ones<tf.Rank.R4>([2, 64, 128, 1]);
  const pixels = LEVEL_WEIGHTS.map((_, i) => 64 * 128 / 4 ** (i + 2));
  const whole = pixels.reduce((sum, n, i) => sum + LEVEL_WEIGHTS[i] * n * 0.1, 0);
  const perfect = everywhere(8, -6);
  const all = await valueOf(() => multiScaleLoss(perfect, flow, everything, LENGTH));
  assertAlmostEquals(all, whole, 1e-4 * whole);
  // Half of the second picture is unknown: a quarter of all pixels, but for those in the middle.
  const known = await valueOf(() => multiScaleLoss(perfect, flow, valid, LENGTH));
  assertAlmostEquals(known, 0.75 * whole, 0.08 * whole);
});

Deno.test("multiScaleLoss() weighs lengths in pixels by twentieths, summed over pixels and averaged over pictures", async () => {
  const { flow } = truth();
  const everything = tf.ones<tf.Rank.R4>([2, 64, 128, 1]);
  const flows = everywhere(8, -6);
  const off = everywhere(8 + 3, -6 + 4);
  const mixed = flows.map((f, level) => level === 3 ? off[3] : f);
  const value = (predicted: tf.Tensor4D[], penalty = LENGTH) =>
    valueOf(() => multiScaleLoss(predicted, flow, everything, penalty));
  const pixels = 64 * 128 / 64;
  // A length of 5 px on level 3 alone: √(0.25² + 0.01) instead of 0.1.
  const length = LEVEL_WEIGHTS[1] * pixels * (Math.sqrt(0.0625 + 0.01) - 0.1);
  assertAlmostEquals(await value(mixed) - await value(flows), length, 1e-3 * length);
  const robust = LEVEL_WEIGHTS[1] * pixels * (0.36 ** 0.4 - 0.01 ** 0.4);
  assertAlmostEquals(
    await value(mixed, ROBUST) - await value(flows, ROBUST),
    robust,
    1e-3 * robust,
  );
});

Deno.test("sparseLoss() counts full-resolution pixels that are known", async () => {
  const { flow, valid } = truth();
  const known = 2 * 64 * 128 - 64 * 64;
  const off = everywhere(8 + 3, -6 + 4);
  const value = await valueOf(() => sparseLoss(off, flow, valid, ROBUST));
  const weights = LEVEL_WEIGHTS.reduce((sum, alpha) => sum + alpha, 0);
  assertAlmostEquals(value, weights * known / 2 * 0.36 ** 0.4, 1e-3 * value);
});
