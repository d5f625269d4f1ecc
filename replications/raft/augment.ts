/**
 * RAFT's training augmentation (Teed and Deng, ECCV 2020, section 4; details from the official code,
 * `core/utils/augmentor.py`).
 *
 * Every random choice comes from the stream passed in, step by step as in the official code. Samples
 * are never changed in place, and the occlusion mask is not carried over: the eraser hides more. The
 * official code's `--add_noise` is left out, since none of its published recipes sets it.
 *
 * @module
 */
import {
  type FlowField,
  type Mask,
  type NdArray,
  ndarray,
  packed,
  type Picture,
} from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import type { RandomStream } from "../../base/random.ts";
import { jitterColors, type JitterRanges } from "../../datasets/augment/color_jitter.ts";
import {
  crop,
  drawWindow,
  NO_OVERSHOOT,
  type Overshoot,
  type Size,
} from "../../datasets/augment/crop.ts";
import { eraseRectangles, type Rectangles } from "../../datasets/augment/eraser.ts";
import { flip, flipFlow } from "../../datasets/augment/flip.ts";
import {
  type Factors,
  resizeFlow,
  resizePicture,
  resizeSparseFlow,
} from "../../datasets/augment/resize.ts";
import type { FlowSample } from "../../datasets/sample.ts";

/** What dense and sparse augmentation share. */
export interface CommonAugmentation {
  /** Size of every augmented sample. */
  readonly crop: Size;
  /** Ranges of the colour jitter. */
  readonly jitter: JitterRanges;
  /** Rectangles of image 2 that are painted over, with this probability. */
  readonly eraser: Rectangles & { readonly probability: number };
  /** Log2 of the scale: uniform between these. */
  readonly scale: readonly [min: number, max: number];
  /** Probability that the drawn scale (and stretch) is applied at all. */
  readonly resizeProbability: number;
  /** By how many pixels a resized picture exceeds the crop at least. */
  readonly margin: number;
}

/** Settings of {@link augmentDense}. */
export interface DenseAugmentation extends CommonAugmentation {
  /** Probability that the two pictures get a jitter each rather than the same one. */
  readonly asymmetricJitter: number;
  /** With this probability each axis is scaled by a further 2^U(-log2, log2). */
  readonly stretch: { readonly probability: number; readonly log2: number };
  /** Probabilities of mirroring. */
  readonly flips: { readonly horizontal: number; readonly vertical: number };
}

/** Settings of {@link augmentSparse}. */
export interface SparseAugmentation extends CommonAugmentation {
  /** Probability of mirroring left and right. */
  readonly horizontalFlip: number;
  /** How far beyond the picture the crop's start is drawn before it is clamped. */
  readonly overshoot: Overshoot;
}

/** How the samples of one dataset are augmented. */
export type RaftAugmentation = DenseAugmentation | SparseAugmentation;

const eraser = { probability: 0.5, count: [1, 3], size: [50, 100], unit: "pixels" } as const;

const dense = {
  jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.5 / 3.14 },
  asymmetricJitter: 0.2,
  eraser,
  resizeProbability: 0.8,
  margin: 8,
  stretch: { probability: 0.8, log2: 0.2 },
  flips: { horizontal: 0.5, vertical: 0.1 },
} as const;

const sparse = {
  jitter: { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.3 / 3.14 },
  eraser,
  resizeProbability: 0.8,
  margin: 1,
  overshoot: { top: 0, bottom: 20, left: 50, right: 50 },
} as const;

const sintelCrop: Size = { height: 368, width: 768 };

/**
 * The paper's settings by training stage. `chairs`, `things` and `sintel` are dense; `kitti` is the
 * KITTI stage; `kittiInSintel` and `hd1k` are the sparse parts of the Sintel stage's mixture.
 */
export const augmentation = {
  chairs: { ...dense, crop: { height: 368, width: 496 }, scale: [-0.1, 1.0] },
  things: { ...dense, crop: { height: 400, width: 720 }, scale: [-0.4, 0.8] },
  sintel: { ...dense, crop: sintelCrop, scale: [-0.2, 0.6] },
  kittiInSintel: { ...sparse, crop: sintelCrop, scale: [-0.3, 0.5], horizontalFlip: 0.5 },
  hd1k: { ...sparse, crop: sintelCrop, scale: [-0.5, 0.2], horizontalFlip: 0.5 },
  kitti: {
    ...sparse,
    crop: { height: 288, width: 960 },
    scale: [-0.2, 0.4],
    horizontalFlip: 0,
  },
} as const satisfies Record<string, RaftAugmentation>;

/** Flow components from this on count as unknown, in pixels. */
const UNKNOWN_FROM = 1000;
/** Stands for an unknown component: so large that whatever it is blended into is unknown, too. */
const UNKNOWN = 1e30;

/** Augments a sample as its dataset's settings say: {@link augmentDense} or {@link augmentSparse}. */
export function augment(
  sample: FlowSample,
  settings: RaftAugmentation,
  stream: RandomStream,
): FlowSample {
  return "stretch" in settings
    ? augmentDense(sample, settings, stream)
    : augmentSparse(sample, settings, stream);
}

/**
 * Augments a sample with dense ground truth.
 *
 * @returns A sample of the crop's size: bytes 0…255, flow in pixels of the result. `valid` is 1 where
 * both flow components are below 1000 in absolute value and no vector blended into them was marked
 * unknown; elsewhere the flow is zero.
 * @throws {UsageError} When the crop is larger than the pictures.
 */
export function augmentDense(
  sample: FlowSample,
  settings: DenseAugmentation,
  stream: RandomStream,
): FlowSample {
  requireRoom(sample, settings.crop);
  let { image1, image2 } = sample;
  let flow = withUnknowns(sample.flow, sample.valid);

  // Photometric: seldom a jitter each, mostly one for both.
  if (stream.chance(settings.asymmetricJitter)) {
    [image1] = jitterColors([image1], settings.jitter, stream);
    [image2] = jitterColors([image2], settings.jitter, stream);
  } else {
    [image1, image2] = jitterColors([image1, image2], settings.jitter, stream);
  }

  image2 = maybeErase(image2, settings.eraser, stream);

  // Scale and stretch are drawn whether or not they are applied.
  const scale = 2 ** stream.uniform(...settings.scale);
  const { probability, log2 } = settings.stretch;
  const stretched = stream.chance(probability);
  const stretch = () => stretched ? 2 ** stream.uniform(-log2, log2) : 1;
  const factors = atLeast(minimumScale(sample, settings), {
    x: scale * stretch(),
    y: scale * stretch(),
  });
  if (stream.chance(settings.resizeProbability)) {
    image1 = resizePicture(image1, factors);
    image2 = resizePicture(image2, factors);
    flow = resizeFlow(flow, factors);
  }

  for (const direction of ["horizontal", "vertical"] as const) {
    if (stream.chance(settings.flips[direction])) {
      image1 = flip(image1, direction);
      image2 = flip(image2, direction);
      flow = flipFlow(flow, direction);
    }
  }

  const window = drawWindow(sizeOf(image1), settings.crop, NO_OVERSHOOT, stream);
  flow = copyOf(crop(flow, window));
  const valid = knownVectors(flow);
  zeroUnknown(flow, valid);
  return { id: sample.id, image1: crop(image1, window), image2: crop(image2, window), flow, valid };
}

/**
 * Augments a sample with sparse ground truth: one jitter for both pictures, one scale for both axes,
 * known vectors scattered rather than blended, and a crop that favours the borders.
 *
 * @returns A sample of the crop's size: bytes 0…255, flow in pixels of the result and zero where
 * `valid` is 0.
 * @throws {UsageError} When the crop is larger than the pictures.
 */
export function augmentSparse(
  sample: FlowSample,
  settings: SparseAugmentation,
  stream: RandomStream,
): FlowSample {
  requireRoom(sample, settings.crop);
  let { flow, valid } = sample;
  let [image1, image2] = jitterColors([sample.image1, sample.image2], settings.jitter, stream);

  image2 = maybeErase(image2, settings.eraser, stream);

  const scale = 2 ** stream.uniform(...settings.scale);
  const factors = atLeast(minimumScale(sample, settings), { x: scale, y: scale });
  if (stream.chance(settings.resizeProbability)) {
    image1 = resizePicture(image1, factors);
    image2 = resizePicture(image2, factors);
    ({ flow, valid } = resizeSparseFlow(flow, valid, factors));
  }

  if (stream.chance(settings.horizontalFlip)) {
    image1 = flip(image1, "horizontal");
    image2 = flip(image2, "horizontal");
    flow = flipFlow(flow, "horizontal");
    valid = flip(valid, "horizontal");
  }

  const window = drawWindow(sizeOf(image1), settings.crop, settings.overshoot, stream);
  flow = copyOf(crop(flow, window));
  valid = copyOf(crop(valid, window));
  zeroUnknown(flow, valid);
  return { id: sample.id, image1: crop(image1, window), image2: crop(image2, window), flow, valid };
}

function sizeOf(picture: Picture): Size {
  return { height: picture.shape[0], width: picture.shape[1] };
}

function requireRoom(sample: FlowSample, needed: Size): void {
  const { height, width } = sizeOf(sample.image1);
  if (needed.height > height || needed.width > width) {
    throw new UsageError(
      `Cannot crop ${needed.height}x${needed.width} (height x width) from sample ${sample.id}: ` +
        `it has ${height}x${width}`,
      "Choose a recipe with a smaller crop.",
    );
  }
}

function maybeErase(
  picture: Picture,
  eraser: CommonAugmentation["eraser"],
  stream: RandomStream,
): Picture {
  return stream.chance(eraser.probability) ? eraseRectangles(picture, eraser, stream) : picture;
}

/** The scale that leaves the crop and its margin just inside, on the tighter of the two axes. */
function minimumScale(sample: FlowSample, { crop, margin }: CommonAugmentation): number {
  const { height, width } = sizeOf(sample.image1);
  return Math.max((crop.height + margin) / height, (crop.width + margin) / width);
}

function atLeast(minimum: number, { x, y }: Factors): Factors {
  return { x: Math.max(x, minimum), y: Math.max(y, minimum) };
}

/** The same elements in an array of their own, row-major. */
function copyOf<T extends Uint8Array | Float32Array>(view: NdArray<T>): NdArray<T> {
  return ndarray(packed(view).slice() as T, [...view.shape]);
}

/** The flow with vectors marked unknown made so large that blending keeps them unknown. */
function withUnknowns(flow: FlowField, valid: Mask): FlowField {
  const known = packed(valid);
  if (!known.includes(0)) return flow;
  const marked = copyOf(flow);
  for (let i = 0; i < known.length; i++) {
    if (known[i] === 0) marked.data[2 * i] = marked.data[2 * i + 1] = UNKNOWN;
  }
  return marked;
}

/** 1 where both components of row-major flow are below {@link UNKNOWN_FROM} in absolute value. */
function knownVectors({ data, shape: [height, width] }: FlowField): Mask {
  const known = new Uint8Array(height * width);
  for (let i = 0; i < known.length; i++) {
    const u = Math.abs(data[2 * i]), v = Math.abs(data[2 * i + 1]);
    if (u < UNKNOWN_FROM && v < UNKNOWN_FROM) known[i] = 1;
  }
  return ndarray(known, [height, width]);
}

/** Sets row-major flow to zero in place where the row-major mask is 0. */
function zeroUnknown(flow: FlowField, valid: Mask): void {
  for (let i = 0; i < valid.data.length; i++) {
    if (valid.data[i] === 0) flow.data[2 * i] = flow.data[2 * i + 1] = 0;
  }
}
