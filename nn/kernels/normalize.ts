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
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { operandAccess } from "./conv2d/operands.ts";
import {
  defineGradient,
  defineKernel,
  type HostTensor,
  hostZeros,
  stopGradient,
} from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { kernelSet } from "./selection.ts";
import { keepTexels, newTexels } from "./texels.ts";

/** How a tensor is read. */
interface Attributes {
  readonly groups: number;
  readonly epsilon: number;
  /** 1: a ReLU follows. */
  readonly relu: number;
  readonly [key: string]: number;
}

const LANES = 64;

// Where 4 divides the channels, a program works on four of them at once; "channels" and "channel" then
// count fours. Inputs and results are laid out the same either way, but for mean and variance, which
// are interleaved number by number.
const VIEW = {
  groups: "i32",
  rows: "i32",
  channels: "i32",
  epsilon: "f32",
  relu: "i32",
} as const;

/** Numbers an invocation works on at once, as WGSL types. */
const typeOf = (width: 1 | 4) => width === 1 ? "f32" : "vec4<f32>";

/** WGSL that reads and writes one of a pair of interleaved statistics. */
const statistic = (width: 1 | 4, array: string, which: 0 | 1) =>
  width === 1
    ? `${array}[series * 2 + ${which}]`
    : `vec4<f32>(${
      [0, 1, 2, 3].map((k) => `${array}[(series * 4 + ${k}) * 2 + ${which}]`).join(", ")
    })`;
const writeStatistics = (width: 1 | 4, first: string, second: string) =>
  width === 1
    ? `result[series * 2] = ${first}; result[series * 2 + 1] = ${second};`
    : `let first4 = ${first}; let second4 = ${second};
    ${
      [0, 1, 2, 3].map((k) =>
        `result[(series * 4 + ${k}) * 2] = first4[${k}]; result[(series * 4 + ${k}) * 2 + 1] = second4[${k}];`
      ).join("\n    ")
    }`;

/** Sums two quantities over the rows of one (group, channel) in workgroup memory. */
const reduction = (
  name: string,
  width: 1 | 4,
  inputs: readonly string[],
  setup: string,
  each: string,
  finish: string,
): Program => ({
  name: `${name} ${width}`,
  inputs: [...inputs],
  widths: [...inputs.map((input) => input === "moments" ? 1 as const : width), 1],
  uniforms: VIEW,
  workgroup: LANES,
  code: `
struct Pair { a : ${typeOf(width)}, b : ${typeOf(width)} };
var<workgroup> partial : array<Pair, ${LANES}>;
fn total(lane : i32) -> Pair {
  for (var step = ${LANES / 2}; step > 0; step = step / 2) {
    workgroupBarrier();
    if (lane < step) {
      partial[lane].a += partial[lane + step].a;
      partial[lane].b += partial[lane + step].b;
    }
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
  var sum = Pair(${typeOf(width)}(0.0), ${typeOf(width)}(0.0));
  for (var row = lane; row < uniforms.rows; row += ${LANES}) {
    let at = first + row * uniforms.channels;
    ${each}
  }
  partial[lane] = sum;
  let all = total(lane);
  if (lane == 0) { ${finish} }
}`,
});

// Two passes: subtracting the mean first keeps the variance exact where the mean is large.
const moments = (width: 1 | 4) =>
  reduction(
    "normalize moments",
    width,
    ["x"],
    `var head = Pair(${typeOf(width)}(0.0), ${typeOf(width)}(0.0));
  for (var row = lane; row < uniforms.rows; row += ${LANES}) {
    head.a += x[first + row * uniforms.channels];
  }
  partial[lane] = head;
  let mean = total(lane).a / count;`,
    "let d = x[at] - mean; sum.a += d; sum.b += d * d;",
    writeStatistics(width, "mean", "all.b / count"),
  );

const deviation = (width: 1 | 4) =>
  `sqrt(${statistic(width, "moments", 1)} + ${typeOf(width)}(uniforms.epsilon))`;

/** WGSL of the standardised value where the statistics and `x[index]` are known. */
const standardized = (width: 1 | 4, index: string) =>
  `(x[${index}] - ${statistic(width, "moments", 0)}) / ${deviation(width)}`;

const SERIES = `let series = index / (uniforms.rows * uniforms.channels) * uniforms.channels +
    index % uniforms.channels;`;

const standardizing = (width: 1 | 4, twin: boolean): Program => ({
  name: `normalize standardize ${width}${twin ? " twin" : ""}`,
  inputs: ["x", "moments", ...twin ? ["twin"] : []],
  widths: [width, 1, ...twin ? ["store" as const] : [], width],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.groups * uniforms.rows * uniforms.channels) { return; }
  ${SERIES}
  var y = ${standardized(width, "index")};
  if (uniforms.relu == 1) { y = max(y, ${typeOf(width)}(0.0)); }
  result[index] = y;
  ${twin ? "store_twin(index, y);" : ""}
}`,
});

/** WGSL of the incoming gradient, past the ReLU where there is one. */
const incoming = (width: 1 | 4, index: string) =>
  `select(dy[${index}], select(${typeOf(width)}(0.0), dy[${index}], standard > ${
    typeOf(width)
  }(0.0)), uniforms.relu == 1)`;

/** Means over the rows of dy and of dy · x̂. */
const gradientMeans = (width: 1 | 4) =>
  reduction(
    "normalize gradient means",
    width,
    ["dy", "x", "moments"],
    "",
    `let standard = ${standardized(width, "at")};
    let slope = ${incoming(width, "at")};
    sum.a += slope; sum.b += slope * standard;`,
    writeStatistics(width, "all.a / count", "all.b / count"),
  );

const gradientOf = (width: 1 | 4, twin: boolean): Program => ({
  name: `normalize gradient ${width}${twin ? " twin" : ""}`,
  inputs: ["dy", "x", "moments", "means", ...twin ? ["twin"] : []],
  widths: [width, width, 1, 1, ...twin ? ["store" as const] : [], width],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.groups * uniforms.rows * uniforms.channels) { return; }
  ${SERIES}
  let standard = ${standardized(width, "index")};
  let slope = ${incoming(width, "index")};
  let dx = (slope - ${statistic(width, "means", 0)} - standard * ${statistic(width, "means", 1)}) /
    ${deviation(width)};
  result[index] = dx;
  ${twin ? "store_twin(index, dx);" : ""}
}`,
});

const both = (program: (width: 1 | 4) => Program) => ({ 1: program(1), 4: program(4) });
const MOMENTS = both(moments);
const STANDARDIZE = both((width) => standardizing(width, false));
const STANDARDIZE_TWIN = standardizing(4, true);
const GRADIENT_MEANS = both(gradientMeans);
const GRADIENT = both((width) => gradientOf(width, false));
const GRADIENT_TWIN = gradientOf(4, true);

function view(x: { shape: readonly number[] }, { groups, epsilon, relu }: Attributes) {
  const channels = x.shape.at(-1)!;
  const size = x.shape.reduce((a, b) => a * b, 1);
  const width: 1 | 4 = channels % 4 === 0 ? 4 : 1;
  return { groups, rows: size / groups / channels, channels, epsilon, relu, size, width };
}

const uniforms = (v: ReturnType<typeof view>) => [
  v.groups,
  v.rows,
  v.channels / v.width,
  v.epsilon,
  v.relu,
];

/** One invocation for every number or four of them, and into a texture where a convolution reads it. */
function elementwise(
  backend: WebGPUBackend,
  plain: Readonly<Record<1 | 4, Program>>,
  twin: Program,
  inputs: readonly tf.TensorInfo[],
  shape: readonly number[],
  v: ReturnType<typeof view>,
): tf.TensorInfo {
  const count = v.size / v.width;
  if (v.width === 1 || operandAccess() !== "texels") {
    return dispatch(backend, plain[v.width], inputs, shape, uniforms(v), count);
  }
  const copy = newTexels(backend, count);
  const result = dispatch(backend, twin, [...inputs, copy], shape, uniforms(v), count);
  keepTexels(backend, result.dataId, copy, { channels: 0 });
  return result;
}

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
    const series = v.groups * v.channels / v.width;
    const shape = [v.groups, v.channels, 2];
    return dispatch(backend, MOMENTS[v.width], [x], shape, uniforms(v), series * LANES);
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
    return elementwise(backend, STANDARDIZE, STANDARDIZE_TWIN, [x, moments], x.shape, v);
  },
  oracle({ x }, attributes) {
    const v = view(x, attributes);
    const moments = hostMoments(x.data, v);
    const out = hostZeros(x.shape);
    for (let i = 0; i < v.size; i++) {
      const series = Math.floor(i / (v.rows * v.channels)) * v.channels + i % v.channels;
      out.data[i] = (x.data[i] - moments[series * 2]) /
        Math.sqrt(moments[series * 2 + 1] + v.epsilon);
      if (v.relu === 1) out.data[i] = Math.max(0, out.data[i]);
    }
    return out;
  },
});

const gradientKernel = defineKernel<Attributes>({
  name: "NormalizeGradient",
  gpu(backend, { dy, x, moments }, attributes) {
    const v = view(x, attributes);
    const series = v.groups * v.channels / v.width;
    const means = dispatch(
      backend,
      GRADIENT_MEANS[v.width],
      [dy, x, moments],
      [v.groups, v.channels, 2],
      uniforms(v),
      series * LANES,
    );
    const inputs = [dy, x, moments, means];
    const out = elementwise(backend, GRADIENT, GRADIENT_TWIN, inputs, x.shape, v);
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
        const standard = (at: number) => (x.data[at] - mean) * scale;
        const slope = (at: number) => v.relu === 1 && standard(at) <= 0 ? 0 : dy.data[at];
        let first = 0, second = 0;
        for (let r = 0; r < rows; r++) {
          const at = (g * rows + r) * channels + c;
          first += slope(at) / rows;
          second += slope(at) * standard(at) / rows;
        }
        for (let r = 0; r < rows; r++) {
          const at = (g * rows + r) * channels + c;
          out.data[at] = (slope(at) - first - standard(at) * second) * scale;
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
  const moments = tf.engine().tidy(() => {
    const detached = stopGradient(x);
    return momentsKernel({ x: detached }, attributes) as tf.Tensor3D;
  });
  return { standard: standardizeKernel({ x, moments }, attributes) as T, moments };
}
