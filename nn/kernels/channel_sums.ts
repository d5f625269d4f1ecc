/**
 * Sums over all axes but the last, in a fixed order.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { defineKernel, hostZeros } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

/** Channels of a workgroup: eight neighbours are what memory hands out at once. */
const WIDTH = 8;

/** Rows from which on a channel has more lanes. */
const MANY_ROWS = 4096;

/** Programs that sum a term over the rows of every channel. */
export interface ChannelSum {
  readonly few: Program;
  readonly many: Program;
}

/**
 * Programs for one term: a workgroup sums eight channels, and the lanes of a channel stride down the
 * rows.
 *
 * @param term The summand in WGSL, at `row`, `channel`, and the index `at` of both.
 */
export function channelSum(name: string, inputs: readonly string[], term: string): ChannelSum {
  const program = (lanes: number): Program => ({
    name: `${name} ${lanes}`,
    inputs,
    widths: [...inputs.map(() => 1 as const), 1],
    uniforms: { rows: "i32", channels: "i32" },
    workgroup: WIDTH * lanes,
    code: `
var<workgroup> partial : array<f32, ${WIDTH * lanes}>;
fn main(index : i32) {
  let lane = index % ${WIDTH * lanes};
  let own = index / ${WIDTH * lanes} * ${WIDTH} + lane % ${WIDTH};
  // Lanes without a channel repeat the last one; barriers must be met by all.
  let channel = min(own, uniforms.channels - 1);
  var sum = 0.0;
  for (var row = lane / ${WIDTH}; row < uniforms.rows; row += ${lanes}) {
    let at = row * uniforms.channels + channel;
    sum += ${term};
  }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane < ${WIDTH} && own < uniforms.channels) {
    for (var i = ${WIDTH}; i < ${WIDTH * lanes}; i += ${WIDTH}) { sum += partial[lane + i]; }
    result[own] = sum;
  }
}`,
  });
  return { few: program(8), many: program(32) };
}

/** Records the sums of a term over inputs of which the first has the rows, [channels]. */
export function runChannelSum(
  backend: WebGPUBackend,
  { few, many }: ChannelSum,
  inputs: readonly tf.TensorInfo[],
): tf.TensorInfo {
  const channels = inputs[0].shape.at(-1)!;
  const rows = tf.util.sizeFromShape(inputs[0].shape) / channels;
  const program = rows < MANY_ROWS ? few : many;
  const invocations = Math.ceil(channels / WIDTH) * program.workgroup;
  return dispatch(backend, program, inputs, [channels], [rows, channels], invocations);
}

const PLAIN = channelSum("channel sums", ["x"], "x[at]");

const kernel = defineKernel<Record<never, never>>({
  name: "ChannelSums",
  gpu: (backend, { x }) => runChannelSum(backend, PLAIN, [x]),
  oracle({ x }) {
    const channels = x.shape.at(-1)!;
    const sums = hostZeros([channels]);
    x.data.forEach((value, i) => sums.data[i % channels] += value);
    return sums;
  },
});

/** Sum over all axes but the last, [channels]; in a fixed order. */
export function channelSums(x: tf.Tensor): tf.Tensor1D {
  return kernel({ x }, {}) as tf.Tensor1D;
}
