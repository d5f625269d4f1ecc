/**
 * Bias and activation after a convolution or a matrix product in one pass: y = a(x + bias).
 *
 * The gradient goes through the output, not the input ({@link SLOPE}), so the sum x + bias is never
 * kept. GELU takes most values twice; its gradient reads x and bias.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  type Activation,
  activationText,
  type ByValue,
  byValue,
  LEAK,
  onHost,
  SLOPE,
} from "./activation.ts";
import { channelSums } from "./channel_sums.ts";
import { gelu, GELU_TEXT, geluSlope } from "./gelu.ts";
import { defineKernel } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

interface Attributes {
  readonly activation: ByValue;
}

const forwardProgram = (activation: Activation): Program => ({
  name: `bias ${activation}`,
  inputs: ["x", "bias"],
  widths: [1, 1, 1],
  uniforms: { size: "i32", channels: "i32" },
  workgroup: 64,
  code: `
${activationText(activation)}
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  result[index] = activate(x[index] + bias[index % uniforms.channels]);
}`,
});

const slopeProgram = (activation: ByValue): Program => ({
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

const GELU = forwardProgram("gelu");

const GELU_SLOPE: Program = {
  name: "slope gelu",
  inputs: ["dy", "x", "bias"],
  widths: [1, 1, 1, 1],
  uniforms: { size: "i32", channels: "i32" },
  workgroup: 64,
  code: `
${GELU_TEXT}
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  result[index] = dy[index] * geluSlope(x[index] + bias[index % uniforms.channels]);
}`,
};

const forwardPrograms = Object.fromEntries(byValue.map((a) => [a, forwardProgram(a)]));
const slopePrograms = Object.fromEntries(byValue.map((a) => [a, slopeProgram(a)]));

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
  stock({ x, bias }, { activation }) {
    const sum = tf.add(x, bias);
    if (activation === "leaky") return tf.leakyRelu(sum, LEAK);
    return activation === "none" ? sum : tf[activation](sum);
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

const geluForward = defineKernel<Record<never, never>>({
  name: "BiasGelu",
  gpu(backend, { x, bias }) {
    const size = tf.util.sizeFromShape(x.shape);
    return dispatch(backend, GELU, [x, bias], x.shape, [size, bias.shape[0]], size);
  },
  oracle({ x, bias }) {
    const channels = bias.data.length;
    return { shape: x.shape, data: x.data.map((v, i) => gelu(v + bias.data[i % channels])) };
  },
  stock({ x, bias }) {
    const sum = tf.add(x, bias);
    return tf.mul(tf.mul(sum, 0.5), tf.add(tf.erf(tf.mul(sum, Math.SQRT1_2)), 1));
  },
});

const geluGradient = defineKernel<Record<never, never>>({
  name: "BiasGeluGradient",
  gpu(backend, { dy, x, bias }) {
    const size = tf.util.sizeFromShape(x.shape);
    return dispatch(backend, GELU_SLOPE, [dy, x, bias], x.shape, [size, bias.shape[0]], size);
  },
  oracle({ dy, x, bias }) {
    const channels = bias.data.length;
    const slope = (i: number) => geluSlope(x.data[i] + bias.data[i % channels]);
    return { shape: x.shape, data: dy.data.map((g, i) => g * slope(i)) };
  },
});

/** Both gradients from that of the sum x + bias, which is computed once and by either. */
function gradientsOf(sumGradient: () => tf.Tensor): Record<string, () => tf.Tensor> {
  let shared: tf.Tensor | null = null;
  const dx = () => shared ??= sumGradient();
  return { x: dx, bias: () => channelSums(dx()) };
}

tf.registerGradient({
  kernelName: "BiasActivation",
  outputsToSave: [true],
  gradFunc: (dy, [out], attributes) => {
    const { activation } = attributes as unknown as Attributes;
    return gradientsOf(() =>
      activation === "none"
        ? tf.clone(dy as tf.Tensor) // dy itself is not ours to hand out
        : slope({ dy: dy as tf.Tensor, out }, { activation })
    );
  },
});

tf.registerGradient({
  kernelName: "BiasGelu",
  inputsToSave: ["x", "bias"],
  gradFunc: (dy, [x, bias]) =>
    gradientsOf(() => geluGradient({ dy: dy as tf.Tensor, x, bias }, {})),
});

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
  if (activation === "gelu") return geluForward({ x, bias }, {}) as T;
  return forward({ x, bias }, { activation }) as T;
}

/** Gradient of an activation's argument from that of its result `out`; shaped like both. */
export function activationSlope(dy: tf.Tensor, out: tf.Tensor, activation: ByValue): tf.Tensor {
  return slope({ dy, out }, { activation });
}
