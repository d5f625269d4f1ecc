/**
 * The loss of Guess What Moves: how much of the flow the segments' own motions leave unexplained.
 *
 * Each soft segment is given the polynomial motion that fits the flow under it best, in closed form;
 * the loss is the mean squared difference of the flow and of what the segments add up to. Gradients
 * go through the fit.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { fitMotion, motionField, type MotionFit } from "../../nn/kernels/motion_fit.ts";
import { softmax } from "../../nn/kernels/softmax.ts";
import { resample } from "../../nn/resample.ts";

/** Flow vectors are clipped to this many pixels in each direction. */
export const MAX_FLOW = 20;

/** Factor of the loss. */
export const LOSS_SCALE = 0.03;

/**
 * `0.03 · mean((F − Σ_k m_k·φᵀθ_k)²)` over batch, pixels and both directions.
 *
 * @param logits Of the segments, [batch, h, w, segments]; their softmax is resized to the flow's size
 * bilinearly where it differs.
 * @param flow [batch, height, width, 2], in pixels.
 */
export function motionLoss(logits: tf.Tensor4D, flow: tf.Tensor4D, fit: MotionFit): tf.Scalar {
  const [, height, width] = flow.shape;
  const soft = softmax(logits);
  const masks = soft.shape[1] === height && soft.shape[2] === width
    ? soft
    : resample(soft, height, width, "bilinear");
  const fitted = motionField(masks, fitMotion(masks, flow, fit));
  return tf.mul(tf.mean(tf.square(tf.sub(flow, fitted))), LOSS_SCALE) as tf.Scalar;
}
