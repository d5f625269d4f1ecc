/**
 * How well a foreground mask fits its ground truth: region similarity J and boundary accuracy F, as
 * DAVIS measures them (Perazzi et al., CVPR 2016, section 5).
 *
 * @module
 */
import { type Mask, packed } from "../../base/arrays.ts";
import { Mean } from "../statistics/mean.ts";

/**
 * Intersection over union of two masks, in per cent.
 *
 * @param bothEmpty What two empty masks score; DAVIS gives 100.
 * @throws {TypeError} When the masks differ in size.
 */
export function jaccard(prediction: Mask, truth: Mask, bothEmpty = 100): number {
  requireSameSize(prediction, truth);
  const [a, b] = [packed(prediction), packed(truth)];
  let intersection = 0, union = 0;
  for (let i = 0; i < a.length; i++) {
    intersection += a[i] & b[i];
    union += a[i] | b[i];
  }
  return union === 0 ? bothEmpty : 100 * intersection / union;
}

/** How far apart boundaries may lie, as a share of the picture's diagonal; rounded up to pixels. */
export const BOUNDARY_TOLERANCE = 0.008;

/**
 * F measure of two masks' boundaries, in per cent: boundary pixels count as found where the other's
 * boundary is within 0.8 % of the picture's diagonal.
 *
 * @throws {TypeError} When the masks differ in size.
 */
export function boundaryF(prediction: Mask, truth: Mask): number {
  requireSameSize(prediction, truth);
  const [height, width] = truth.shape;
  const radius = Math.ceil(BOUNDARY_TOLERANCE * Math.hypot(height, width));
  const [own, theirs] = [boundaryOf(prediction), boundaryOf(truth)];
  const precision = shareWithin(own, dilated(theirs, height, width, radius), theirs);
  const recall = shareWithin(theirs, dilated(own, height, width, radius), own);
  return precision + recall === 0 ? 0 : 100 * 2 * precision * recall / (precision + recall);
}

/** Share of a boundary that lies in the other's reach; without one, 1, and 0 for the one there is. */
function shareWithin(boundary: Uint8Array, reach: Uint8Array, other: Uint8Array): number {
  const count = sum(boundary);
  if (count === 0) return 1;
  if (sum(other) === 0) return 0;
  return boundary.reduce((found, flag, i) => found + (flag & reach[i]), 0) / count;
}

const sum = (flags: Uint8Array) => flags.reduce((total, flag) => total + flag, 0);

/** Pixels that differ from their neighbour to the right, below, or below and to the right. */
function boundaryOf(mask: Mask): Uint8Array {
  const [height, width] = mask.shape;
  const values = packed(mask);
  const boundary = new Uint8Array(values.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const right = x + 1 < width, below = y + 1 < height;
      boundary[at] = (right ? values[at] ^ values[at + 1] : 0) |
        (below ? values[at] ^ values[at + width] : 0) |
        (right && below ? values[at] ^ values[at + width + 1] : 0);
    }
  }
  return boundary;
}

/** 1 within a disc of the given radius around each flag. */
function dilated(flags: Uint8Array, height: number, width: number, radius: number): Uint8Array {
  const reach = Array.from(
    { length: 2 * radius + 1 },
    (_, i) => Math.floor(Math.sqrt(radius ** 2 - (i - radius) ** 2)),
  );
  const out = new Uint8Array(flags.length);
  for (let at = 0; at < flags.length; at++) {
    if (flags[at] === 0) continue;
    const y = Math.floor(at / width), x = at % width;
    for (let dy = -radius; dy <= radius; dy++) {
      if (y + dy < 0 || y + dy >= height) continue;
      const half = reach[dy + radius], row = (y + dy) * width;
      out.fill(1, row + Math.max(0, x - half), row + Math.min(width, x + half + 1));
    }
  }
  return out;
}

function requireSameSize(prediction: Mask, truth: Mask): void {
  const [ours, theirs] = [prediction, truth].map(({ shape }) => shape.join("x"));
  if (ours !== theirs) throw new TypeError(`a ${ours} mask has no score against a ${theirs} one`);
}

/** What is measured of a frame, all in per cent. */
export interface FrameScores {
  /** J of whichever of the two groups fits the truth better: the paper's assignment. */
  readonly j: number;
  /** F of that group. */
  readonly f: number;
  /** J of the group that was called foreground without labels. */
  readonly jFree: number;
  /** F of that group. */
  readonly fFree: number;
}

/** Key of {@link FrameScores}. */
export type SegmentationQuantity = keyof FrameScores;

/** Key in an evaluation's `metrics`: a quantity averaged per video, or per frame ("per image"). */
export type SegmentationMetric = SegmentationQuantity | `${SegmentationQuantity}PerImage`;

/** The quantities, the paper's assignment first. */
export const segmentationQuantities: readonly SegmentationQuantity[] = ["j", "f", "jFree", "fFree"];

/** One video's scores. */
export interface VideoScores {
  readonly name: string;
  /** Frames that were scored. */
  readonly frames: number;
  readonly metrics: Readonly<Record<SegmentationQuantity, number>>;
}

type Means = Record<SegmentationQuantity, Mean>;

const emptyMeans = (): Means =>
  Object.fromEntries(segmentationQuantities.map((name) => [name, new Mean()])) as Means;

/** Gathers frames video by video and averages them in both conventions of the field. */
export class SegmentationMetrics {
  private readonly frames = emptyMeans();
  private readonly byVideo = new Map<string, Means>();

  /** Takes a frame into the averages. */
  add(video: string, scores: FrameScores): void {
    const own = this.byVideo.get(video) ?? emptyMeans();
    this.byVideo.set(video, own);
    for (const name of segmentationQuantities) {
      own[name].add(scores[name]);
      this.frames[name].add(scores[name]);
    }
  }

  /** Every video's own means, in the order they came. */
  videos(): VideoScores[] {
    return [...this.byVideo].map(([name, means]) => ({
      name,
      frames: means.j.count,
      metrics: Object.fromEntries(
        segmentationQuantities.map((quantity) => [quantity, means[quantity].value!]),
      ) as VideoScores["metrics"],
    }));
  }

  /**
   * `j` and the others: the mean of the videos' means. `jPerImage` and so on: the mean of all frames.
   * Null before the first frame.
   */
  summary(): Record<SegmentationMetric, number | null> {
    const entries = segmentationQuantities.flatMap((name) => {
      const videos = new Mean();
      for (const means of this.byVideo.values()) videos.add(means[name].value!);
      return [[name, videos.value], [`${name}PerImage`, this.frames[name].value]] as const;
    });
    return Object.fromEntries(entries) as Record<SegmentationMetric, number | null>;
  }
}
