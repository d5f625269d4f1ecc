/**
 * Guess What Moves' training recipes.
 *
 * @module
 */
import type { MotionModel } from "../../nn/kernels/motion_fit.ts";
import type { Recipe } from "../replication.ts";
import type { BackboneConfig } from "./backbone.ts";
import { type HeadConfig, officialHead } from "./model.ts";

/** Height and width in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Which ways of mirroring are used. */
export interface Mirroring {
  /** Left and right exchanged. */
  readonly left: boolean;
  /** Top and bottom exchanged. */
  readonly down: boolean;
  /** Rows and columns exchanged; only of square pictures. */
  readonly transposed: boolean;
}

/** How K segments become two groups. */
export type Merging =
  /** The paper's: normalised cut of how alike the segments look to a frozen vision transformer. */
  | { readonly kind: "features"; readonly weights: string; readonly stride: number }
  /**
   * What moves with most of the border is background, see `motionSegments`. It needs no features, but
   * the frame's flow.
   */
  | { readonly kind: "motion"; readonly unexplained: number }
  /** The two groups whose motions explain the frame's flow best, see `twoMotions`. */
  | { readonly kind: "two motions" };

/** A complete setup. */
export interface GuessWhatMovesRecipe extends Recipe {
  /** What the network sees; pictures of other sizes are resized to it. */
  readonly picture: Size;
  /** How pictures are made smaller: bicubically, as the paper does, or averaged over boxes. */
  readonly resizing: "bicubic" | "box";
  /** What the loss compares flow at. */
  readonly flow: Size;
  readonly backbone: BackboneConfig;
  readonly head: HeadConfig;
  /** How each segment may move. */
  readonly motion: MotionModel;
  readonly merging: Merging;
  /** `id:split` of the videos; no label of theirs is used. */
  readonly videos: readonly string[];
  /** Frames at the end of each video that training never sees, to be scored on. */
  readonly heldBack: number;
  /** From a frame to the one its flow leads to, in frames; one of them is drawn each time. */
  readonly gaps: readonly number[];
  /**
   * Whether two different gaps are drawn and the flow over the first of them is taken, in the order
   * above, of frames that have both: the official code's way. Of 1, 2, -1 and -2 it takes 1 every
   * second time, 2 every third, -1 every sixth and -2 never.
   */
  readonly pairedGaps?: boolean;
  /** How pictures and flow are mirrored at random; the paper's are not. */
  readonly mirroring: Mirroring;
  /**
   * Whether a picture is segmented in each of its mirrored views, and the segments averaged; the
   * paper's is not.
   */
  readonly views: boolean;
  readonly steps: number;
  readonly batch: number;
  /** Highest learning rate. */
  readonly learningRate: number;
  /** Steps until it is reached. */
  readonly warmUp: number;
  /** Steps over which the rate would decay to 0. */
  readonly decayOver: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** What is scored during and after training. */
  readonly heldOut: {
    readonly dataset: string;
    readonly protocol: string;
    /** Frames scored in the middle of training. */
    readonly samples: number;
    /** Steps from one time to the next. */
    readonly every: number;
  };
}

const shared = {
  motion: "quadratic",
  weightDecay: 0.01,
  clipNorm: 0.01,
} as const;

const demo: GuessWhatMovesRecipe = {
  ...shared,
  name: "demo",
  scale: "A small convolutional network, trained for minutes on twelve generated videos of 64×64",
  notes: [
    "Trained on the embedded moving-shapes videos with their exact flow, and scored on each video's " +
    "last frame, which training does not see. The paper trains on the videos it scores, as well " +
    "without labels.",
    "A small convolutional backbone that is trained along instead of frozen DINO features.",
    "Two decoder layers of 32 channels instead of six of 256; masks at half the picture's size.",
    "Six segments instead of four. Without DINO features, what moves with most of the picture's border " +
    "is taken for the background, by the scored frame's flow. The paper merges by likeness, and needs " +
    "no flow once it is trained.",
    "Pictures and flow are mirrored at random, which the paper's are not, and the rate is higher. To " +
    "be scored, a picture is segmented in its eight mirrored views, whose segments are averaged.",
    "A sixth of the objects move with the background, which no method could tell from it by motion: " +
    "even perfect motion segmentation would score a J of about 76.",
  ],
  trainedOn: "moving-shapes",
  checkpointEvery: 100,
  picture: { height: 64, width: 64 },
  resizing: "box",
  flow: { height: 64, width: 64 },
  backbone: { kind: "pyramid", widths: [24, 48, 72, 96], stride: 2, group: 8 },
  head: {
    width: 32,
    mask: 32,
    groups: 4,
    segments: 6,
    doublings: 0,
    decoder: { heads: 4, hidden: 64, layers: 2, dropout: 0 },
  },
  merging: { kind: "motion", unexplained: 0.4 },
  videos: ["moving-shapes:val"],
  heldBack: 1,
  gaps: [1, -1],
  mirroring: { left: true, down: true, transposed: true },
  views: true,
  steps: 900,
  batch: 8,
  learningRate: 1e-3,
  warmUp: 50,
  decayOver: 900,
  heldOut: {
    dataset: "moving-shapes:val",
    protocol: "moving-shapes-last-frames",
    samples: 12,
    every: 300,
  },
};

/** Larger than the demo and on real videos; what it does not name is the demo's. */
const small: GuessWhatMovesRecipe = {
  ...demo,
  name: "small",
  scale: "A small convolutional network without DINO features, trained for about an hour on the " +
    "DAVIS validation videos at 112×64 under flow of our RAFT",
  notes: [
    "Trained and scored on the DAVIS 2016 validation videos, without labels, as the paper does; the " +
    "paper adds the training videos.",
    "A convolutional backbone that is trained along instead of frozen DINO features.",
    "Pictures of 112×64 instead of 224×128, flow compared at 112×64 instead of 854×480.",
    "Flow over 1, 2, -1 and -2 frames equally often; the official code takes 1 every second time, and " +
    "-2 never.",
    "Without DINO features, segments are merged into the two groups whose affine motions explain the " +
    "scored frame's flow best. The paper merges by likeness, and needs no flow once it is trained.",
    "Pictures and flow are mirrored left to right at random; to be scored, both views are averaged.",
    "The checkpoint is the last one; the paper's is the best by labels.",
  ],
  trainedOn: "DAVIS-2016 val",
  picture: { height: 64, width: 112 },
  flow: { height: 64, width: 112 },
  backbone: { kind: "pyramid", widths: [32, 64, 96, 128], stride: 2, group: 8 },
  head: {
    ...demo.head,
    width: 48,
    mask: 48,
    groups: 6,
    segments: 4,
    decoder: { ...demo.head.decoder, hidden: 96, dropout: 0.1 },
  },
  merging: { kind: "two motions" },
  videos: ["davis-2016:val"],
  heldBack: 0,
  gaps: [1, 2, -1, -2],
  mirroring: { left: true, down: false, transposed: false },
  steps: 3000,
  warmUp: 100,
  decayOver: 3500,
  heldOut: { dataset: "davis-2016:val", protocol: "davis16-gwm", samples: 40, every: 500 },
};

const paper: GuessWhatMovesRecipe = {
  ...shared,
  name: "paper",
  scale: "Guess What Moves as published on DAVIS 2016: DINO ViT-B/8, 20,000 steps",
  notes: [
    "The last checkpoint is scored; the published numbers are of the best one by the labels of the " +
    "videos that are scored.",
    "Segments are merged by the smallest normalised cut, tried out, instead of scikit-learn's " +
    "spectral clustering, which approximates it.",
    "Least squares with a ridge of 1e-4 instead of QR without one.",
    "Flow is computed from the pictures as they are imported, by the RAFT that is given. The official " +
    "flow is of 1080p pictures, by raft-things.pth.",
    "In the middle of training segments are merged by motion, which costs less than the features do.",
  ],
  trainedOn: "unsupervised on DAVIS-2016 videos",
  checkpointEvery: 500,
  picture: { height: 128, width: 224 },
  resizing: "bicubic",
  flow: { height: 480, width: 854 },
  backbone: {
    kind: "dino",
    weights: "dino_vitbase8_pretrain.pth",
    stride: 4,
    blocks: [5, 7, 9, 11],
    width: 768,
  },
  head: officialHead,
  merging: { kind: "features", weights: "dino_deitsmall8_pretrain.pth", stride: 4 },
  videos: ["davis-2016:train", "davis-2016:val"],
  heldBack: 0,
  gaps: [1, 2, -1, -2],
  pairedGaps: true,
  mirroring: { left: false, down: false, transposed: false },
  views: false,
  steps: 20_000,
  batch: 8,
  learningRate: 1.5e-4,
  warmUp: 1500,
  decayOver: 160_000,
  heldOut: { dataset: "davis-2016:val", protocol: "davis16-gwm", samples: 100, every: 250 },
};

/** The recipes by name. */
export const recipes: Readonly<Record<"demo" | "small" | "paper", GuessWhatMovesRecipe>> = {
  demo,
  small,
  paper,
};
