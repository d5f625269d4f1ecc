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
import {
  defineGradient,
  defineKernel,
  type HostTensor,
  hostZeros,
  stopGradient,
} from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { kernelSet } from "./selection.ts";

/** How a tensor is read. */
interface Attributes {
  readonly groups: number;
  readonly epsilon: number;
  readonly [key: string]: number;
}

const LANES = 64;

const VIEW = { groups: "i32", rows: "i32", channels: "i32", epsilon: "f32" } as const;

/** Sums two quantities over the rows of one (group, channel) in workgroup memory. */
const reduction = (
  name: string,
  inputs: string[],
  setup: string,
  each: string,
  finish: string,
) => ({
  name,
  inputs,
  widths: [...inputs.map(() => 1 as const), 1 as const],
  uniforms: VIEW,
  workgroup: LANES,
  code: `
var<workgroup> partial : array<vec2<f32>, ${LANES}>;
fn total(lane : i32) -> vec2<f32> {
  for (var step = ${LANES / 2}; step > 0; step = step / 2) {
    workgroupBarrier();
    if (lane < step) { partial[lane] += partial[lane + step]; }
  }
  workgroupBarrier();
  let sum = partial[0];
  workgroupBarrier();
  return sum;
}
fn main(index : i32) {
  let lane = index % ${LANES};
  // Padding workgroups repeat the last series; barriers must be met by all.
  let series = min(index / ${LANES}, uniforms.groups * uniforms.channels - 1);
  let channel = series % uniforms.channels;
  let first = series / uniforms.channels * uniforms.rows * uniforms.channels + channel;
  let count = f32(uniforms.rows);
  ${setup}
  var sum = vec2<f32>(0.0);
  for (var row = lane; row < uniforms.rows; row += ${LANES}) {
    let at = first + row * uniforms.channels;
    ${each}
  }
  partial[lane] = sum;
  let all = total(lane);
  ${finish}
}`,
});

// Two passes: subtracting the mean first keeps the variance exact where the mean is large.
const MOMENTS: Program = reduction(
  "normalize moments",
  ["x"],
  `var head = vec2<f32>(0.0);
  for (var row = lane; row < uniforms.rows; row += ${LANES}) {
    head.x += x[first + row * uniforms.channels];
  }
  partial[lane] = head;
  let mean = total(lane).x / count;`,
  "let d = x[at] - mean; sum += vec2<f32>(d, d * d);",
  `if (lane == 0) {
    result[series * 2] = mean;
    result[series * 2 + 1] = all.y / count;
  }`,
);

const STANDARDIZE: Program = {
  name: "normalize standardize",
  inputs: ["x", "moments"],
  widths: [1, 1, 1],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.groups * uniforms.rows * uniforms.channels) { return; }
  let series = index / (uniforms.rows * uniforms.channels) * uniforms.channels +
    index % uniforms.channels;
  result[index] = (x[index] - moments[series * 2]) / sqrt(moments[series * 2 + 1] + uniforms.epsilon);
}`,
};

/** Means over the rows of dy and of dy · x̂. */
const GRADIENT_MEANS: Program = reduction(
  "normalize gradient means",
  ["dy", "x", "moments"],
  `let mean = moments[series * 2];
  let scale = 1.0 / sqrt(moments[series * 2 + 1] + uniforms.epsilon);`,
  "sum += vec2<f32>(dy[at], dy[at] * (x[at] - mean) * scale);",
  `if (lane == 0) {
    result[series * 2] = all.x / count;
    result[series * 2 + 1] = all.y / count;
  }`,
);

const GRADIENT: Program = {
  name: "normalize gradient",
  inputs: ["dy", "x", "moments", "means"],
  widths: [1, 1, 1, 1, 1],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.groups * uniforms.rows * uniforms.channels) { return; }
  let series = index / (uniforms.rows * uniforms.channels) * uniforms.channels +
    index % uniforms.channels;
  let scale = 1.0 / sqrt(moments[series * 2 + 1] + uniforms.epsilon);
  let standard = (x[index] - moments[series * 2]) * scale;
  result[index] = (dy[index] - means[series * 2] - standard * means[series * 2 + 1]) * scale;
}`,
};

function view(x: { shape: readonly number[] }, { groups, epsilon }: Attributes) {
  const channels = x.shape.at(-1)!;
  const size = x.shape.reduce((a, b) => a * b, 1);
  return { groups, rows: size / groups / channels, channels, epsilon, size };
}

const uniforms = (v: ReturnType<typeof view>) => [v.groups, v.rows, v.channels, v.epsilon];

/** Mean and variance in double precision, interleaved, of every (group, channel). */
function hostMoments(x: HostTensor["data"], { groups, rows, channels }: ReturnType<typeof view>) {
  const moments = new Float64Array(groups * channels * 2);
  for (let g = 0; g < groups; g++) {
    for (let c = 0; c < channels; c++) {
      let mean = 0, variance = 0;
      for (let r = 0; r < rows; r++) mean += x[(g * rows + r) * channels + c] / rows;
      for (let r = 0; r < rows; r++) {
        variance += (x[(g * rows + r) * channels + c] - mean) ** 2 / rows;
      }
      moments.set([mean, variance], (g * channels + c) * 2);
    }
  }
  return moments;
}

const momentsKernel = defineKernel<Attributes>({
  name: "NormalizeMoments",
  gpu(backend, { x }, attributes) {
    const v = view(x, attributes);
    const series = v.groups * v.channels;
    return dispatch(backend, MOMENTS, [x], [v.groups, v.channels, 2], uniforms(v), series * LANES);
  },
  oracle({ x }, attributes) {
    const v = view(x, attributes);
    return { shape: [v.groups, v.channels, 2], data: hostMoments(x.data, v) };
  },
});

const standardizeKernel = defineKernel<Attributes>({
  name: "NormalizeStandardize",
  gpu(backend, { x, moments }, attributes) {
    const v = view(x, attributes);
    return dispatch(backend, STANDARDIZE, [x, moments], x.shape, uniforms(v), v.size);
  },
  oracle({ x }, attributes) {
    const v = view(x, attributes);
    const moments = hostMoments(x.data, v);
    const out = hostZeros(x.shape);
    for (let i = 0; i < v.size; i++) {
      const series = Math.floor(i / (v.rows * v.channels)) * v.channels + i % v.channels;
      out.data[i] = (x.data[i] - moments[series * 2]) /
        Math.sqrt(moments[series * 2 + 1] + v.epsilon);
    }
    return out;
  },
});

const gradientKernel = defineKernel<Attributes>({
  name: "NormalizeGradient",
  gpu(backend, { dy, x, moments }, attributes) {
    const v = view(x, attributes);
    const series = v.groups * v.channels;
    const means = dispatch(
      backend,
      GRADIENT_MEANS,
      [dy, x, moments],
      [v.groups, v.channels, 2],
      uniforms(v),
      series * LANES,
    );
    const out = dispatch(backend, GRADIENT, [dy, x, moments, means], x.shape, uniforms(v), v.size);
    backend.disposeData(means.dataId);
    return out;
  },
  oracle({ dy, x }, attributes) {
    const v = view(x, attributes);
    const { groups, rows, channels, epsilon } = v;
    const moments = hostMoments(x.data, v);
    const out = hostZeros(x.shape);
    for (let g = 0; g < groups; g++) {
      for (let c = 0; c < channels; c++) {
        const mean = moments[(g * channels + c) * 2];
        const scale = 1 / Math.sqrt(moments[(g * channels + c) * 2 + 1] + epsilon);
        let first = 0, second = 0;
        for (let r = 0; r < rows; r++) {
          const at = (g * rows + r) * channels + c;
          first += dy.data[at] / rows;
          second += dy.data[at] * (x.data[at] - mean) * scale / rows;
        }
        for (let r = 0; r < rows; r++) {
          const at = (g * rows + r) * channels + c;
          out.data[at] = (dy.data[at] - first - (x.data[at] - mean) * scale * second) * scale;
        }
      }
    }
    return out;
  },
});

// The moments are taken as constants here because the gradient below accounts for them.
defineGradient<Attributes>("NormalizeStandardize", ["x", "moments"], {
  x: (dy, { x, moments }, attributes) => gradientKernel({ dy, x, moments }, attributes),
});

/** {@link standardize}'s result. */
export interface Standardized<T extends tf.Tensor> {
  /** x̂, shaped like the input. Its gradient goes through the mean and the variance. */
  readonly standard: T;
  /** Mean and biased variance, [groups, channels, 2]. Carries no gradient. */
  readonly moments: tf.Tensor3D;
}

/** {@link standardize} out of TensorFlow.js' own operations. */
function composed<T extends tf.Tensor>(x: T, groups: number, epsilon: number): Standardized<T> {
  const channels = x.shape.at(-1)!;
  const rows = tf.reshape(x, [groups, x.size / groups / channels, channels]);
  const { mean, variance } = tf.moments(rows, 1, true);
  const standard = tf.mul(tf.sub(rows, mean), tf.rsqrt(tf.add(variance, epsilon)));
  const moments = tf.stack([mean, variance].map((m) => tf.reshape(m, [groups, channels])), 2);
  return {
    standard: tf.reshape(standard, x.shape) as T,
    moments: stopGradient(moments as tf.Tensor3D),
  };
}

/**
 * Standardises the last axis' channels.
 *
 * @param x Any shape; the last axis are channels and `groups` divides the first.
 * @param groups 1 for batch statistics, the batch size for instance statistics.
 * @param epsilon Added to the variance; 1e-5 in PyTorch.
 */
export function standardize<T extends tf.Tensor>(
  x: T,
  groups: number,
  epsilon = 1e-5,
): Standardized<T> {
  if (kernelSet() === "stock") return composed(x, groups, epsilon);
  const attributes = { groups, epsilon };
  // Off the tape: a second gradient path through the moments would count them twice.
  const moments = tf.engine().tidy(() => {
    const detached = stopGradient(x);
    return momentsKernel({ x: detached }, attributes) as tf.Tensor3D;
  });
  return { standard: standardizeKernel({ x, moments }, attributes) as T, moments };
}
