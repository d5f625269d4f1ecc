/**
 * Clipping by the gradients' global norm. The factor never leaves the device, so a step waits for
 * nothing.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Chunks, chunkSums, forEachChunk, LANES, SUM_LANES } from "./chunks.ts";
import { inPlace } from "./in_place.ts";
import type { HostTensor } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { addUp, LARGEST } from "./wgsl_text.ts";

const SQUARES = chunkSums({
  name: "chunk squares",
  inputs: ["values"],
  widths: [4],
  uniforms: {},
  sums: 1,
  term: "dot(values[i], values[i])",
});

const FACTOR: Program = {
  name: "clip factor",
  inputs: ["squares"],
  widths: [1, 1],
  uniforms: { count: "i32", maximum: "f32" },
  workgroup: LANES,
  code: `
var<workgroup> partial : array<f32, ${LANES}>;
fn main(lane : i32) {
  var sum = 0.0;
  for (var i = lane; i < uniforms.count; i += ${LANES}) { sum += squares[i]; }
  partial[lane] = sum;${addUp(LANES)}
  if (lane == 0) {
    let norm = sqrt(partial[0]);
    result[0] = min(1.0, uniforms.maximum / (norm + 1e-6));
    result[1] = norm;
  }
}`,
};

/** {@link chunkSquares} by plain loops. */
export function chunkSquaresOracle(
  values: HostTensor["data"],
  table: Int32Array,
): Float64Array {
  const sums = new Float64Array(table.length / 3);
  forEachChunk(table, (start, end, _, chunk) => {
    for (let i = start; i < end; i++) sums[chunk] += values[i] * values[i];
  });
  return sums;
}

/**
 * Sums of squares of a flat array's chunks.
 *
 * @param sums Where they go, from `chunks.before` on.
 */
export function chunkSquares(values: tf.Tensor, chunks: Chunks, sums: tf.Tensor): void {
  const { table, count, before } = chunks;
  inPlace({
    gpu(backend) {
      dispatch(backend, SQUARES, [table, values], sums, [count, before], count * SUM_LANES);
    },
    cpu(host) {
      host(sums).set(chunkSquaresOracle(host(values), host(table)), before);
    },
  });
}

/** {@link clipFactor} by a plain loop. */
export function clipFactorOracle(
  squares: HostTensor["data"],
  maximum: number,
): [factor: number, norm: number] {
  let sum = 0;
  for (const square of squares) sum += square;
  const norm = Math.sqrt(sum);
  return [Math.min(1, maximum / (norm + 1e-6)), norm];
}

/**
 * Factor that brings the gradients' global L2 norm down to `maximum` (PyTorch's `clip_grad_norm_`),
 * and that norm.
 *
 * @param squares {@link chunkSquares} of all gradients.
 * @param maximum Infinity to clip nothing.
 * @returns [factor ≤ 1, norm], shape [2].
 */
export function clipFactor(squares: tf.Tensor, maximum: number): tf.Tensor1D {
  return inPlace({
    gpu(backend) {
      const uniforms = [squares.size, Math.min(maximum, LARGEST)];
      const clip = dispatch(backend, FACTOR, [squares], [2], uniforms, LANES);
      return tf.engine().makeTensorFromTensorInfo(clip) as tf.Tensor1D;
    },
    cpu: (host) => tf.tensor1d(clipFactorOracle(host(squares), maximum)),
  });
}
