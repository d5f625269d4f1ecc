/**
 * Standardisation of channels: x̂ = (x − mean) / √(variance + ε), the heart of instance and batch
 * normalisation.
 *
 * The tensor is read as [groups, rows, channels]; each group has its own mean and biased variance for
 * every channel. Instance normalisation makes every picture a group, batch normalisation the whole
 * batch one group. Forward: one dispatch for the statistics, one for the result; backward likewise.
 * Sums run in a fixed order (lanes stride over the rows, then a tree), so results repeat bit for bit.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "./kernel.ts";
import { moments, standardizeBy } from "./normalize/forward.ts";
import "./normalize/gradient.ts";
import { kernelSet } from "./selection.ts";

/** {@link standardize}'s result. */
export interface Standardized<T extends tf.Tensor> {
  /** x̂ past the activation, shaped like the input. Its gradient goes through the mean and the variance. */
  readonly standard: T;
  /** Mean and biased variance, [groups, channels, 2]. Carries no gradient. */
  readonly moments: tf.Tensor3D;
}

/** {@link standardize} out of TensorFlow.js' own operations. */
function composed<T extends tf.Tensor>(
  x: T,
  groups: number,
  epsilon: number,
  activation: "none" | "relu",
): Standardized<T> {
  const channels = x.shape.at(-1)!;
  const rows = tf.reshape(x, [groups, x.size / groups / channels, channels]);
  const { mean, variance } = tf.moments(rows, 1, true);
  const standard = tf.mul(tf.sub(rows, mean), tf.rsqrt(tf.add(variance, epsilon)));
  const moments = tf.stack([mean, variance].map((m) => tf.reshape(m, [groups, channels])), 2);
  const shaped = tf.reshape(standard, x.shape);
  return {
    standard: (activation === "relu" ? tf.relu(shaped) : shaped) as T,
    moments: stopGradient(moments as tf.Tensor3D),
  };
}

/**
 * Standardises the last axis' channels.
 *
 * @param x Any shape; the last axis are channels and `groups` divides the first.
 * @param groups 1 for batch statistics, the batch size for instance statistics.
 * @param epsilon Added to the variance; 1e-5 in PyTorch.
 * @param activation What follows, in the same dispatch.
 */
export function standardize<T extends tf.Tensor>(
  x: T,
  groups: number,
  epsilon = 1e-5,
  activation: "none" | "relu" = "none",
): Standardized<T> {
  if (kernelSet() === "stock") return composed(x, groups, epsilon, activation);
  const attributes = { groups, epsilon, relu: activation === "relu" ? 1 : 0 };
  // Off the tape: a second gradient path through the moments would count them twice.
  const constants = tf.engine().tidy(() =>
    moments({ x: stopGradient(x) }, attributes) as tf.Tensor3D
  );
  return {
    standard: standardizeBy({ x, moments: constants }, attributes) as T,
    moments: constants,
  };
}
