/**
 * Trust ratios of LARS (You et al. 2017): each tensor's step in proportion to the tensor's length.
 *
 * BYOL's conventions (Grill et al. 2020): η · |w| / |g + λw|, and 1 where a length is zero or where
 * the tensor has no weight decay (biases and normalisations are excluded from both alike).
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { type Chunks, chunkSums, forEachChunk, SUM_LANES } from "./chunks.ts";
import { inPlace } from "./in_place.ts";
import type { HostTensor } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { addUp } from "./wgsl_text.ts";

const SQUARES = chunkSums({
  name: "trust squares",
  inputs: ["multipliers", "parameters", "gradients", "clip"],
  widths: [1, 4, 4, 1],
  uniforms: { weightDecay: "f32" },
  sums: 2,
  term: "squares(i, uniforms.weightDecay * multipliers[2 * tensor + 1])",
  helpers: `
fn squares(i : i32, decay : f32) -> vec2<f32> {
  let w = parameters[i];
  let g = gradients[i] * clip[0] + decay * w;
  return vec2<f32>(dot(w, w), dot(g, g));
}`,
});

const RATIOS: Program = {
  name: "trust ratios",
  inputs: ["squares", "ranges", "multipliers"],
  widths: [1, "i32", 1, 1],
  uniforms: { tensors: "i32", eta: "f32" },
  workgroup: SUM_LANES,
  code: `
var<workgroup> partial : array<vec2<f32>, ${SUM_LANES}>;
fn main(index : i32) {
  let lane = index % ${SUM_LANES};
  let tensor = min(index / ${SUM_LANES}, uniforms.tensors - 1);
  var sum = vec2<f32>();
  for (var i = ranges[2 * tensor] + lane; i < ranges[2 * tensor + 1]; i += ${SUM_LANES}) {
    sum += vec2<f32>(squares[2 * i], squares[2 * i + 1]);
  }
  partial[lane] = sum;${addUp(SUM_LANES)}
  if (lane == 0) {
    let lengths = sqrt(partial[0]);
    var ratio = 1.0;
    if (multipliers[2 * tensor + 1] != 0.0 && lengths.x > 0.0 && lengths.y > 0.0) {
      ratio = uniforms.eta * lengths.x / lengths.y;
    }
    result[tensor] = ratio;
  }
}`,
};

/** Flat arrays of one length; tensors lie at the same places in both. */
export interface TrustArrays<T> {
  readonly parameters: T;
  readonly gradients: T;
}

/** {@link trustSquares} by plain loops; `factor` scales the gradient. */
export function trustSquaresOracle(
  { parameters, gradients }: TrustArrays<HostTensor["data"]>,
  table: Int32Array,
  multipliers: HostTensor["data"],
  factor: number,
  weightDecay: number,
): Float64Array {
  const sums = new Float64Array(table.length / 3 * 2);
  forEachChunk(table, (start, end, tensor, chunk) => {
    const decay = weightDecay * multipliers[2 * tensor + 1];
    for (let i = start; i < end; i++) {
      const w = parameters[i], g = gradients[i] * factor + decay * w;
      sums[2 * chunk] += w * w;
      sums[2 * chunk + 1] += g * g;
    }
  });
  return sums;
}

/**
 * Squared lengths of a flat array's chunks: of the parameters, and of the clipped gradients with
 * weight decay.
 *
 * @param multipliers For each tensor its factors of learning rate and weight decay, [tensors, 2].
 * @param clip [factor of all gradients, ...].
 * @param sums Where they go, [all chunks, 2], from row `chunks.before` on.
 */
export function trustSquares(
  { parameters, gradients }: TrustArrays<tf.Tensor>,
  { table, count, before }: Chunks,
  multipliers: tf.Tensor,
  clip: tf.Tensor,
  weightDecay: number,
  sums: tf.Tensor,
): void {
  inPlace({
    gpu(backend) {
      const inputs = [table, multipliers, parameters, gradients, clip];
      dispatch(backend, SQUARES, inputs, sums, [count, before, weightDecay], count * SUM_LANES);
    },
    cpu(host) {
      const values = { parameters: host(parameters), gradients: host(gradients) };
      const [factor] = host(clip);
      host(sums).set(
        trustSquaresOracle(values, host(table), host(multipliers), factor, weightDecay),
        2 * before,
      );
    },
  });
}

/** {@link trustRatios} by plain loops. */
export function trustRatiosOracle(
  squares: HostTensor["data"],
  ranges: Int32Array,
  multipliers: HostTensor["data"],
  eta: number,
): Float64Array {
  return Float64Array.from({ length: ranges.length / 2 }, (_, tensor) => {
    let w = 0, g = 0;
    for (let i = ranges[2 * tensor]; i < ranges[2 * tensor + 1]; i++) {
      w += squares[2 * i];
      g += squares[2 * i + 1];
    }
    const adapted = multipliers[2 * tensor + 1] !== 0 && w > 0 && g > 0;
    return adapted ? eta * Math.sqrt(w) / Math.sqrt(g) : 1;
  });
}

/**
 * The trust ratio of every tensor.
 *
 * @param squares {@link trustSquares} of all chunks.
 * @param ranges int32 [tensors, 2]: each tensor's first chunk, and the one after its last.
 * @param multipliers For each tensor its factors of learning rate and weight decay, [tensors, 2].
 * @param eta Trust coefficient.
 * @param ratios Where they go, [tensors].
 */
export function trustRatios(
  squares: tf.Tensor,
  ranges: tf.Tensor,
  multipliers: tf.Tensor,
  eta: number,
  ratios: tf.Tensor,
): void {
  inPlace({
    gpu(backend) {
      const inputs = [squares, ranges, multipliers];
      dispatch(backend, RATIOS, inputs, ratios, [ratios.size, eta], ratios.size * SUM_LANES);
    },
    cpu(host) {
      host(ratios).set(trustRatiosOracle(host(squares), host(ranges), host(multipliers), eta));
    },
  });
}
