/**
 * Adam and AdamW out of TensorFlow.js' own operations, parameter by parameter: what ours is compared with.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { stepFactors } from "./kernels/adamw.ts";
import { LARGEST } from "./kernels/wgsl_text.ts";
import type { Network, Parameter } from "./network.ts";
import type { AdamConfig, AdamWConfig, Optimizer } from "./optimizer_config.ts";

/** {@link Optimizer} of the same rule and memory as AdamW, on the "stock" kernel set. */
export class StockAdamW implements Optimizer {
  step = 0;
  private readonly parameters: readonly Parameter[];
  private readonly moments = new Map<string, tf.Variable>();
  private gradients: tf.Tensor[] = [];

  constructor(network: Network, private readonly config: AdamWConfig | AdamConfig) {
    this.parameters = network.trainable;
    for (const { name, tensor } of this.parameters) {
      const zeros = tf.zeros([2, tensor.size]);
      this.moments.set(name, tf.variable(zeros));
      zeros.dispose();
    }
  }

  clip(gradients: readonly tf.Tensor[]): tf.Tensor1D {
    tf.dispose(this.gradients);
    this.gradients = gradients.map((g) => tf.keep(g.clone()));
    return tf.tidy(() => {
      // addN binds all of them at once, more than a shader may.
      const squares = tf.stack(gradients.map((g) => tf.sum(tf.square(g))));
      const norm = tf.sqrt(tf.sum(squares));
      const factor = tf.minimum(1, tf.div(this.config.clipNorm, tf.add(norm, 1e-6)));
      return tf.stack([factor, norm]) as tf.Tensor1D;
    });
  }

  update(clip: tf.Tensor1D, learningRate: number): void {
    this.step++;
    const { beta1, beta2, epsilon } = this.config;
    this.parameters.forEach((parameter, i) => {
      const { tensor, name } = parameter;
      const own = this.config.multipliers?.(parameter) ?? { learningRate: 1, weightDecay: 1 };
      const { join, shrink, stepSize, correction } = stepFactors({
        ...this.config,
        coupled: this.config.kind === "adam",
        learningRate: learningRate * own.learningRate,
        weightDecay: this.config.weightDecay * own.weightDecay,
        step: this.step,
      });
      const moments = this.moments.get(name)!;
      tf.tidy(() => {
        const [m1, m2] = tf.unstack(moments);
        const clipped = tf.mul(tf.reshape(this.gradients[i], m1.shape), tf.slice(clip, 0, 1));
        const g = tf.add(clipped, tf.mul(tf.reshape(tensor, m1.shape), join));
        const first = tf.add(tf.mul(m1, beta1), tf.mul(g, 1 - beta1));
        const second = tf.add(tf.mul(m2, beta2), tf.mul(tf.square(g), 1 - beta2));
        const sound = tf.less(tf.slice(clip, 1, 1), LARGEST);
        moments.assign(tf.where(sound, tf.stack([first, second]), moments));
        const denominator = tf.add(tf.mul(tf.sqrt(second), correction), epsilon);
        const change = tf.mul(tf.div(first, denominator), stepSize);
        const moved = tf.sub(tf.mul(tensor, 1 - shrink), tf.reshape(change, tensor.shape));
        tensor.assign(tf.where(sound, moved, tensor));
      });
    });
  }

  async state(): Promise<Map<string, Float32Array>> {
    const state = new Map<string, Float32Array>();
    for (const [name, moments] of this.moments) {
      state.set(name, await moments.data() as Float32Array);
    }
    return state;
  }

  restore(state: ReadonlyMap<string, Float32Array>, step: number): void {
    for (const [name, moments] of this.moments) {
      const values = state.get(name);
      if (values?.length !== moments.size) throw new Error(`no optimizer state for ${name}`);
      tf.tidy(() => moments.assign(tf.tensor(values, moments.shape)));
    }
    this.step = step;
  }

  dispose(): void {
    tf.dispose([...this.gradients, ...this.moments.values()]);
  }
}
