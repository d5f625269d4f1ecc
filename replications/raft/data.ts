/**
 * Batches of RAFT's training stages.
 *
 * Which samples a step sees, and how they are augmented, depends on the seed, the stage and the step
 * alone, so training can stop and go on anywhere.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { randomStream } from "../../base/random.ts";
import { openDataset } from "../../datasets/registry.ts";
import type { FlowDataset, FlowSample } from "../../datasets/sample.ts";
import { intoBatch } from "../flow.ts";
import { augmentDense, augmentSparse, type DenseAugmentation } from "./augment.ts";
import type { MixPart, RaftStage } from "./recipes.ts";

/** Tensors of one training batch. */
export interface RaftBatch extends Readonly<Record<string, tf.Tensor4D>> {
  /** RGB, 0…255, [batch, H, W, 3]. */
  readonly image1: tf.Tensor4D;
  /** RGB, 0…255, [batch, H, W, 3]. */
  readonly image2: tf.Tensor4D;
  /** Pixels, [batch, H, W, 2]. */
  readonly flow: tf.Tensor4D;
  /** 1 where the flow is known, [batch, H, W, 1]. */
  readonly valid: tf.Tensor4D;
}

/** The concatenation of a mix's datasets, each repeated. */
class Mixture {
  private constructor(
    private readonly parts: readonly { dataset: FlowDataset; part: MixPart }[],
    readonly length: number,
  ) {}

  static async open(mix: readonly MixPart[], dataDir: string): Promise<Mixture> {
    const parts: { dataset: FlowDataset; part: MixPart }[] = [];
    for (const part of mix) parts.push({ dataset: await openDataset(part.dataset, dataDir), part });
    const length = parts.reduce((sum, { dataset, part }) => sum + dataset.length * part.repeat, 0);
    return new Mixture(parts, length);
  }

  /** Sample number `index` and how it is augmented. */
  async read(index: number): Promise<{ sample: FlowSample; part: MixPart }> {
    for (const { dataset, part } of this.parts) {
      const count = dataset.length * part.repeat;
      if (index < count) return { sample: await dataset.read(index % dataset.length), part };
      index -= count;
    }
    throw new RangeError("sample index beyond the mixture");
  }
}

const isDense = (settings: MixPart["augmentation"]): settings is DenseAugmentation =>
  "stretch" in settings;

/** Opens a stage's datasets and returns its batches as a function of the step. */
export async function openBatches(
  stage: RaftStage,
  seed: number,
  dataDir: string,
): Promise<(step: number) => Promise<RaftBatch>> {
  const mixture = await Mixture.open(stage.data, dataDir);
  const stream = randomStream(seed, "raft", stage.name);
  let order: { epoch: number; indices: Uint32Array } = { epoch: -1, indices: new Uint32Array() };
  const indexOf = (position: number) => {
    const epoch = Math.floor(position / mixture.length);
    if (order.epoch !== epoch) {
      order = { epoch, indices: stream.fork("order", epoch).permutation(mixture.length) };
    }
    return order.indices[position % mixture.length];
  };
  const { height, width } = stage.data[0].augmentation.crop;
  const pixels = height * width;

  return async (step) => {
    const images = [0, 1].map(() => new Float32Array(stage.batch * pixels * 3));
    const flow = new Float32Array(stage.batch * pixels * 2);
    const valid = new Float32Array(stage.batch * pixels);
    for (let i = 0; i < stage.batch; i++) {
      const position = step * stage.batch + i;
      const { sample, part } = await mixture.read(indexOf(position));
      const draws = stream.fork("augment", position);
      const augmented = isDense(part.augmentation)
        ? augmentDense(sample, part.augmentation, draws)
        : augmentSparse(sample, part.augmentation, draws);
      intoBatch(images[0], i, augmented.image1);
      intoBatch(images[1], i, augmented.image2);
      intoBatch(flow, i, augmented.flow);
      intoBatch(valid, i, augmented.valid);
    }
    const shape = (channels: number): [number, number, number, number] => [
      stage.batch,
      height,
      width,
      channels,
    ];
    return {
      image1: tf.tensor4d(images[0], shape(3)),
      image2: tf.tensor4d(images[1], shape(3)),
      flow: tf.tensor4d(flow, shape(2)),
      valid: tf.tensor4d(valid, shape(1)),
    };
  };
}
