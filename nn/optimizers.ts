/**
 * Adam, AdamW, SGD with momentum and LARS over a network's parameters, with clipping by the global norm.
 *
 * Gradients, parameters and what an optimiser remembers lie in flat arrays ({@link Arena}), so an
 * update takes a handful of dispatches however many parameters there are. The parameters' own
 * tensors stay the truth: an update copies them into the arena and the new values back, so between
 * updates anything may change them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Arena, Layout } from "./arena.ts";
import { adamwUpdate } from "./kernels/adamw.ts";
import type { Chunks } from "./kernels/chunks.ts";
import { chunkSquares, clipFactor } from "./kernels/clip.ts";
import { momentumUpdate } from "./kernels/momentum.ts";
import { type KernelSet, kernelSet } from "./kernels/selection.ts";
import { trustRatios, trustSquares } from "./kernels/trust.ts";
import type { Network, Parameter } from "./network.ts";
import type {
  AdamConfig,
  AdamWConfig,
  Common,
  LarsConfig,
  Optimizer,
  OptimizerConfig,
  SgdConfig,
} from "./optimizer_config.ts";
import { StockAdamW } from "./stock_adamw.ts";

/** An optimiser on flat arrays. */
abstract class FlatOptimizer implements Optimizer {
  step = 0;
  /** The trainable parameters. */
  private readonly parameters: readonly Parameter[];
  /** Where they lie in the flat arrays. */
  protected readonly layout: Layout;
  /** Their numbers, during an update. */
  protected readonly values: Arena;
  /** The gradients that {@link Optimizer.clip} took. */
  protected readonly gradients: Arena;
  /** What it remembers: moments, or velocities. */
  protected readonly memories: readonly Arena[];
  /** The chunks of each flat array. */
  protected readonly chunks: readonly Chunks[];
  /** For each parameter its factors of learning rate and weight decay, [parameters, 2]. */
  protected readonly multipliers: tf.Tensor;
  private readonly squares: tf.Tensor;

  /**
   * @param memories Numbers remembered for each number of a parameter.
   * @param limit Largest flat array in bytes; what the adapter binds where it is missing.
   */
  constructor(
    network: Network,
    private readonly common: Common,
    memories: number,
    limit?: number,
  ) {
    this.parameters = network.trainable;
    this.layout = new Layout(this.parameters.map(({ tensor }) => tensor.size), limit);
    this.values = new Arena(this.layout);
    this.gradients = new Arena(this.layout);
    this.memories = Array.from({ length: memories }, () => new Arena(this.layout));
    this.chunks = this.layout.chunks();
    const table = this.parameters.map((parameter) => {
      const { learningRate, weightDecay } = common.multipliers?.(parameter) ??
        { learningRate: 1, weightDecay: 1 };
      return [learningRate, weightDecay];
    });
    this.multipliers = tf.keep(tf.tensor2d(table));
    this.squares = tf.keep(tf.zeros([this.chunkCount]));
  }

  /** Chunks of all flat arrays. */
  protected get chunkCount(): number {
    const { before, count } = this.chunks.at(-1)!;
    return before + count;
  }

  clip(gradients: readonly tf.Tensor[]): tf.Tensor1D {
    this.gradients.gather(gradients);
    this.chunks.forEach((chunks, part) =>
      chunkSquares(this.gradients.parts[part], chunks, this.squares)
    );
    return clipFactor(this.squares, this.common.clipNorm);
  }

  update(clip: tf.Tensor1D, learningRate: number): void {
    this.step++;
    const tensors = this.parameters.map(({ tensor }) => tensor);
    this.values.gather(tensors);
    this.updateArrays(clip, learningRate);
    this.values.scatter(tensors);
  }

  /** Updates the flat arrays. */
  protected abstract updateArrays(clip: tf.Tensor1D, learningRate: number): void;

  async state(): Promise<Map<string, Float32Array>> {
    const memories = await Promise.all(this.memories.map((arena) => arena.read()));
    return new Map(this.parameters.map(({ name, tensor: { size } }, i) => {
      const rows = new Float32Array(memories.length * size);
      memories.forEach((memory, row) => rows.set(memory[i], row * size));
      return [name, rows];
    }));
  }

  restore(state: ReadonlyMap<string, Float32Array>, step: number): void {
    const rows = this.parameters.map(({ name, tensor: { size } }) => {
      const values = state.get(name);
      if (values?.length !== this.memories.length * size) {
        throw new Error(`no optimizer state for ${name}`);
      }
      return values;
    });
    this.memories.forEach((arena, row) =>
      arena.write(rows.map((values) => {
        const size = values.length / this.memories.length;
        return values.subarray(row * size, (row + 1) * size);
      }))
    );
    this.step = step;
  }

  dispose(): void {
    for (const arena of [this.values, this.gradients, ...this.memories]) arena.dispose();
    tf.dispose([this.multipliers, this.squares, ...this.chunks.map(({ table }) => table)]);
  }
}

/** Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019); it remembers two moments. */
export class AdamW extends FlatOptimizer {
  /** @param limit Largest flat array in bytes; what the adapter binds where it is missing. */
  constructor(
    network: Network,
    private readonly config: AdamWConfig | AdamConfig,
    limit?: number,
  ) {
    super(network, config, 2, limit);
  }

  /** Updates the flat arrays. */
  protected override updateArrays(clip: tf.Tensor1D, learningRate: number): void {
    const coupled = this.config.kind === "adam";
    const settings = { ...this.config, coupled, learningRate, step: this.step };
    const [first, second] = this.memories;
    this.chunks.forEach((chunks, part) => {
      const arrays = {
        parameters: this.values.parts[part],
        gradients: this.gradients.parts[part],
        first: first.parts[part],
        second: second.parts[part],
      };
      adamwUpdate(arrays, chunks, this.multipliers, clip, settings);
    });
  }
}

/** Gradient descent with momentum as PyTorch has it; it remembers velocities. */
export class Sgd extends FlatOptimizer {
  /** Factor of each parameter's gradient. */
  protected readonly trust: tf.Tensor;

  /** @param limit Largest flat array in bytes; what the adapter binds where it is missing. */
  constructor(
    network: Network,
    private readonly settings: Omit<SgdConfig, "kind">,
    limit?: number,
  ) {
    super(network, settings, 1, limit);
    this.trust = tf.keep(tf.ones([this.layout.places.length]));
  }

  /** Updates the flat arrays. */
  protected override updateArrays(clip: tf.Tensor1D, learningRate: number): void {
    const settings = { ...this.settings, learningRate };
    const [velocity] = this.memories;
    this.chunks.forEach((chunks, part) => {
      const arrays = {
        parameters: this.values.parts[part],
        gradients: this.gradients.parts[part],
        velocity: velocity.parts[part],
      };
      momentumUpdate(arrays, chunks, this.multipliers, this.trust, clip, settings);
    });
  }

  /** Frees everything but the parameters. */
  override dispose(): void {
    super.dispose();
    this.trust.dispose();
  }
}

/**
 * LARS (You et al. 2017) as BYOL uses it: {@link Sgd} whose steps are scaled to each parameter's
 * length. A parameter without weight decay is not scaled.
 */
export class Lars extends Sgd {
  private readonly ranges: tf.Tensor;
  private readonly lengths: tf.Tensor;

  /** @param limit Largest flat array in bytes; what the adapter binds where it is missing. */
  constructor(network: Network, private readonly config: LarsConfig, limit?: number) {
    super(network, config, limit);
    const ranges = this.layout.chunkRanges();
    this.ranges = tf.keep(tf.tensor2d(ranges, [ranges.length / 2, 2], "int32"));
    this.lengths = tf.keep(tf.zeros([this.chunkCount, 2]));
  }

  /** Updates the flat arrays. */
  protected override updateArrays(clip: tf.Tensor1D, learningRate: number): void {
    const { weightDecay, eta } = this.config;
    this.chunks.forEach((chunks, part) => {
      const arrays = { parameters: this.values.parts[part], gradients: this.gradients.parts[part] };
      trustSquares(arrays, chunks, this.multipliers, clip, weightDecay, this.lengths);
    });
    trustRatios(this.lengths, this.ranges, this.multipliers, eta, this.trust);
    super.updateArrays(clip, learningRate);
  }

  /** Frees everything but the parameters. */
  override dispose(): void {
    super.dispose();
    tf.dispose([this.ranges, this.lengths]);
  }
}

/**
 * The optimiser of a configuration.
 *
 * @param kernels "stock" for Adam and AdamW out of TensorFlow.js' own operations; the others have
 * none.
 */
export function createOptimizer(
  network: Network,
  config: OptimizerConfig,
  kernels: KernelSet = kernelSet(),
): Optimizer {
  switch (config.kind) {
    case "adam":
    case "adamw":
      return kernels === "stock" ? new StockAdamW(network, config) : new AdamW(network, config);
    case "sgd":
      return new Sgd(network, config);
    case "lars":
      return new Lars(network, config);
  }
}
