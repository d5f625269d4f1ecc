/**
 * RAFT's sequence loss (Teed & Deng 2020, section 3.4, Eq. 7).
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { maskedL1 } from "../../nn/kernels/masked_l1.ts";

/** Flows at least this long don't count, in pixels. */
export const MAX_FLOW = 400;

/**
 * `Σ_i γ^(N−1−i) · mean(valid · |f_i − f|)` over the N predictions.
 *
 * The mean runs over batch, pixels and both components, invalid pixels included in the count, as in
 * the official code.
 *
 * @param predictions N flows in pixels, each [batch, H, W, 2].
 * @param truth Ground truth, the same shape.
 * @param valid 1 where the truth is known, [batch, H, W, 1].
 * @param gamma Weight of an earlier prediction relative to the next; 0.8, or 0.85 when fine-tuning.
 */
export function sequenceLoss(
  predictions: readonly tf.Tensor4D[],
  truth: tf.Tensor4D,
  valid: tf.Tensor4D,
  gamma: number,
): tf.Scalar {
  const factors = predictions.map((_, i) => gamma ** (predictions.length - 1 - i));
  return maskedL1(predictions, truth, valid, factors, MAX_FLOW);
}
