/**
 * First values of parameters, with PyTorch's rules.
 *
 * @module
 */
import type { Initializer } from "./network.ts";

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** All elements equal. */
export const constant = (value: number): Initializer => (shape) =>
  new Float32Array(count(shape)).fill(value);

/** U(−bound, +bound). */
export const uniform = (bound: number): Initializer => (shape, stream) =>
  Float32Array.from({ length: count(shape) }, () => stream.uniform(-bound, bound));

/** N(0, deviation²). */
export const normal = (deviation: number): Initializer => (shape, stream) =>
  Float32Array.from({ length: count(shape) }, () => stream.normal(0, deviation));

/**
 * Kaiming normal, mode fan_out, ReLU gain (He et al. 2015): N(0, 2 / (out·kh·kw)).
 */
export const kaimingNormalFanOut: Initializer = (shape, stream) => {
  const [out, , kh, kw] = shape;
  return normal(Math.sqrt(2 / (out * kh * kw)))(shape, stream);
};

/**
 * Kaiming normal, mode fan_in, ReLU gain (He et al. 2015): N(0, 2 / fan_in). As in PyTorch, fan_in is
 * the second axis times the kernel, for transposed convolutions too, where that counts what goes out.
 */
export const kaimingNormalFanIn: Initializer = (shape, stream) =>
  normal(Math.sqrt(2 / count(shape.slice(1))))(shape, stream);

/**
 * Filters of a 4×4 transposed convolution of stride 2, [in, out, 4, 4], that enlarge each channel
 * bilinearly.
 */
export const bilinearEnlargement: Initializer = (shape) => {
  const [channels, out, kh, kw] = shape;
  if (channels !== out || kh !== 4 || kw !== 4) {
    throw new Error(`no bilinear filters of shape [${shape}]`);
  }
  const taps = [0.25, 0.75, 0.75, 0.25];
  const values = new Float32Array(count(shape));
  for (let c = 0; c < channels; c++) {
    for (let tap = 0; tap < 16; tap++) {
      values[(c * out + c) * 16 + tap] = taps[tap >> 2] * taps[tap & 3];
    }
  }
  return values;
};

/**
 * Kaiming normal for 4×4 transposed convolutions of stride 2, [in, out, 4, 4], by the numbers that are
 * added up: N(0, 2 / 4·in).
 */
export const kaimingNormalEnlargement: Initializer = (shape, stream) =>
  normal(Math.sqrt(2 / (4 * shape[0])))(shape, stream);

/** Another rule's filters with their mean over inputs taken off, so that a common input cancels. */
export const centered = (rule: Initializer): Initializer => (shape, stream) => {
  const values = rule(shape, stream);
  const [out] = shape;
  const each = values.length / out;
  for (let o = 0; o < out; o++) {
    const filter = values.subarray(o * each, (o + 1) * each);
    const mean = filter.reduce((sum, v) => sum + v, 0) / each;
    for (let i = 0; i < each; i++) filter[i] -= mean;
  }
  return values;
};

/** PyTorch's default for weights and biases of convolutions: U(±1/√fan_in). */
export const uniformFanIn = (fanIn: number): Initializer => uniform(1 / Math.sqrt(fanIn));

/** Xavier uniform for matrices [out, in] (Glorot & Bengio 2010): U(±√(6 / (in + out))). */
export const xavierUniform: Initializer = (shape, stream) => {
  const [out, ...rest] = shape;
  return uniform(Math.sqrt(6 / (out + count(rest))))(shape, stream);
};

/**
 * Kaiming uniform with a = 1 and mode fan_in, which detectron2 calls Caffe2's Xavier fill:
 * U(±√(3 / fan_in)).
 */
export const kaimingUniformFanIn: Initializer = (shape, stream) =>
  uniform(Math.sqrt(3 / count(shape.slice(1))))(shape, stream);

/** N(0, deviation²) without what lies further than 2 from 0, as vision transformers start. */
export const truncatedNormal = (deviation: number): Initializer => (shape, stream) =>
  Float32Array.from({ length: count(shape) }, () => {
    for (;;) {
      const value = stream.normal(0, deviation);
      if (Math.abs(value) <= 2) return value;
    }
  });
