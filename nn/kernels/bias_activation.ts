/**
 * Bias and activation after a convolution in one pass: y = a(x + bias).
 *
 * The gradient goes through the output, not the input (ReLU: y > 0, sigmoid: y(1 − y), tanh: 1 − y²),
 * so the sum x + bias is never kept.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Activation, activations, onHost, SLOPE, VALUE } from "./activation.ts";
import { defineKernel, hostZeros } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { kernelSet } from "./selection.ts";

interface Attributes {
  readonly activation: Activation;
}

const forwardProgram = (activation: Activation): Program => ({
  name: `bias ${activation}`,
  inputs: ["x", "bias"],
  widths: [1, 1, 1],
  uniforms: { size: "i32", channels: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let v = x[index] + bias[index % uniforms.channels];
  result[index] = ${VALUE[activation]("f32")};
}`,
});

const slopeProgram = (activation: Activation): Program => ({
  name: `slope ${activation}`,
  inputs: ["dy", "activated"],
  widths: [1, 1, 1],
  uniforms: { size: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let y = activated[index];
  result[index] = dy[index] * (${SLOPE[activation]("f32")});
}`,
});

const forwardPrograms = Object.fromEntries(activations.map((a) => [a, forwardProgram(a)]));
const slopePrograms = Object.fromEntries(activations.map((a) => [a, slopeProgram(a)]));

const LANES = 64;
const CHANNEL_SUMS: Program = {
  name: "channel sums",
  inputs: ["x"],
  widths: [1, 1],
  uniforms: { rows: "i32", channels: "i32" },
  workgroup: LANES,
  code: `
var<workgroup> partial : array<f32, ${LANES}>;
fn main(index : i32) {
  let lane = index % ${LANES};
  // Padding workgroups repeat the last channel; barriers must be met by all.
  let channel = min(index / ${LANES}, uniforms.channels - 1);
  var sum = 0.0;
  for (var row = lane; row < uniforms.rows; row += ${LANES}) {
    sum += x[row * uniforms.channels + channel];
  }
  partial[lane] = sum;
  for (var step = ${LANES / 2}; step > 0; step = step / 2) {
    workgroupBarrier();
    if (lane < step) { partial[lane] += partial[lane + step]; }
  }
  if (lane == 0) { result[channel] = partial[0]; }
}`,
};

const forward = defineKernel<Attributes>({
  name: "BiasActivation",
  gpu(backend, { x, bias }, { activation }) {
    const size = tf.util.sizeFromShape(x.shape);
    const program = forwardPrograms[activation];
    return dispatch(backend, program, [x, bias], x.shape, [size, bias.shape[0]], size);
  },
  oracle({ x, bias }, { activation }) {
    const { value } = onHost[activation];
    const channels = bias.data.length;
    return { shape: x.shape, data: x.data.map((v, i) => value(v + bias.data[i % channels])) };
  },
});

const slope = defineKernel<Attributes>({
  name: "BiasActivationSlope",
  gpu(backend, { dy, out }, { activation }) {
    const size = tf.util.sizeFromShape(dy.shape);
    return dispatch(backend, slopePrograms[activation], [dy, out], dy.shape, [size], size);
  },
  oracle({ dy, out }, { activation }) {
    const { slope } = onHost[activation];
    return { shape: dy.shape, data: dy.data.map((g, i) => g * slope(out.data[i])) };
  },
});

const channelSumsKernel = defineKernel<Record<never, never>>({
  name: "ChannelSums",
  gpu(backend, { x }) {
    const channels = x.shape.at(-1)!;
    const rows = tf.util.sizeFromShape(x.shape) / channels;
    return dispatch(backend, CHANNEL_SUMS, [x], [channels], [rows, channels], channels * LANES);
  },
  oracle({ x }) {
    const channels = x.shape.at(-1)!;
    const sums = new Float64Array(channels);
    x.data.forEach((v, i) => sums[i % channels] += v);
    const out = hostZeros([channels]);
    out.data.set(sums);
    return out;
  },
});

tf.registerGradient({
  kernelName: "BiasActivation",
  outputsToSave: [true],
  gradFunc: (dy, [out], attributes) => {
    const { activation } = attributes as unknown as Attributes;
    let shared: tf.Tensor | null = null;
    // Both gradients need it; a clone where it is dy itself, which is not ours to hand out.
    const dx = () =>
      shared ??= activation === "none"
        ? tf.clone(dy as tf.Tensor)
        : slope({ dy: dy as tf.Tensor, out }, { activation });
    return { x: dx, bias: () => channelSumsKernel({ x: dx() }, {}) };
  },
});

/** {@link biasActivation} out of TensorFlow.js' own operations. */
function composed<T extends tf.Tensor>(x: T, bias: tf.Tensor, activation: Activation): T {
  const sum = tf.add<T>(x, bias);
  return activation === "none" ? sum : tf[activation](sum);
}

/**
 * Adds a bias to every channel and applies an activation.
 *
 * @param x Any shape; the last axis are channels.
 * @param bias [channels].
 * @returns Shaped like `x`. Differentiable with respect to both.
 */
export function biasActivation<T extends tf.Tensor>(
  x: T,
  bias: tf.Tensor,
  activation: Activation,
): T {
  if (kernelSet() === "stock") return composed(x, bias, activation);
  return forward({ x, bias }, { activation }) as T;
}

/** Gradient of an activation's argument from that of its result `out`; shaped like both. */
export function activationSlope(dy: tf.Tensor, out: tf.Tensor, activation: Activation): tf.Tensor {
  return slope({ dy, out }, { activation });
}

/** Sum over all axes but the last, [channels]; in a fixed order. */
export function channelSums(x: tf.Tensor): tf.Tensor1D {
  return channelSumsKernel({ x }, {}) as tf.Tensor1D;
}
