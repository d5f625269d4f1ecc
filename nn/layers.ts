/**
 * Layers: functions from tensors to tensors that own their parameters.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { recomputed } from "./backward.ts";
import { constant, uniformFanIn } from "./initializers.ts";
import type { Activation, ByValue } from "./kernels/activation.ts";
import { biasActivation } from "./kernels/bias_activation.ts";
import { convLayer, explicit } from "./kernels/conv_layer.ts";
import { groupNormalize } from "./kernels/group_norm.ts";
import { layerNormalize } from "./kernels/layer_norm.ts";
import { affine, linearMap } from "./kernels/matmul.ts";
import { standardize } from "./kernels/normalize.ts";
import type { Initializer, Scope } from "./network.ts";

/** A layer on feature maps, [batch, height, width, channels]. */
export type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

/** Settings of {@link conv2d}. */
export interface ConvSettings {
  /** Kernel height and width, or one number for both. */
  readonly kernel: number | readonly [number, number];
  /** Default 1. */
  readonly stride?: number;
  /** Distance between the kernel's taps; default 1. */
  readonly dilation?: number;
  /** Zeros on each side, vertically and horizontally; default dilation · (kernel − 1) / 2. */
  readonly padding?: readonly [number, number];
  /** Filter's first values; default PyTorch's U(±1/√fan_in). */
  readonly init?: Initializer;
  /** The bias' first values; default U(±1/√fan_in) as well. */
  readonly biasInit?: Initializer;
  /** Default none. Needs a bias. */
  readonly activation?: ByValue;
  /** Default true. */
  readonly bias?: boolean;
}

/** Convolution, bias and activation; parameters `weight` [out, in, kh, kw] and `bias` [out]. */
export function conv2d(
  scope: Scope,
  inChannels: number,
  outChannels: number,
  {
    kernel,
    stride = 1,
    dilation = 1,
    padding,
    init,
    biasInit,
    activation = "none",
    bias: biased = true,
  }: ConvSettings,
): Layer {
  if (!biased && activation !== "none") throw new Error("conv2d: an activation needs a bias");
  const [kh, kw] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  const [py, px] = padding ?? [kh, kw].map((length) => dilation * (length - 1) >> 1);
  const fallback = uniformFanIn(inChannels * kh * kw);
  const weight = scope.parameter("weight", [outChannels, inChannels, kh, kw], init ?? fallback);
  if (!biased) {
    return (x) => tf.conv2d(x, weight as tf.Tensor4D, stride, explicit([py, px]), "NHWC", dilation);
  }
  const bias = scope.parameter("bias", [outChannels], biasInit ?? fallback);
  const settings = { stride, dilation, padding: [py, px], activation } as const;
  return (x) => convLayer(x, weight as tf.Tensor4D, bias as tf.Tensor1D, settings);
}

/** Settings of {@link transposedConv2d}. */
export interface TransposedConvSettings {
  /** Kernel height and width. */
  readonly kernel: number;
  /** By how much the result is larger. */
  readonly stride: number;
  /** Rows and columns cut off on each side. */
  readonly padding: number;
  /** Filter's first values; default PyTorch's U(±1/√fan_in), whose fan_in is out · kernel². */
  readonly init?: Initializer;
  /** The bias' first values; default U(±1/√fan_in) as well. */
  readonly biasInit?: Initializer;
}

/**
 * Transposed convolution and bias: each pixel paints its multiple of the kernel, `stride` apart.
 * Parameters `weight` [in, out, kernel, kernel] and `bias` [out], as in PyTorch; a length L becomes
 * (L − 1)·stride + kernel − 2·padding.
 */
export function transposedConv2d(
  scope: Scope,
  inChannels: number,
  outChannels: number,
  { kernel, stride, padding, init, biasInit }: TransposedConvSettings,
): Layer {
  const fallback = uniformFanIn(outChannels * kernel * kernel);
  const shape = [inChannels, outChannels, kernel, kernel];
  const weight = scope.parameter("weight", shape, init ?? fallback);
  const bias = scope.parameter("bias", [outChannels], biasInit ?? fallback);
  return (x) => {
    const [batch, ...size] = x.shape;
    const [height, width] = size.map((length) => (length - 1) * stride + kernel - 2 * padding);
    const y = tf.conv2dTranspose(
      x,
      weight as tf.Tensor4D,
      [batch, height, width, outChannels],
      stride,
      [[0, 0], [padding, padding], [padding, padding], [0, 0]],
    );
    return biasActivation(y, bias, "none");
  };
}

/**
 * Layers one after another. What lies between two of them is freed as soon as it is not needed, so
 * that without a tape a long row takes no more memory than its largest layer.
 */
export function sequence(layers: readonly Layer[]): Layer {
  return (x) =>
    layers.reduce((y, layer) => {
      const next = tf.tidy(() => layer(y));
      if (y !== x && y !== next) y.dispose();
      return next;
    }, x);
}

/** What is kept for the way back. */
export interface MemoryMode {
  /** True: what lies inside of {@link recomputing} layers runs again instead of being kept. */
  recompute: boolean;
}

/**
 * A layer whose inner results need not be kept for the way back ({@link recomputed}).
 *
 * @param mode Read at each call.
 */
export const recomputing = (layer: Layer, mode: MemoryMode): Layer => (x) =>
  mode.recompute ? recomputed([x], ([x]) => [layer(x as tf.Tensor4D)])[0] : layer(x);

/** A layer on the last axis of whatever it is given, such as tokens, [batch, tokens, channels]. */
export type ChannelLayer = (x: tf.Tensor) => tf.Tensor;

/** Settings of {@link linear}. */
export interface LinearSettings {
  /** Default true. */
  readonly bias?: boolean;
  /** Default none. GELU is exact, as in PyTorch. Needs a bias. */
  readonly activation?: Activation;
  /** The weight's first values; default PyTorch's U(±1/√in). */
  readonly init?: Initializer;
  /** The bias' first values; default U(±1/√in) as well. */
  readonly biasInit?: Initializer;
}

/**
 * x·weightᵀ, bias and activation; parameters `weight` [out, in] and `bias` [out].
 *
 * On the device the weight lies as in files: products take either order of axes equally fast.
 */
export function linear(
  scope: Scope,
  inChannels: number,
  outChannels: number,
  { bias = true, activation = "none", init, biasInit }: LinearSettings = {},
): ChannelLayer {
  if (!bias && activation !== "none") throw new Error("linear: an activation needs a bias");
  const fallback = uniformFanIn(inChannels);
  const weight = scope.parameter("weight", [outChannels, inChannels], init ?? fallback);
  if (!bias) return (x) => linearMap(x, weight);
  const shift = scope.parameter("bias", [outChannels], biasInit ?? fallback);
  return (x) => affine(x, weight, shift, activation);
}

/**
 * Layer normalisation with parameters `weight` and `bias` [channels].
 *
 * @param epsilon Added to the variance; 1e-5 is PyTorch's default, vision transformers take 1e-6.
 */
export function layerNorm(scope: Scope, channels: number, epsilon = 1e-5): ChannelLayer {
  const weight = scope.parameter("weight", [channels], constant(1));
  const bias = scope.parameter("bias", [channels], constant(0));
  return (x) => layerNormalize(x, weight, bias, epsilon);
}

/**
 * Group normalisation with parameters `weight` and `bias` [channels], eps 1e-5.
 *
 * @param groups Divides the channels.
 * @param activation What follows it.
 */
export function groupNorm(
  scope: Scope,
  channels: number,
  groups: number,
  activation: "none" | "relu" = "none",
): Layer {
  const weight = scope.parameter("weight", [channels], constant(1));
  const bias = scope.parameter("bias", [channels], constant(0));
  return (x) => groupNormalize(x, weight, bias, groups, 1e-5, activation);
}

/** Which statistics batch normalisation uses. */
export interface BatchNormMode {
  /** True: those of the batch, and running statistics follow. False: the running ones ("frozen"). */
  batchStatistics: boolean;
}

/**
 * Instance normalisation without parameters, eps 1e-5; statistics of each picture, always.
 *
 * @param activation What follows it.
 */
export const instanceNorm = (activation: "none" | "relu" = "none"): Layer => (x) =>
  standardize(x, x.shape[0], 1e-5, activation).standard;

/**
 * Batch normalisation with parameters `weight`, `bias` and buffers `running_mean`, `running_var`,
 * `num_batches_tracked`; eps 1e-5, momentum 0.1, biased variance in use and unbiased in the running
 * statistics, as in PyTorch.
 *
 * @param mode Read at each call, so that training can freeze all layers of a network at once.
 */
export function batchNorm(scope: Scope, channels: number, mode: BatchNormMode): Layer {
  const epsilon = 1e-5, momentum = 0.1;
  const weight = scope.parameter("weight", [channels], constant(1));
  const bias = scope.parameter("bias", [channels], constant(0));
  const mean = scope.buffer("running_mean", [channels], constant(0));
  const variance = scope.buffer("running_var", [channels], constant(1));
  const batches = scope.network.counter(scope.name("num_batches_tracked"));
  let pending: { moments: tf.Tensor3D; rows: number } | null = null;
  scope.network.onStep(() => {
    if (!pending) return;
    const { moments, rows } = pending;
    pending = null;
    tf.tidy(() => {
      const [m, v] = tf.unstack(tf.reshape(moments, [channels, 2]), 1);
      mean.assign(tf.add(tf.mul(mean, 1 - momentum), tf.mul(m, momentum)));
      const unbiased = tf.mul(v, momentum * rows / Math.max(1, rows - 1));
      variance.assign(tf.add(tf.mul(variance, 1 - momentum), unbiased));
    });
    moments.dispose();
    batches.value++;
  });
  return (x) => {
    if (!mode.batchStatistics) {
      const scale = tf.div(weight, tf.sqrt(tf.add(variance, epsilon)));
      return tf.add(tf.mul(tf.sub(x, mean), scale), bias);
    }
    const { standard, moments } = standardize(x, 1, epsilon);
    pending?.moments.dispose();
    pending = { moments: tf.keep(moments), rows: x.size / channels };
    return tf.add(tf.mul(standard, weight), bias);
  };
}
