/**
 * Bilinear resizing with aligned corners: TensorFlow.js' own, less its fault on maps of one row or
 * column.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/**
 * Resizes bilinearly so that the corner pixels' centres stay corners (PyTorch's `interpolate` with
 * `align_corners=True`).
 *
 * @param x [batch, h, w, channels].
 * @returns [batch, height, width, channels]. Differentiable.
 */
export function resizeBilinear(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const [, h, w] = x.shape;
  // TensorFlow.js' gradient divides by length - 1. Two equal rows resize to the same as one.
  const safe = h > 1 && w > 1 ? x : tf.tile(x, [1, h > 1 ? 1 : 2, w > 1 ? 1 : 2, 1]);
  return tf.image.resizeBilinear(safe, [height, width], true);
}
