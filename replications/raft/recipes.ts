/**
 * RAFT's training recipes.
 *
 * @module
 */
import type { MixPart } from "../flow_batches.ts";
import type { HeldOut } from "../flow_stages.ts";
import type { Recipe } from "../replication.ts";
import { augmentation, type DenseAugmentation, type RaftAugmentation } from "./augment.ts";
import { large, type RaftConfig, small } from "./model.ts";

/** One training stage (the official `train_standard.sh`; Teed & Deng 2020, section 4). */
export interface RaftStage {
  readonly name: string;
  readonly data: readonly MixPart<RaftAugmentation>[];
  readonly steps: number;
  readonly batch: number;
  /** Peak of the one-cycle schedule. */
  readonly learningRate: number;
  /** Steps by which the schedule is longer than the training; the official code's is 100. */
  readonly beyond: number;
  readonly weightDecay: number;
  /** Discount of earlier predictions in the sequence loss. */
  readonly gamma: number;
  /** Batch normalisation with batch statistics, or frozen. */
  readonly batchNorm: "batch" | "frozen";
  /** What weights after this stage were trained on, as `published.json` has it. */
  readonly trainedOn?: string;
  /** Dataset scored during this stage instead of the recipe's. */
  readonly heldOut?: string;
}

/** A complete setup: model and stages. */
export interface RaftRecipe extends Recipe {
  readonly model: RaftConfig;
  /** Update iterations of a training step. */
  readonly iterations: number;
  /**
   * Runs residual blocks and iterations again on the way back instead of keeping what lies in them:
   * much less memory for a third more work, and the same bits. Default false.
   */
  readonly recompute?: boolean;
  readonly stages: readonly RaftStage[];
  /** With the iteration counts of the iterations chart. */
  readonly heldOut: HeldOut & { readonly alsoAt: readonly number[] };
}

/** The small model with half its width behind the encoders, for pictures of a hundred pixels. */
const tiny: RaftConfig = {
  kind: "small",
  encoder: small.encoder,
  features: 64,
  hidden: 32,
  context: 32,
  levels: 2,
  radius: 3,
  motion: { convc1: 48, convc2: 0, convf1: 32, convf2: 16, conv: 30 },
  head: 48,
  centeredFeatures: true,
};

/** The Chairs augmentation on small pictures: rectangles scale with the picture. */
const onSmallPictures = (height: number, width: number, scale: readonly [number, number]) => ({
  ...augmentation.chairs,
  crop: { height, width },
  scale,
  eraser: {
    ...augmentation.chairs.eraser,
    size: [0.13, 0.26] as const,
    unit: "shorter side" as const,
  },
});

/** Crops and flips only: what a few hundred steps can take in. */
const cropsAndFlips = (height: number, width: number): DenseAugmentation => ({
  ...augmentation.chairs,
  crop: { height, width },
  jitter: { brightness: 0, contrast: 0, saturation: 0, hue: 0 },
  eraser: { ...augmentation.chairs.eraser, probability: 0 },
  resizeProbability: 0,
  flips: { horizontal: 0.5, vertical: 0.5 },
});

/** What the stages on moving-shapes share. */
const shapesStage = {
  beyond: 0,
  weightDecay: 1e-4,
  gamma: 0.8,
  batchNorm: "frozen",
} as const;

const demo: RaftRecipe = {
  name: "demo",
  scale: "RAFT-small with a narrower update, trained for minutes on generated 80×80 crops",
  notes: [
    "Trained on the embedded moving-shapes videos instead of FlyingChairs and FlyingThings3D.",
    "The small model's encoders; behind them half its channels, a third of its state, and two correlation " +
    "levels instead of four.",
    "4 update iterations in training instead of 12, a higher learning rate for the short schedule, " +
    "and no augmentation but crops and flips.",
    "Pictures are mirrored top to bottom with probability 0.5 instead of 0.1.",
    "Matching features start centred, so that a few hundred steps suffice to learn matching.",
  ],
  trainedOn: "moving-shapes",
  checkpointEvery: 100,
  model: tiny,
  iterations: 4,
  stages: [{
    name: "shapes",
    data: [{ dataset: "moving-shapes:train", repeat: 1, augmentation: cropsAndFlips(80, 80) }],
    steps: 830,
    batch: 4,
    learningRate: 1e-3,
    ...shapesStage,
  }],
  heldOut: { dataset: "moving-shapes:test", samples: 12, every: 400, alsoAt: [1, 2, 4, 8, 12] },
};

const smallRecipe: RaftRecipe = {
  name: "small",
  scale: "RAFT-small, trained for about an hour on generated 96×128 and 192×256 crops",
  notes: [
    "Trained on the embedded moving-shapes-large videos instead of FlyingChairs and FlyingThings3D.",
    "A short schedule: 1,900 steps of one or two pairs instead of 200,000 of ten and six, higher " +
    "learning rates for it, and 8 update iterations instead of 12.",
    "Pictures are scaled by 2^−0.4 to 2^0.4 in the first stage, and by 2^0 to 2^0.6, always, in the " +
    "second, instead of by 2^−0.1 to 2^1 with probability 0.8, as Chairs.",
    "Rectangles that hide parts of picture 2 measure 0.13 to 0.26 of its shorter side instead of 50 to " +
    "100 pixels.",
    "Matching features start centred, so that the short schedule suffices to learn matching.",
  ],
  trainedOn: "moving-shapes-large",
  checkpointEvery: 50,
  model: { ...small, centeredFeatures: true },
  iterations: 8,
  stages: [
    {
      name: "crops",
      data: [{
        dataset: "moving-shapes-large:train",
        repeat: 1,
        augmentation: onSmallPictures(96, 128, [-0.4, 0.4]),
      }],
      steps: 1200,
      batch: 2,
      learningRate: 8e-4,
      ...shapesStage,
    },
    // In a crop of 96×128 the coarsest correlation level is 1×2 cells: what the model makes of
    // such levels fails on real pictures, where they hold many.
    {
      name: "whole pictures",
      data: [{
        dataset: "moving-shapes-large:train",
        repeat: 1,
        augmentation: { ...onSmallPictures(192, 256, [0, 0.6]), resizeProbability: 1 },
      }],
      steps: 700,
      batch: 1,
      learningRate: 4e-4,
      ...shapesStage,
    },
  ],
  heldOut: {
    dataset: "moving-shapes-large:test",
    samples: 12,
    every: 300,
    alsoAt: [1, 2, 4, 8, 12, 24],
  },
};

const sintelMix = (dataset: string, repeat: number): MixPart<RaftAugmentation> => ({
  dataset,
  repeat,
  augmentation: augmentation.sintel,
});

/** The official standard schedule: two GPUs, single precision. */
const paper: RaftRecipe = {
  name: "paper",
  scale: "RAFT as published: four stages, 350,000 steps on Chairs, Things, Sintel, KITTI and HD1K",
  notes: [
    "Batch 10 in the first stage, as in the official code; the paper's text says 12.",
    "Batch normalisation of the first stage takes the statistics of all 10 crops; the official code has " +
    "two GPUs, takes those of 5 on each and keeps the running ones of the first.",
    "The official loop makes one update more in each stage than the steps it is asked for.",
    "The paper trains three seeds and reports the median one; this is one seed.",
    "Published numbers belong to weights after a stage: C after chairs, C+T after things, C+T+S+K+H " +
    "after sintel. They are kept; evaluate --stage scores them.",
    "The stages are scored on the way on 64 pairs each, of Chairs' validation split, twice of Sintel's " +
    "clean pass, and of KITTI; the official code takes all pairs, and Sintel's final pass too. In the " +
    "last two stages they are trained on as well.",
  ],
  trainedOn: "C+T+S+K+H, then KITTI",
  checkpointEvery: 1000,
  model: large,
  iterations: 12,
  recompute: true,
  stages: [
    {
      name: "chairs",
      data: [{ dataset: "flying-chairs:train", repeat: 1, augmentation: augmentation.chairs }],
      steps: 100_000,
      batch: 10,
      learningRate: 4e-4,
      beyond: 100,
      weightDecay: 1e-4,
      gamma: 0.8,
      batchNorm: "batch",
      trainedOn: "C",
    },
    {
      name: "things",
      data: [
        { dataset: "flying-things-clean:train", repeat: 1, augmentation: augmentation.things },
        { dataset: "flying-things-final:train", repeat: 1, augmentation: augmentation.things },
      ],
      steps: 100_000,
      batch: 6,
      learningRate: 1.25e-4,
      beyond: 100,
      weightDecay: 1e-4,
      gamma: 0.8,
      batchNorm: "frozen",
      trainedOn: "C+T",
      heldOut: "sintel-clean:train",
    },
    {
      name: "sintel",
      data: [
        sintelMix("sintel-clean:train", 100),
        sintelMix("sintel-final:train", 100),
        { dataset: "kitti-2015:train", repeat: 200, augmentation: augmentation.kittiInSintel },
        { dataset: "hd1k:train", repeat: 5, augmentation: augmentation.hd1k },
        sintelMix("flying-things-clean:train", 1),
      ],
      steps: 100_000,
      batch: 6,
      learningRate: 1.25e-4,
      beyond: 100,
      weightDecay: 1e-5,
      gamma: 0.85,
      batchNorm: "frozen",
      trainedOn: "C+T+S+K+H",
      heldOut: "sintel-clean:train",
    },
    {
      name: "kitti",
      data: [{ dataset: "kitti-2015:train", repeat: 1, augmentation: augmentation.kitti }],
      steps: 50_000,
      batch: 6,
      learningRate: 1e-4,
      beyond: 100,
      weightDecay: 1e-5,
      gamma: 0.85,
      batchNorm: "frozen",
      trainedOn: "C+T+S+K+H, then KITTI",
      heldOut: "kitti-2015:train",
    },
  ],
  heldOut: {
    dataset: "flying-chairs:val",
    samples: 64,
    every: 5000,
    alsoAt: [1, 2, 4, 8, 12, 24, 32],
  },
};

/** The recipes by name. */
export const recipes = { demo, small: smallRecipe, paper } as const;
