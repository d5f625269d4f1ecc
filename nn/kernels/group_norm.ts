/**
 * Group normalisation: y = a(x̂·weight + bias), x̂ = (x − mean) / √(variance + ε), with one mean and
 * biased variance for each picture and group of neighbouring channels.
 *
 * Wu & He, Group Normalization, ECCV 2018. Forward: one dispatch for the statistics, one for the
 * result, the ReLU included. Backward: one for the sums over each picture's channels, from which all
 * three gradients follow, and one for the input's. Sums run in a fixed order.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineKernel, type HostTensor, hostZeros, type Inputs, stopGradient } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { dispatchRows, rowProgram } from "./rows.ts";
import { kernelSet } from "./selection.ts";

interface Attributes {
  readonly groups: number;
  readonly epsilon: number;
  /** 1: a ReLU follows. */
  readonly relu: number;
}

/** Channels a workgroup sums: eight neighbours are what memory hands out at once. */
const WIDTH = 8;
const DEPTH = 8;

// A row is a group of one picture: its numbers lie `channels` apart in runs of `length / rows`.
const MOMENTS = rowProgram(
  "group norm moments",
  ["x"],
  `let pixels = uniforms.length / uniforms.share;
  let groups = uniforms.channels / uniforms.share;
  let start = row / groups * pixels * uniforms.channels + row % groups * uniforms.share;
  let count = f32(uniforms.length);
  var head = 0.0;
  for (var i = lane; i < uniforms.length; i += LANES) {
    head += x[start + i / uniforms.share * uniforms.channels + i % uniforms.share];
  }
  let mean = total(lane, vec2<f32>(head, 0.0)).x / count;
  var square = 0.0;
  for (var i = lane; i < uniforms.length; i += LANES) {
    let d = x[start + i / uniforms.share * uniforms.channels + i % uniforms.share] - mean;
    square += d * d;
  }
  let variance = total(lane, vec2<f32>(square, 0.0)).x / count;
  if (lane == 0) {
    result[row * 2] = mean;
    result[row * 2 + 1] = 1.0 / sqrt(variance + uniforms.setting);
  }`,
  { channels: "i32", share: "i32" },
);

const VIEW = {
  pictures: "i32",
  pixels: "i32",
  channels: "i32",
  share: "i32",
  relu: "i32",
} as const;

/** WGSL of the group's place in the moments, and of x̂, past the ReLU or not, where `at` is known. */
const STANDARD =
  `let group = (at / uniforms.channels / uniforms.pixels * uniforms.channels + channel) /
      uniforms.share;
    let standard = (x[at] - moments[group * 2]) * moments[group * 2 + 1];
    let value = standard * weight[channel] + bias[channel];`;

const INPUTS = ["x", "moments", "weight", "bias"];

const FORWARD: Program = {
  name: "group norm",
  inputs: INPUTS,
  widths: [1, 1, 1, 1, 1],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(at : i32) {
  if (at >= uniforms.pictures * uniforms.pixels * uniforms.channels) { return; }
  let channel = at % uniforms.channels;
  ${STANDARD}
  result[at] = select(value, max(value, 0.0), uniforms.relu == 1);
}`,
};

/** WGSL of the gradient past the ReLU. */
const SLOPE = "select(dy[at], 0.0, uniforms.relu == 1 && value <= 0.0)";

/** Sums of the gradient and of it times x̂ over each picture's pixels, [pictures, channels, 2]. */
const SUMS: Program = {
  name: "group norm gradient sums",
  inputs: ["dy", ...INPUTS],
  widths: [1, 1, 1, 1, 1, 1],
  uniforms: VIEW,
  workgroup: WIDTH * DEPTH,
  code: `
var<workgroup> partial : array<vec2<f32>, ${WIDTH * DEPTH}>;
fn main(index : i32) {
  let lane = index % ${WIDTH * DEPTH};
  let blocks = (uniforms.channels + ${WIDTH - 1}) / ${WIDTH};
  let block = index / ${WIDTH * DEPTH};
  let picture = min(block / blocks, uniforms.pictures - 1);
  let own = block % blocks * ${WIDTH} + lane % ${WIDTH};
  // Lanes without a channel repeat the last one; barriers must be met by all.
  let channel = min(own, uniforms.channels - 1);
  var sum = vec2<f32>(0.0);
  for (var pixel = lane / ${WIDTH}; pixel < uniforms.pixels; pixel += ${DEPTH}) {
    let at = (picture * uniforms.pixels + pixel) * uniforms.channels + channel;
    ${STANDARD}
    let slope = ${SLOPE};
    sum += vec2<f32>(slope, slope * standard);
  }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane < ${WIDTH} && own < uniforms.channels && block / blocks < uniforms.pictures) {
    for (var i = ${WIDTH}; i < ${WIDTH * DEPTH}; i += ${WIDTH}) { sum += partial[lane + i]; }
    let to = (picture * uniforms.channels + own) * 2;
    result[to] = sum.x;
    result[to + 1] = sum.y;
  }
}`,
};

const INPUT_GRADIENT: Program = {
  name: "group norm input gradient",
  inputs: ["dy", ...INPUTS, "sums"],
  widths: [1, 1, 1, 1, 1, 1, 1],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(at : i32) {
  if (at >= uniforms.pictures * uniforms.pixels * uniforms.channels) { return; }
  let channel = at % uniforms.channels;
  ${STANDARD}
  var means = vec2<f32>(0.0);
  for (var i = 0; i < uniforms.share; i++) {
    let other = group * uniforms.share + i;
    let factor = weight[channel / uniforms.share * uniforms.share + i];
    means += factor * vec2<f32>(sums[other * 2], sums[other * 2 + 1]);
  }
  means /= f32(uniforms.pixels * uniforms.share);
  let slope = ${SLOPE} * weight[channel];
  result[at] = (slope - means.x - standard * means.y) * moments[group * 2 + 1];
}`,
};

/** How a tensor's axes are read: [pictures, …, channels]. */
function view(x: { shape: readonly number[] }, { groups, relu }: Attributes) {
  const pictures = x.shape[0], channels = x.shape.at(-1)!;
  const size = tf.util.sizeFromShape([...x.shape]);
  const pixels = size / pictures / channels, share = channels / groups;
  const uniforms = [pictures, pixels, channels, share, relu];
  return { pictures, pixels, channels, share, groups, size, uniforms };
}

const momentsKernel = defineKernel<Attributes>({
  name: "GroupNormMoments",
  gpu(backend, { x }, attributes) {
    const { pictures, pixels, channels, share, groups } = view(x, attributes);
    const rows = pictures * groups;
    const uniforms = [rows, pixels * share, attributes.epsilon, channels, share];
    return dispatchRows(backend, MOMENTS, [x], [pictures, groups, 2], uniforms, rows);
  },
  oracle({ x }, attributes) {
    const { pictures, groups } = view(x, attributes);
    return { shape: [pictures, groups, 2], data: hostMoments(x, attributes) };
  },
});

/** Mean and 1 / √(variance + ε) of every picture's groups, interleaved, in double precision. */
function hostMoments(x: HostTensor, attributes: Attributes): Float64Array {
  const { pictures, pixels, channels, share, groups, size } = view(x, attributes);
  const moments = new Float64Array(pictures * groups * 2);
  const count = pixels * share;
  const each = (visit: (group: number, value: number) => void) => {
    for (let at = 0; at < size; at++) {
      const picture = Math.floor(at / channels / pixels);
      visit(picture * groups + Math.floor(at % channels / share), x.data[at]);
    }
  };
  each((group, value) => moments[group * 2] += value / count);
  each((group, value) => moments[group * 2 + 1] += (value - moments[group * 2]) ** 2 / count);
  for (let group = 0; group < pictures * groups; group++) {
    moments[group * 2 + 1] = 1 / Math.sqrt(moments[group * 2 + 1] + attributes.epsilon);
  }
  return moments;
}

/** x̂, the result before the ReLU, and each element's scale, in double precision. */
function onHost({ x, weight, bias }: Inputs<HostTensor>, attributes: Attributes) {
  const { pixels, channels, share, groups } = view(x, attributes);
  const moments = hostMoments(x, attributes);
  const at = (index: number) => {
    const channel = index % channels;
    const group = Math.floor(index / channels / pixels) * groups + Math.floor(channel / share);
    const scale = moments[group * 2 + 1];
    const standard = (x.data[index] - moments[group * 2]) * scale;
    return { group, scale, standard, value: standard * weight.data[channel] + bias.data[channel] };
  };
  const slope = (dy: HostTensor, index: number) =>
    attributes.relu === 1 && at(index).value <= 0 ? 0 : dy.data[index];
  return { at, slope };
}

const forward = defineKernel<Attributes>({
  name: "GroupNorm",
  gpu(backend, { x, moments, weight, bias }, attributes) {
    const { size, uniforms } = view(x, attributes);
    return dispatch(backend, FORWARD, [x, moments, weight, bias], x.shape, uniforms, size);
  },
  oracle(inputs, attributes) {
    const { at } = onHost(inputs, attributes);
    const data = Float64Array.from(inputs.x.data, (_, index) => {
      const { value } = at(index);
      return attributes.relu === 1 ? Math.max(value, 0) : value;
    });
    return { shape: inputs.x.shape, data };
  },
});

const sumsKernel = defineKernel<Attributes>({
  name: "GroupNormGradientSums",
  gpu(backend, { dy, x, moments, weight, bias }, attributes) {
    const { pictures, channels, uniforms } = view(x, attributes);
    const blocks = pictures * Math.ceil(channels / WIDTH);
    const inputs = [dy, x, moments, weight, bias];
    const shape = [pictures, channels, 2];
    return dispatch(backend, SUMS, inputs, shape, uniforms, blocks * SUMS.workgroup);
  },
  oracle({ dy, ...inputs }, attributes) {
    const { pictures, pixels, channels, size } = view(inputs.x, attributes);
    const { at, slope } = onHost(inputs, attributes);
    const sums = hostZeros([pictures, channels, 2]);
    for (let index = 0; index < size; index++) {
      const to = (Math.floor(index / channels / pixels) * channels + index % channels) * 2;
      sums.data[to] += slope(dy, index);
      sums.data[to + 1] += slope(dy, index) * at(index).standard;
    }
    return sums;
  },
});

const inputGradient = defineKernel<Attributes>({
  name: "GroupNormInputGradient",
  gpu(backend, { dy, x, moments, weight, bias, sums }, attributes) {
    const { size, uniforms } = view(x, attributes);
    const inputs = [dy, x, moments, weight, bias, sums];
    return dispatch(backend, INPUT_GRADIENT, inputs, x.shape, uniforms, size);
  },
  oracle({ dy, sums: _, ...inputs }, attributes) {
    const { x, weight } = inputs;
    const { pictures, pixels, channels, share, groups, size } = view(x, attributes);
    const { at, slope } = onHost(inputs, attributes);
    const weighted = (index: number) => slope(dy, index) * weight.data[index % channels];
    const means = new Float64Array(pictures * groups * 2);
    for (let index = 0; index < size; index++) {
      const { group, standard } = at(index);
      means[group * 2] += weighted(index) / (pixels * share);
      means[group * 2 + 1] += weighted(index) * standard / (pixels * share);
    }
    const dx = hostZeros(x.shape);
    for (let index = 0; index < size; index++) {
      const { group, standard, scale } = at(index);
      dx.data[index] = (weighted(index) - means[group * 2] - standard * means[group * 2 + 1]) *
        scale;
    }
    return dx;
  },
});

tf.registerGradient({
  kernelName: "GroupNorm",
  inputsToSave: ["x", "moments", "weight", "bias"],
  gradFunc: (output, [x, moments, weight, bias], attrs) => {
    const dy = output as tf.Tensor, attributes = attrs as unknown as Attributes;
    const inputs = { dy, x, moments, weight, bias };
    let made: tf.Tensor | null = null;
    const sums = () => {
      // Whoever asks may free what it did not get back.
      if (!made || made.isDisposed) made = sumsKernel(inputs, attributes);
      return made;
    };
    const overPictures = (which: 0 | 1) =>
      tf.tidy(() => {
        const [pictures, channels] = sums().shape;
        const one = tf.slice(sums(), [0, 0, which], [pictures, channels, 1]);
        return tf.reshape(tf.sum(one, 0), [channels]);
      });
    return {
      x: () => inputGradient({ ...inputs, sums: sums() }, attributes),
      weight: () => overPictures(1),
      bias: () => overPictures(0),
    };
  },
});

/** {@link groupNormalize} out of TensorFlow.js' own operations. */
function composed<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor,
  bias: tf.Tensor,
  { groups, epsilon, relu }: Attributes,
): T {
  const { pictures, pixels, share } = view(x, { groups, epsilon, relu });
  const grouped = tf.reshape(x, [pictures, pixels, groups, share]);
  const { mean, variance } = tf.moments(grouped, [1, 3], true);
  const standard = tf.mul(tf.sub(grouped, mean), tf.rsqrt(tf.add(variance, epsilon)));
  const y = tf.add(tf.mul(tf.reshape(standard, x.shape), weight), bias);
  return (relu === 1 ? tf.relu(y) : y) as T;
}

/**
 * Normalises groups of neighbouring channels picture by picture.
 *
 * @param x [pictures, …, channels].
 * @param weight [channels].
 * @param bias [channels].
 * @param groups Divides the channels.
 * @param epsilon Added to the variance; 1e-5 in PyTorch.
 * @param activation What follows, in the same dispatch.
 * @returns Shaped like `x`. Differentiable with respect to all three.
 */
export function groupNormalize<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor,
  bias: tf.Tensor,
  groups: number,
  epsilon = 1e-5,
  activation: "none" | "relu" = "none",
): T {
  const channels = x.shape.at(-1)!;
  if (channels % groups !== 0) {
    throw new Error(`groupNormalize: ${groups} groups do not divide ${channels} channels`);
  }
  const attributes: Attributes = { groups, epsilon, relu: activation === "relu" ? 1 : 0 };
  if (kernelSet() === "stock") return composed(x, weight, bias, attributes);
  // Off the tape: the gradient above accounts for the moments.
  const moments = tf.engine().tidy(() => momentsKernel({ x: stopGradient(x) }, attributes));
  return forward({ x, moments, weight, bias }, attributes) as T;
}
