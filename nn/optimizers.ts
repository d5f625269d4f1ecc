/**
 * AdamW with global-norm clipping over a network's parameters.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { adamwUpdate, clipFactor } from "./kernels/adamw.ts";
import type { Network, Parameter } from "./network.ts";

/** Settings that stay the same over a training stage. */
export interface AdamWConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled decay of every parameter, biases and norms included. */
  readonly weightDecay: number;
  /** Largest global L2 norm of the gradients; larger ones are scaled down. */
  readonly clipNorm: number;
}

/** PyTorch's defaults, and RAFT's clipping. */
export const adamwDefaults: AdamWConfig = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 1e-2,
  clipNorm: 1,
};

/** AdamW (Loshchilov & Hutter 2019); its state is two moments a parameter and the number of steps. */
export class AdamW {
  /** Updates done. */
  step = 0;
  private readonly parameters: Parameter[];
  private readonly moments = new Map<string, tf.Variable>();

  constructor(network: Network, private readonly config: AdamWConfig) {
    this.parameters = network.trainable;
    for (const { name, tensor } of this.parameters) {
      const zeros = tf.zeros([2, tensor.size]);
      this.moments.set(name, tf.variable(zeros));
      zeros.dispose();
    }
  }

  /**
   * Factor that clips the gradients, and their global norm before it; on the device.
   *
   * @returns [factor, norm], shape [2].
   */
  clip(gradients: readonly tf.Tensor[]): tf.Tensor1D {
    return clipFactor(gradients, this.config.clipNorm);
  }

  /**
   * Updates every parameter in place.
   *
   * @param gradients In the order of the network's trainable parameters.
   * @param clip {@link AdamW.clip} of them.
   */
  update(gradients: readonly tf.Tensor[], clip: tf.Tensor1D, learningRate: number): void {
    this.step++;
    this.parameters.forEach(({ name, tensor }, i) => {
      const settings = { ...this.config, learningRate, step: this.step };
      adamwUpdate(tensor, gradients[i], this.moments.get(name)!, clip, settings);
    });
  }

  /** Moments by parameter name, each [2, size], for a checkpoint. */
  async state(): Promise<Map<string, Float32Array>> {
    const state = new Map<string, Float32Array>();
    for (const [name, moments] of this.moments) {
      state.set(name, await moments.data() as Float32Array);
    }
    return state;
  }

  /** Takes a checkpoint's moments and number of steps over. */
  restore(state: ReadonlyMap<string, Float32Array>, step: number): void {
    for (const [name, moments] of this.moments) {
      const values = state.get(name);
      if (values?.length !== moments.size) throw new Error(`no optimizer state for ${name}`);
      tf.tidy(() => moments.assign(tf.tensor(values, moments.shape)));
    }
    this.step = step;
  }

  /** Frees the moments. */
  dispose(): void {
    for (const moments of this.moments.values()) moments.dispose();
  }
}
