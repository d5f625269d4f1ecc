/**
 * Batches of a flow paper's training stages.
 *
 * Which samples a step sees, and how they are augmented, depends on the seed, the stage and the step
 * alone, so training can stop and go on anywhere.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type FlowField, type Mask, type NdArray, packed } from "../base/arrays.ts";
import { type RandomStream, randomStream } from "../base/random.ts";
import type { Size } from "../datasets/augment/crop.ts";
import { openDataset } from "../datasets/registry.ts";
import type { FlowDataset, FlowSample } from "../datasets/sample.ts";

/** Tensors of one training batch. */
export interface FlowBatch extends Readonly<Record<string, tf.Tensor4D>> {
  /** RGB, 0…255, [batch, H, W, 3]. */
  readonly image1: tf.Tensor4D;
  /** RGB, 0…255, [batch, H, W, 3]. */
  readonly image2: tf.Tensor4D;
  /** Pixels, [batch, H, W, 2]. */
  readonly flow: tf.Tensor4D;
  /** 1 where the flow is known, [batch, H, W, 1]. */
  readonly valid: tf.Tensor4D;
}

/** One dataset of a mix; `A` are a paper's settings of augmentation. */
export interface MixPart<A> {
  /** `id:split`. */
  readonly dataset: string;
  /** How often each sample counts. */
  readonly repeat: number;
  readonly augmentation: A;
}

/** What a stage's batches are made of. */
export interface BatchSettings<A> {
  readonly name: string;
  readonly data: readonly MixPart<A>[];
  readonly batch: number;
}

/** A sample after augmentation; grey levels need not be whole any more. */
export interface AugmentedSample {
  /** RGB, 0…255, [H, W, 3]. */
  readonly image1: NdArray<Uint8Array> | NdArray<Float32Array>;
  /** RGB, 0…255, [H, W, 3]. */
  readonly image2: NdArray<Uint8Array> | NdArray<Float32Array>;
  /** Pixels; zero where unknown. */
  readonly flow: FlowField;
  /** 1 where the flow is known. */
  readonly valid: Mask;
}

/**
 * A paper's augmentation.
 *
 * @param step Of the stage, from 0.
 * @returns A sample of the size that `settings.crop` says.
 */
export type Augment<A> = (
  sample: FlowSample,
  settings: A,
  stream: RandomStream,
  step: number,
) => AugmentedSample;

/** Where batches come from and what happens to them. */
export interface BatchOptions<A> {
  /** Names the random streams. */
  readonly paper: string;
  readonly seed: number;
  readonly dataDir: string;
  readonly augment: Augment<A>;
}

/** The concatenation of a mix's datasets, each repeated. */
class Mixture<A> {
  private constructor(
    private readonly parts: readonly { dataset: FlowDataset; part: MixPart<A> }[],
    readonly length: number,
  ) {}

  static async open<A>(mix: readonly MixPart<A>[], dataDir: string): Promise<Mixture<A>> {
    const parts: { dataset: FlowDataset; part: MixPart<A> }[] = [];
    for (const part of mix) parts.push({ dataset: await openDataset(part.dataset, dataDir), part });
    const length = parts.reduce((sum, { dataset, part }) => sum + dataset.length * part.repeat, 0);
    return new Mixture(parts, length);
  }

  /** Sample number `index` and how it is augmented. */
  async read(index: number): Promise<{ sample: FlowSample; part: MixPart<A> }> {
    for (const { dataset, part } of this.parts) {
      const count = dataset.length * part.repeat;
      if (index < count) return { sample: await dataset.read(index % dataset.length), part };
      index -= count;
    }
    throw new RangeError("sample index beyond the mixture");
  }
}

/** Opens a stage's datasets and returns its batches as a function of the step. */
export async function openBatches<A extends { readonly crop: Size }>(
  stage: BatchSettings<A>,
  { paper, seed, dataDir, augment }: BatchOptions<A>,
): Promise<(step: number) => Promise<FlowBatch>> {
  const mixture = await Mixture.open(stage.data, dataDir);
  const stream = randomStream(seed, paper, stage.name);
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
      const augmented = augment(sample, part.augmentation, stream.fork("augment", position), step);
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

/** Copies an array into its place in a batch, whatever its strides. */
function intoBatch(
  batch: Float32Array,
  index: number,
  view: NdArray<Uint8Array> | NdArray<Float32Array>,
): void {
  const values = packed(view as NdArray<Float32Array>);
  batch.set(values, index * values.length);
}
