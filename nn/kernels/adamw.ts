/**
 * AdamW's update and global-norm clipping, in place on the device.
 *
 * The clipping factor never leaves the device, so a step waits for nothing.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { HostTensor } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { kernelSet } from "./selection.ts";

const LANES = 256;

const SUM_OF_SQUARES: Program = {
  name: "adamw sum of squares",
  inputs: ["gradient"],
  widths: [1, 1],
  uniforms: { size: "i32", slot: "i32" },
  workgroup: LANES,
  code: `
var<workgroup> partial : array<f32, ${LANES}>;
fn main(index : i32) {
  let lane = index % ${LANES};
  var sum = 0.0;
  for (var i = lane; i < uniforms.size; i += ${LANES}) { sum = fma(gradient[i], gradient[i], sum); }
  partial[lane] = sum;
  for (var step = ${LANES / 2}; step > 0; step = step / 2) {
    workgroupBarrier();
    if (lane < step) { partial[lane] += partial[lane + step]; }
  }
  if (lane == 0) { result[uniforms.slot] = partial[0]; }
}`,
};

const CLIP: Program = {
  name: "adamw clip",
  inputs: ["squares"],
  widths: [1, 1],
  uniforms: { size: "i32", maximum: "f32" },
  workgroup: 1,
  code: `
fn main(index : i32) {
  if (index > 0) { return; }
  var sum = 0.0;
  for (var i = 0; i < uniforms.size; i++) { sum += squares[i]; }
  let norm = sqrt(sum);
  result[0] = min(1.0, uniforms.maximum / (norm + 1e-6));
  result[1] = norm;
}`,
};

const UPDATE: Program = {
  name: "adamw update",
  inputs: ["gradient", "clip", "moments"],
  widths: [1, 1, "update", 1],
  uniforms: {
    size: "i32",
    beta1: "f32",
    beta2: "f32",
    fresh1: "f32", // 1 − β1 and 1 − β2, from double precision
    fresh2: "f32",
    keep: "f32",
    stepSize: "f32",
    correction: "f32",
    epsilon: "f32",
  },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let g = gradient[index] * clip[0];
  let first = uniforms.beta1 * moments[index] + uniforms.fresh1 * g;
  let second = uniforms.beta2 * moments[index + uniforms.size] + uniforms.fresh2 * g * g;
  moments[index] = first;
  moments[index + uniforms.size] = second;
  let denominator = sqrt(second) * uniforms.correction + uniforms.epsilon;
  result[index] = result[index] * uniforms.keep - uniforms.stepSize * first / denominator;
}`,
};

/** Settings of one update; all of AdamW's (Loshchilov & Hutter 2019) with PyTorch's conventions. */
export interface AdamWSettings {
  /** Of this step. */
  readonly learningRate: number;
  /** Share of the first moment that stays. */
  readonly beta1: number;
  /** Share of the second moment that stays. */
  readonly beta2: number;
  /** Added to the square root of the second moment, after its bias is corrected. */
  readonly epsilon: number;
  /** Decoupled: the parameter shrinks by learningRate · weightDecay. */
  readonly weightDecay: number;
  /** Updates done, this one included: 1 at the first. */
  readonly step: number;
}

interface CpuValues {
  data: { get(dataId: object): { values: Float32Array } };
}

const onGpu = () => tf.getBackend() === "webgpu";
const gpu = () => tf.backend() as unknown as WebGPUBackend;
const cpuValues = (t: tf.Tensor) =>
  (tf.backend() as unknown as CpuValues).data.get(t.dataId).values;

/** {@link clipFactor} by plain loops. */
export function clipFactorOracle(
  gradients: readonly HostTensor["data"][],
  maximum: number,
): [factor: number, norm: number] {
  let sum = 0;
  for (const gradient of gradients) for (const x of gradient) sum += x * x;
  const norm = Math.sqrt(sum);
  return [Math.min(1, maximum / (norm + 1e-6)), norm];
}

/** {@link clipFactor} out of TensorFlow.js' own operations. */
function composedClip(gradients: readonly tf.Tensor[], maximum: number): tf.Tensor1D {
  return tf.tidy(() => {
    // addN binds all of them at once, more than a shader may.
    const squares = tf.stack(gradients.map((g) => tf.sum(tf.square(g))));
    const norm = tf.sqrt(tf.sum(squares));
    return tf.stack([tf.minimum(1, tf.div(maximum, tf.add(norm, 1e-6))), norm]) as tf.Tensor1D;
  });
}

/**
 * Factor that brings the gradients' global L2 norm down to `maximum` (PyTorch's `clip_grad_norm_`),
 * and that norm.
 *
 * @returns [factor ≤ 1, norm], shape [2].
 */
export function clipFactor(gradients: readonly tf.Tensor[], maximum: number): tf.Tensor1D {
  if (kernelSet() === "stock") return composedClip(gradients, maximum);
  if (!onGpu()) return tf.tensor1d(clipFactorOracle(gradients.map(cpuValues), maximum));
  const backend = gpu();
  const squares = backend.makeTensorInfo([gradients.length], "float32");
  gradients.forEach((g, slot) => {
    dispatch(backend, SUM_OF_SQUARES, [g], squares, [g.size, slot], LANES);
  });
  const clip = dispatch(backend, CLIP, [squares], [2], [gradients.length, maximum], 1);
  backend.disposeData(squares.dataId);
  return tf.engine().makeTensorFromTensorInfo(clip) as tf.Tensor1D;
}

/** What changes from step to step, in double precision. */
function stepFactors({ learningRate, beta1, beta2, weightDecay, step }: AdamWSettings) {
  return {
    keep: 1 - learningRate * weightDecay,
    stepSize: learningRate / (1 - beta1 ** step),
    correction: 1 / Math.sqrt(1 - beta2 ** step),
  };
}

/** {@link adamwUpdate} by a plain loop; `factor` scales the gradient. */
export function adamwOracle(
  parameter: HostTensor["data"],
  gradient: HostTensor["data"],
  moments: HostTensor["data"],
  factor: number,
  settings: AdamWSettings,
): void {
  const { beta1, beta2, epsilon } = settings;
  const { keep, stepSize, correction } = stepFactors(settings);
  const size = parameter.length;
  for (let i = 0; i < size; i++) {
    const g = gradient[i] * factor;
    moments[i] = beta1 * moments[i] + (1 - beta1) * g;
    moments[size + i] = beta2 * moments[size + i] + (1 - beta2) * g * g;
    parameter[i] = parameter[i] * keep -
      stepSize * moments[i] / (Math.sqrt(moments[size + i]) * correction + epsilon);
  }
}

/** {@link adamwUpdate} out of TensorFlow.js' own operations, which cannot write in place. */
function composedUpdate(
  parameter: tf.Tensor,
  gradient: tf.Tensor,
  moments: tf.Tensor,
  clip: tf.Tensor1D,
  settings: AdamWSettings,
): void {
  if (!(parameter instanceof tf.Variable && moments instanceof tf.Variable)) {
    throw new TypeError("stock kernels update variables only");
  }
  const { beta1, beta2, epsilon } = settings;
  const { keep, stepSize, correction } = stepFactors(settings);
  tf.tidy(() => {
    const [m1, m2] = tf.unstack(moments);
    const g = tf.mul(tf.reshape(gradient, m1.shape), tf.slice(clip, 0, 1));
    const first = tf.add(tf.mul(m1, beta1), tf.mul(g, 1 - beta1));
    const second = tf.add(tf.mul(m2, beta2), tf.mul(tf.square(g), 1 - beta2));
    moments.assign(tf.stack([first, second]));
    const denominator = tf.add(tf.mul(tf.sqrt(second), correction), epsilon);
    const change = tf.mul(tf.div(first, denominator), stepSize);
    parameter.assign(tf.sub(tf.mul(parameter, keep), tf.reshape(change, parameter.shape)));
  });
}

/**
 * Updates one parameter and its moments in place.
 *
 * @param moments First and second moments, shape [2, size], zeros at first.
 * @param clip {@link clipFactor}'s result; its first element scales the gradient.
 */
export function adamwUpdate(
  parameter: tf.Tensor,
  gradient: tf.Tensor,
  moments: tf.Tensor,
  clip: tf.Tensor1D,
  settings: AdamWSettings,
): void {
  if (kernelSet() === "stock") {
    composedUpdate(parameter, gradient, moments, clip, settings);
    return;
  }
  if (!onGpu()) {
    const [p, g, m, [factor]] = [parameter, gradient, moments, clip].map(cpuValues);
    adamwOracle(p, g, m, factor, settings);
    return;
  }
  const { size } = parameter;
  const { beta1, beta2, epsilon } = settings;
  const { keep, stepSize, correction } = stepFactors(settings);
  const backend = gpu();
  const decay = [beta1, beta2, 1 - beta1, 1 - beta2];
  const uniforms = [size, ...decay, keep, stepSize, correction, epsilon];
  dispatch(backend, UPDATE, [gradient, clip, moments], parameter, uniforms, size);
}
