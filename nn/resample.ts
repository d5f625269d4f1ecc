/**
 * Resampling as PyTorch's `interpolate` without aligned corners: bilinear and bicubic.
 *
 * Both are linear and act on one axis after the other, so they are products with a matrix an axis,
 * and differentiable like any product.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** How samples between pixels are made. */
export type Interpolation = "bilinear" | "bicubic";

/** PyTorch's coefficient of the cubic kernel (Keys 1981 has -0.5). */
const CUBIC = -0.75;

/** Weights of the four pixels around a place `t` of the way from the second to the third. */
function cubicWeights(t: number): number[] {
  const near = (d: number) => ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1;
  const far = (d: number) => ((CUBIC * d - 5 * CUBIC) * d + 8 * CUBIC) * d - 4 * CUBIC;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/**
 * The matrix that resamples an axis, row-major [to, from].
 *
 * @param factor Pixels of the result a pixel of the source: `to / from`, but PyTorch places samples
 * by the factor it was given even where it rounded the length.
 */
export function resamplingMatrix(
  from: number,
  to: number,
  method: Interpolation,
  factor: number = to / from,
): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const center = (row + 0.5) / factor - 0.5;
    const place = method === "bilinear" ? Math.max(0, center) : center;
    const left = Math.floor(place), t = place - left;
    const weights = method === "bilinear" ? [1 - t, t] : cubicWeights(t);
    const first = method === "bilinear" ? left : left - 1;
    weights.forEach((weight, i) => {
      const column = Math.min(from - 1, Math.max(0, first + i));
      matrix[row * from + column] += weight;
    });
  }
  return matrix;
}

/**
 * Resamples a map.
 *
 * @param x [batch, h, w, channels].
 * @param factors Of rows and columns, where they are not `height / h` and `width / w`; see
 * {@link resamplingMatrix}.
 * @returns [batch, height, width, channels]. Differentiable.
 */
export function resample(
  x: tf.Tensor4D,
  height: number,
  width: number,
  method: Interpolation,
  factors: readonly [number, number] = [height / x.shape[1], width / x.shape[2]],
): tf.Tensor4D {
  const [batch, h, w, channels] = x.shape;
  const matrix = (from: number, to: number, factor: number) =>
    tf.tensor3d(resamplingMatrix(from, to, method, factor), [1, to, from]);
  const rows = tf.matMul(matrix(h, height, factors[0]), tf.reshape(x, [batch, h, w * channels]));
  const columns = tf.matMul(
    matrix(w, width, factors[1]),
    tf.reshape(rows, [batch * height, w, channels]),
  );
  return tf.reshape(columns, [batch, height, width, channels]);
}
