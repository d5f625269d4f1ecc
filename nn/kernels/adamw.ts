/**
 * Adam's and AdamW's update of many parameters at once, in place on the device. They differ in where
 * weight decay enters: in the gradient, or past it.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { type Chunks, eachVec4, forEachChunk, LANES } from "./chunks.ts";
import { inPlace } from "./in_place.ts";
import type { HostTensor } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { FINITE } from "./wgsl_text.ts";

const UPDATE: Program = {
  name: "adamw update",
  inputs: ["chunks", "multipliers", "gradients", "clip", "first", "second"],
  widths: ["i32", 1, 4, 1, "update4", "update4", 4],
  uniforms: {
    chunks: "i32",
    beta1: "f32",
    beta2: "f32",
    fresh1: "f32", // 1 − β1 and 1 − β2, from double precision
    fresh2: "f32",
    join: "f32",
    shrink: "f32",
    stepSize: "f32",
    correction: "f32",
    epsilon: "f32",
  },
  workgroup: LANES,
  code: FINITE + eachVec4(
    `
  if (!finite(clip[1])) { return; }
  let rate = multipliers[2 * tensor];
  let decay = multipliers[2 * tensor + 1];
  let keep = 1.0 - uniforms.shrink * rate * decay;
  let join = uniforms.join * decay;
  let stepSize = uniforms.stepSize * rate;
  let scale = clip[0];`,
    `
    let g = gradients[i] * scale + join * result[i];
    let m = uniforms.beta1 * first[i] + uniforms.fresh1 * g;
    let v = uniforms.beta2 * second[i] + uniforms.fresh2 * g * g;
    first[i] = m;
    second[i] = v;
    let denominator = sqrt(v) * uniforms.correction + uniforms.epsilon;
    result[i] = result[i] * keep - stepSize * m / denominator;`,
  ),
};

/** Settings of one update, with PyTorch's conventions. */
export interface AdamWSettings {
  /** Of this step. */
  readonly learningRate: number;
  /** Share of the first moment that stays. */
  readonly beta1: number;
  /** Share of the second moment that stays. */
  readonly beta2: number;
  /** Added to the square root of the second moment, after its bias is corrected. */
  readonly epsilon: number;
  /** How much of a parameter is taken off it, one way or the other. */
  readonly weightDecay: number;
  /**
   * True: weightDecay times the parameter joins the gradient (Kingma & Ba 2015 with an L2 penalty).
   * False: the parameter shrinks by learningRate · weightDecay (Loshchilov & Hutter 2019).
   */
  readonly coupled: boolean;
  /** Updates done, this one included: 1 at the first. */
  readonly step: number;
}

/** Flat arrays of one length; tensors lie at the same places in all of them. */
export interface AdamWArrays<T> {
  readonly parameters: T;
  readonly gradients: T;
  /** First and second moments, zeros at first. */
  readonly first: T;
  readonly second: T;
}

/** What changes from step to step, in double precision. */
export function stepFactors(
  { learningRate, beta1, beta2, weightDecay, coupled, step }: AdamWSettings,
) {
  return {
    join: coupled ? weightDecay : 0,
    shrink: coupled ? 0 : learningRate * weightDecay,
    stepSize: learningRate / (1 - beta1 ** step),
    correction: 1 / Math.sqrt(1 - beta2 ** step),
  };
}

/** {@link adamwUpdate} by a plain loop; `factor` scales the gradient. */
export function adamwOracle(
  { parameters, gradients, first, second }: AdamWArrays<HostTensor["data"]>,
  table: Int32Array,
  multipliers: HostTensor["data"],
  factor: number,
  settings: AdamWSettings,
): void {
  const { beta1, beta2, epsilon } = settings;
  const { join, shrink, stepSize, correction } = stepFactors(settings);
  forEachChunk(table, (start, end, tensor) => {
    const rate = multipliers[2 * tensor], decay = multipliers[2 * tensor + 1];
    for (let i = start; i < end; i++) {
      const g = gradients[i] * factor + join * decay * parameters[i];
      first[i] = beta1 * first[i] + (1 - beta1) * g;
      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      parameters[i] = parameters[i] * (1 - shrink * rate * decay) -
        stepSize * rate * first[i] / (Math.sqrt(second[i]) * correction + epsilon);
    }
  });
}

/**
 * Updates parameters and their moments in place.
 *
 * @param multipliers For each tensor its factors of learning rate and weight decay, [tensors, 2].
 * @param clip [factor of the gradients, their norm]; where that is not finite, nothing changes.
 */
export function adamwUpdate(
  arrays: AdamWArrays<tf.Tensor>,
  chunks: Chunks,
  multipliers: tf.Tensor,
  clip: tf.Tensor,
  settings: AdamWSettings,
): void {
  const { parameters, gradients, first, second } = arrays;
  const { table, count } = chunks;
  inPlace({
    gpu(backend) {
      const { beta1, beta2, epsilon } = settings;
      const { join, shrink, stepSize, correction } = stepFactors(settings);
      const betas = [beta1, beta2, 1 - beta1, 1 - beta2];
      const uniforms = [count, ...betas, join, shrink, stepSize, correction, epsilon];
      const inputs = [table, multipliers, gradients, clip, first, second];
      dispatch(backend, UPDATE, inputs, parameters, uniforms, count * LANES);
    },
    cpu(host) {
      const values = {
        parameters: host(parameters),
        gradients: host(gradients),
        first: host(first),
        second: host(second),
      };
      const [factor, norm] = host(clip);
      if (!Number.isFinite(norm)) return;
      adamwOracle(values, host(table), host(multipliers), factor, settings);
    },
  });
}
