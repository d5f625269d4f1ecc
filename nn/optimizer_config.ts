/**
 * What an optimiser is told, and what it does.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Parameter } from "./network.ts";

/** How a parameter's treatment differs from the others'. */
export interface Multipliers {
  /** Factor of the learning rate. */
  readonly learningRate: number;
  /** Factor of the weight decay. */
  readonly weightDecay: number;
}

/** What all optimisers are told. */
export interface Common {
  /** Largest global L2 norm of the gradients; larger ones are scaled down. Infinity: none are. */
  readonly clipNorm: number;
  /** Factors for each parameter; 1 and 1 where this is missing. */
  readonly multipliers?: (parameter: Parameter) => Multipliers;
}

/** Settings of AdamW that stay the same over a training stage. */
export interface AdamWConfig extends Common {
  readonly kind: "adamw";
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: a parameter shrinks by learning rate times this. */
  readonly weightDecay: number;
}

/** Settings of Adam that stay the same over a training stage. */
export interface AdamConfig extends Omit<AdamWConfig, "kind"> {
  readonly kind: "adam";
  /** Coupled: this times the parameter joins its gradient. */
  readonly weightDecay: number;
}

/** Settings of SGD that stay the same over a training stage. */
export interface SgdConfig extends Common {
  readonly kind: "sgd";
  /** Share of the velocity that stays. */
  readonly momentum: number;
  /** Coupled: this times the parameter joins its gradient. */
  readonly weightDecay: number;
}

/** Settings of LARS that stay the same over a training stage. */
export interface LarsConfig extends Omit<SgdConfig, "kind"> {
  readonly kind: "lars";
  /** Trust coefficient η. */
  readonly eta: number;
}

/** Which optimiser, and its settings. */
export type OptimizerConfig = AdamWConfig | AdamConfig | SgdConfig | LarsConfig;

/** PyTorch's defaults, and RAFT's clipping. Biases and normalisations decay as well. */
export const adamwDefaults: AdamWConfig = {
  kind: "adamw",
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 1e-2,
  clipNorm: 1,
};

/** Biases and normalisations, which are vectors, are spared from weight decay. */
export const sparingVectors = ({ shape }: Parameter): Multipliers => ({
  learningRate: 1,
  weightDecay: shape.length > 1 ? 1 : 0,
});

/** BYOL's settings (Grill et al. 2020), weight decay apart from biases and normalisations. */
export const larsDefaults: LarsConfig = {
  kind: "lars",
  momentum: 0.9,
  eta: 1e-3,
  weightDecay: 1e-6,
  clipNorm: Infinity,
  multipliers: sparingVectors,
};

/** An update rule with its memory of past gradients. */
export interface Optimizer {
  /** Updates done. */
  readonly step: number;

  /**
   * Takes a step's gradients; they may be disposed of afterwards.
   *
   * @param gradients In the order of the network's trainable parameters.
   * @returns Factor that clips them, and their global norm before it: [factor, norm], shape [2], on
   * the device.
   */
  clip(gradients: readonly tf.Tensor[]): tf.Tensor1D;

  /**
   * Updates every parameter in place, with the gradients that {@link Optimizer.clip} took; changes
   * nothing where their norm is not finite.
   *
   * @param clip What it returned.
   */
  update(clip: tf.Tensor1D, learningRate: number): void;

  /** What it remembers by parameter name, each [memories, size], for a checkpoint. */
  state(): Promise<Map<string, Float32Array>>;

  /**
   * Takes over from a checkpoint of the same kind: what it remembers, and its number of updates.
   *
   * @throws {Error} When a parameter is missing, or remembers another number of values.
   */
  restore(state: ReadonlyMap<string, Float32Array>, step: number): void;

  /** Frees everything but the parameters. */
  dispose(): void;
}
