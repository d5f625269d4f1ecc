/**
 * Scaled dot-product attention: softmax(q·kᵀ·scale)·v.
 *
 * Vaswani et al., Attention Is All You Need, NeurIPS 2017, equation 1.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { softmax } from "./kernels/softmax.ts";

/** Settings of {@link attention}. */
export interface AttentionSettings {
  /** Factor of the scores; default 1/√dim. */
  readonly scale?: number;
}

/**
 * How much each query attends to each key.
 *
 * @param q [batch, heads, queries, dim].
 * @param k [batch, heads, keys, dim].
 * @returns [batch, heads, queries, keys]; each row adds up to 1.
 */
export function attentionWeights(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  { scale = 1 / Math.sqrt(q.shape[3]) }: AttentionSettings = {},
): tf.Tensor4D {
  return softmax(tf.matMul(q, k, false, true) as tf.Tensor4D, scale);
}

/**
 * Values mixed by attention.
 *
 * @param q [batch, heads, queries, dim].
 * @param k [batch, heads, keys, dim].
 * @param v [batch, heads, keys, channels].
 * @returns `output` [batch, heads, queries, channels] and the {@link attentionWeights} behind it, which
 * exist anyway. Differentiable through both.
 */
export function attention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  settings: AttentionSettings = {},
): { output: tf.Tensor4D; weights: tf.Tensor4D } {
  const weights = attentionWeights(q, k, settings);
  return { output: tf.matMul(weights, v) as tf.Tensor4D, weights };
}
