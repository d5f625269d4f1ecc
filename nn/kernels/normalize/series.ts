/**
 * What standardisation and its gradient share: how the tensor is read, and the two kinds of program.
 *
 * A series is the rows of one channel in one group. Where 4 divides the channels, a program works on
 * four series at once; "channels" and "channel" then count fours. Inputs and results are laid out the
 * same either way, but for a pair of statistics, which are interleaved number by number.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { HostTensor } from "../kernel.ts";
import { operandAccess } from "../tiles.ts";
import { dispatch, type Program } from "../program.ts";
import { range } from "../wgsl_text.ts";

/** How a tensor is read. */
export interface Attributes {
  readonly groups: number;
  readonly epsilon: number;
  /** 1: a ReLU follows. */
  readonly relu: number;
  readonly [key: string]: number;
}

/** Series an invocation works on at once. */
export type Width = 1 | 4;

/** The numbers of so many series at one row, as a WGSL type. */
export const typeOf = (width: Width): string => width === 1 ? "f32" : "vec4<f32>";

/** Lanes of a workgroup, which stride over the rows of a series. */
export const LANES = 64;

const VIEW = {
  groups: "i32",
  rows: "i32",
  channels: "i32",
  epsilon: "f32",
  relu: "i32",
} as const;

/** A tensor as [groups, rows, channels]. */
export interface View extends Attributes {
  readonly rows: number;
  readonly channels: number;
  /** Numbers in all. */
  readonly size: number;
  readonly width: Width;
}

/** How a tensor of this shape is read. */
export function view(
  { shape }: { shape: readonly number[] },
  { groups, epsilon, relu }: Attributes,
): View {
  const channels = shape.at(-1)!;
  const size = shape.reduce((a, b) => a * b, 1);
  const width = channels % 4 === 0 ? 4 : 1;
  return { groups, rows: size / groups / channels, channels, epsilon, relu, size, width };
}

const uniformsOf = ({ groups, rows, channels, width, epsilon, relu }: View) => [
  groups,
  rows,
  channels / width,
  epsilon,
  relu,
];

/** WGSL of one of a pair of statistics. */
export const statistic = (width: Width, array: string, which: 0 | 1): string =>
  width === 1
    ? `${array}[series * 2 + ${which}]`
    : `vec4<f32>(${
      range(4).map((k) => `${array}[(series * 4 + ${k}) * 2 + ${which}]`).join(", ")
    })`;

/** WGSL of √(variance + ε). */
export const deviation = (width: Width): string =>
  `sqrt(${statistic(width, "moments", 1)} + ${typeOf(width)}(uniforms.epsilon))`;

/** WGSL of the standardised value at an index. */
export const standardized = (width: Width, index: string): string =>
  `(x[${index}] - ${statistic(width, "moments", 0)}) / ${deviation(width)}`;

const accessTo = (inputs: readonly string[], width: Width) =>
  inputs.map((input) => input === "moments" || input === "means" ? 1 : width);

/** What a {@link Reduction} computes, in WGSL. */
interface Sums {
  readonly inputs: readonly string[];
  /** Comes first; `total(lane)` sums what lanes have put into `partial[lane]`. */
  readonly setup?: (width: Width) => string;
  /** Adds row `at` to `sum.a` and `sum.b`. */
  readonly each: (width: Width) => string;
  /** The two statistics from `all.a` and `all.b`, the sums over all `count` rows. */
  readonly results: readonly [string, string];
}

/** Programs that compute two statistics of every series, for either width. */
export type Reduction = Readonly<Record<Width, Program>>;

/** WGSL of a workgroup's sums over a series, up to `all`, which every lane knows. */
const sumsText = (width: Width, { setup, each }: Pick<Sums, "setup" | "each">): string => `
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
  ${setup?.(width) ?? ""}
  var sum = Pair(${typeOf(width)}(0.0), ${typeOf(width)}(0.0));
  for (var row = lane; row < uniforms.rows; row += ${LANES}) {
    let at = first + row * uniforms.channels;
    ${each(width)}
  }
  partial[lane] = sum;
  let all = total(lane);`;

/** Makes a {@link Reduction}: lanes stride over the rows of a series, then meet in a tree. */
export function reduction(name: string, { inputs, results, ...sums }: Sums): Reduction {
  const program = (width: Width): Program => ({
    name: `${name} ${width}`,
    inputs,
    widths: [...accessTo(inputs, width), 1],
    uniforms: VIEW,
    workgroup: LANES,
    code: `${sumsText(width, sums)}
  if (lane == 0) {
    let first = ${results[0]};
    let second = ${results[1]};
    ${
      width === 1
        ? "result[series * 2] = first; result[series * 2 + 1] = second;"
        : range(4).map((k) => `
    result[(series * 4 + ${k}) * 2] = first[${k}]; result[(series * 4 + ${k}) * 2 + 1] = second[${k}];`)
          .join("")
    }
  }
}`,
  });
  return { 1: program(1), 4: program(4) };
}

/** Rows up to which a workgroup does a whole series; a longer one leaves too few at work. */
const SHORT = 2048;

/** Whether the series are short enough for {@link whole} programs. */
export const isShort = ({ rows }: View): boolean => rows <= SHORT;

/**
 * Makes programs that sum over a series and go over it again, in one dispatch.
 *
 * @param text WGSL that declares the result `y` at `index`, with `series` and the sums `all` at hand.
 */
export function whole(
  name: string,
  { inputs, ...sums }: Omit<Sums, "results">,
  text: (width: Width) => string,
): Elementwise {
  const program = (width: Width, twin: boolean): Program => ({
    name: `${name} ${width}${twin ? " twin" : ""}`,
    inputs,
    widths: [...accessTo(inputs, width), width],
    uniforms: VIEW,
    workgroup: LANES,
    twin,
    code: `${sumsText(width, sums)}
  for (var row = lane; row < uniforms.rows; row += ${LANES}) {
    let index = first + row * uniforms.channels;
    ${text(width)}
    result[index] = y;
    ${twin ? "store_twin(index, y);" : ""}
  }
}`,
  });
  return { single: program(1, false), aligned: program(4, false), twin: program(4, true) };
}

/** Records {@link whole} programs, and the result's copy in a texture where a convolution reads one. */
export const runWhole = (
  backend: WebGPUBackend,
  programs: Elementwise,
  inputs: readonly tf.TensorInfo[],
  shape: readonly number[],
  v: View,
): tf.TensorInfo =>
  dispatch(
    backend,
    programIn(programs, v),
    inputs,
    shape,
    uniformsOf(v),
    v.groups * v.channels / v.width * LANES,
  );

/** Records a reduction, [groups, channels, 2]. */
export function runReduction(
  backend: WebGPUBackend,
  programs: Reduction,
  inputs: readonly tf.TensorInfo[],
  v: View,
): tf.TensorInfo {
  const invocations = v.groups * v.channels / v.width * LANES;
  const shape = [v.groups, v.channels, 2];
  return dispatch(backend, programs[v.width], inputs, shape, uniformsOf(v), invocations);
}

/** Programs that compute every number from those in its place and its series' statistics. */
export interface Elementwise {
  readonly single: Program;
  readonly aligned: Program;
  readonly twin: Program;
}

/**
 * Makes {@link Elementwise} programs.
 *
 * @param text WGSL that declares the result `y` at `index`, with `series` at hand.
 */
export function elementwise(
  name: string,
  inputs: readonly string[],
  text: (width: Width) => string,
): Elementwise {
  const program = (width: Width, twin: boolean): Program => ({
    name: `${name} ${width}${twin ? " twin" : ""}`,
    inputs,
    widths: [...accessTo(inputs, width), width],
    uniforms: VIEW,
    workgroup: 64,
    twin,
    code: `
fn main(index : i32) {
  if (index >= uniforms.groups * uniforms.rows * uniforms.channels) { return; }
  let series = index / (uniforms.rows * uniforms.channels) * uniforms.channels +
    index % uniforms.channels;
  ${text(width)}
  result[index] = y;
  ${twin ? "store_twin(index, y);" : ""}
}`,
  });
  return { single: program(1, false), aligned: program(4, false), twin: program(4, true) };
}

const programIn = ({ single, aligned, twin }: Elementwise, { width }: View) =>
  width === 1 ? single : operandAccess() === "texels" ? twin : aligned;

/** Records such programs, and the result's copy in a texture where a convolution reads one. */
export function runElementwise(
  backend: WebGPUBackend,
  programs: Elementwise,
  inputs: readonly tf.TensorInfo[],
  shape: readonly number[],
  v: View,
): tf.TensorInfo {
  return dispatch(backend, programIn(programs, v), inputs, shape, uniformsOf(v), v.size / v.width);
}

/** Mean and variance of every series in double precision, interleaved. */
export function hostMoments(x: HostTensor["data"], { groups, rows, channels }: View): Float64Array {
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
