/**
 * The update of gradient descent with momentum, of many parameters at once, in place on the device.
 *
 * PyTorch's SGD, and LARS (You et al. 2017) where a tensor's step is scaled by its trust ratio.
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
  name: "momentum update",
  inputs: ["chunks", "multipliers", "trust", "gradients", "clip", "velocity"],
  widths: ["i32", 1, 1, 4, 1, "update4", 4],
  uniforms: { chunks: "i32", learningRate: "f32", momentum: "f32", weightDecay: "f32" },
  workgroup: LANES,
  code: FINITE + eachVec4(
    `
  if (!finite(clip[1])) { return; }
  let rate = uniforms.learningRate * multipliers[2 * tensor];
  let decay = uniforms.weightDecay * multipliers[2 * tensor + 1];
  let scale = clip[0];
  let ratio = trust[tensor];`,
    `
    let w = result[i];
    let g = gradients[i] * scale + decay * w;
    let v = uniforms.momentum * velocity[i] + ratio * g;
    velocity[i] = v;
    result[i] = w - rate * v;`,
  ),
};

/** Settings of one update. */
export interface MomentumSettings {
  /** Of this step. */
  readonly learningRate: number;
  /** Share of the velocity that stays. */
  readonly momentum: number;
  /** Coupled: weightDecay times the parameter joins the gradient. */
  readonly weightDecay: number;
}

/** Flat arrays of one length; tensors lie at the same places in all of them. */
export interface MomentumArrays<T> {
  readonly parameters: T;
  readonly gradients: T;
  /** Zeros at first. */
  readonly velocity: T;
}

/** {@link momentumUpdate} by a plain loop; `factor` scales the gradient. */
export function momentumOracle(
  { parameters, gradients, velocity }: MomentumArrays<HostTensor["data"]>,
  table: Int32Array,
  multipliers: HostTensor["data"],
  trust: HostTensor["data"],
  factor: number,
  { learningRate, momentum, weightDecay }: MomentumSettings,
): void {
  forEachChunk(table, (start, end, tensor) => {
    const rate = learningRate * multipliers[2 * tensor];
    const decay = weightDecay * multipliers[2 * tensor + 1];
    for (let i = start; i < end; i++) {
      const g = gradients[i] * factor + decay * parameters[i];
      velocity[i] = momentum * velocity[i] + trust[tensor] * g;
      parameters[i] -= rate * velocity[i];
    }
  });
}

/**
 * Updates parameters and their velocities in place.
 *
 * @param multipliers For each tensor its factors of learning rate and weight decay, [tensors, 2].
 * @param trust For each tensor the factor of its gradient, [tensors]; ones for plain SGD.
 * @param clip [factor of all gradients, their norm]; where that is not finite, nothing changes.
 */
export function momentumUpdate(
  arrays: MomentumArrays<tf.Tensor>,
  chunks: Chunks,
  multipliers: tf.Tensor,
  trust: tf.Tensor,
  clip: tf.Tensor,
  settings: MomentumSettings,
): void {
  const { parameters, gradients, velocity } = arrays;
  const { table, count } = chunks;
  inPlace({
    gpu(backend) {
      const { learningRate, momentum, weightDecay } = settings;
      const uniforms = [count, learningRate, momentum, weightDecay];
      const inputs = [table, multipliers, trust, gradients, clip, velocity];
      dispatch(backend, UPDATE, inputs, parameters, uniforms, count * LANES);
    },
    cpu(host) {
      const values = {
        parameters: host(parameters),
        gradients: host(gradients),
        velocity: host(velocity),
      };
      const [factor, norm] = host(clip);
      if (!Number.isFinite(norm)) return;
      momentumOracle(values, host(table), host(multipliers), host(trust), factor, settings);
    },
  });
}
