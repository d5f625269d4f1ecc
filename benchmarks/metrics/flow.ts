/**
 * Optical-flow metrics, in every averaging convention the field uses, side by side.
 *
 * Published numbers under one name differ in how pixels are averaged: RAFT's code averages KITTI's
 * EPE per image and its Fl over all pixels, mmflow pools both, ptlflow averages both per image. On
 * the same flows the conventions differ by several per cent, so none is left out here.
 *
 * @module
 */
import { type FlowField, type Mask, type NdArray, packed } from "../../base/arrays.ts";
import { DataError, ExitCode, ReflowError } from "../../base/errors.ts";
import { Mean } from "../statistics/mean.ts";

/** What is measured at a pixel; occlusion and speed decide which pixels the last five take in. */
export type FlowQuantity =
  | "epe"
  | "px1"
  | "px3"
  | "px5"
  | "fl"
  | "aae"
  | "epeOccluded"
  | "epeVisible"
  | "s0-10"
  | "s10-40"
  | "s40+";

/** Key of a metric in {@link FLOW_METRICS} and in an evaluation's `metrics`. */
export type FlowMetric =
  | FlowQuantity
  | "epePooled"
  | "px1PerImage"
  | "px3PerImage"
  | "px5PerImage"
  | "flPerImage"
  | "aaePooled";

/** What a metric means. */
export interface FlowMetricInfo {
  /** The per-pixel quantity that is averaged. */
  readonly of: FlowQuantity;
  /**
   * "per image": the mean of each image's mean over its valid pixels; images without a valid pixel
   * don't count. "pooled": the mean over the valid pixels of all images together.
   */
  readonly averaging: "per image" | "pooled";
  /** Unit of the value. */
  readonly unit: "px" | "%" | "degrees";
  /** Which direction is good. */
  readonly lowerIsBetter: boolean;
  /** One sentence for people. */
  readonly summary: string;
}

const px = { unit: "px", lowerIsBetter: true } as const;
const inliers = { unit: "%", lowerIsBetter: false } as const;
const outliers = { unit: "%", lowerIsBetter: true } as const;
const degrees = { unit: "degrees", lowerIsBetter: true } as const;
const perImage = { averaging: "per image" } as const;
const pooled = { averaging: "pooled" } as const;

const FL = "Valid pixels whose end-point error is over 3 px and over 5 % of the true flow's length";
const AAE = "Angle between (u, v, 1) and its truth (Barron et al., IJCV 1994)";

/**
 * Every metric by key.
 *
 * `px1`, `px3` and `px5` are percentages of *good* pixels (end-point error strictly below the
 * threshold), as RAFT's code prints them, so higher is better. `fl` is a percentage of *bad* pixels
 * as KITTI defines it: both its conditions must hold, both strictly, and lower is better.
 */
export const FLOW_METRICS: Readonly<Record<FlowMetric, FlowMetricInfo>> = {
  epe: { of: "epe", ...perImage, ...px, summary: "End-point error, mean of the images' means" },
  epePooled: { of: "epe", ...pooled, ...px, summary: "End-point error over all valid pixels" },
  px1: { of: "px1", ...pooled, ...inliers, summary: "Valid pixels with an error below 1 px" },
  px3: { of: "px3", ...pooled, ...inliers, summary: "Valid pixels with an error below 3 px" },
  px5: { of: "px5", ...pooled, ...inliers, summary: "Valid pixels with an error below 5 px" },
  px1PerImage: {
    of: "px1",
    ...perImage,
    ...inliers,
    summary: "As px1, mean of the images' shares",
  },
  px3PerImage: {
    of: "px3",
    ...perImage,
    ...inliers,
    summary: "As px3, mean of the images' shares",
  },
  px5PerImage: {
    of: "px5",
    ...perImage,
    ...inliers,
    summary: "As px5, mean of the images' shares",
  },
  fl: { of: "fl", ...pooled, ...outliers, summary: FL },
  flPerImage: { of: "fl", ...perImage, ...outliers, summary: "As fl, mean of the images' shares" },
  aae: { of: "aae", ...perImage, ...degrees, summary: `${AAE}, mean of the images' means` },
  aaePooled: { of: "aae", ...pooled, ...degrees, summary: `${AAE}, over all valid pixels` },
  epeOccluded: {
    of: "epeOccluded",
    ...pooled,
    ...px,
    summary: "EPE where image 2 hides the pixel",
  },
  epeVisible: { of: "epeVisible", ...pooled, ...px, summary: "EPE where image 2 shows the pixel" },
  "s0-10": { of: "s0-10", ...pooled, ...px, summary: "EPE where the true flow is under 10 px" },
  "s10-40": { of: "s10-40", ...pooled, ...px, summary: "EPE where the true flow is 10 to 40 px" },
  "s40+": { of: "s40+", ...pooled, ...px, summary: "EPE where the true flow is 40 px or more" },
};

const QUANTITIES = [...new Set(Object.values(FLOW_METRICS).map((metric) => metric.of))];

/** One prediction with its ground truth; all arrays share height and width. */
export interface ScoredFlow {
  /** The contender's flow, [height, width, 2], in pixels. */
  readonly prediction: FlowField;
  /** The true flow, [height, width, 2], in pixels. */
  readonly truth: FlowField;
  /** Nonzero where the truth counts, [height, width]. */
  readonly valid: Mask;
  /** Nonzero where image 2 does not show the pixel, [height, width], if the dataset says so. */
  readonly occluded?: Mask;
}

/** One image's own values; null where no valid pixel has a part in them. */
export type SampleMetrics = Readonly<Record<FlowQuantity | "pixels", number | null>>;

type Tally = Record<FlowQuantity, Mean>;

function emptyTally(): Tally {
  return Object.fromEntries(QUANTITIES.map((name) => [name, new Mean()])) as Tally;
}

/** Gathers samples one by one and averages them in every convention of {@link FLOW_METRICS}. */
export class FlowMetrics {
  private readonly pixels = emptyTally();
  private readonly images = emptyTally();

  /**
   * Scores one sample and takes it into the averages.
   *
   * @param id Names the sample in errors.
   * @returns The sample's own values; `pixels` is the number of its valid pixels.
   * @throws {ReflowError} When the prediction has a value that is not finite, valid pixel or not.
   * @throws {DataError} When the truth is not finite at a valid pixel.
   * @throws {TypeError} When the shapes do not fit together.
   */
  add(id: string, sample: ScoredFlow): SampleMetrics {
    const tally = tallyOf(id, sample);
    for (const name of QUANTITIES) {
      const { value } = tally[name];
      this.pixels[name].merge(tally[name]);
      if (value !== null) this.images[name].add(value);
    }
    const values = QUANTITIES.map((name) => [name, tally[name].value]);
    return { ...Object.fromEntries(values), pixels: tally.epe.count };
  }

  /** Every metric over the samples so far; null where no pixel has a part in it, never NaN. */
  summary(): Record<FlowMetric, number | null> {
    const entries = Object.entries(FLOW_METRICS).map(([key, { of, averaging }]) => {
      const tally = averaging === "pooled" ? this.pixels : this.images;
      return [key, tally[of].value];
    });
    return Object.fromEntries(entries);
  }
}

/** The means over one image's valid pixels. */
function tallyOf(id: string, sample: ScoredFlow): Tally {
  const [height, width] = sample.truth.shape;
  const flowShape = [height, width, 2], maskShape = [height, width];
  const flow = elements(id, "prediction", sample.prediction, flowShape);
  const truth = elements(id, "truth", sample.truth, flowShape);
  const valid = elements(id, "valid", sample.valid, maskShape);
  const occluded = sample.occluded && elements(id, "occluded", sample.occluded, maskShape);

  const tally = emptyTally();
  for (let i = 0; i < height * width; i++) {
    const u = flow[2 * i], v = flow[2 * i + 1];
    if (!Number.isFinite(u) || !Number.isFinite(v)) throw notFinite(id, i, width, u, v);
    if (valid[i] === 0) continue;
    const a = truth[2 * i], b = truth[2 * i + 1];
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      throw new DataError(
        `sample ${id}`,
        `its true flow is (${a}, ${b}) at ${pixelName(i, width)}, which is marked valid`,
        "Verify the dataset, or import it again.",
      );
    }
    const error = Math.sqrt((u - a) ** 2 + (v - b) ** 2);
    const speed = Math.sqrt(a * a + b * b);
    tally.epe.add(error);
    tally.px1.add(error < 1 ? 100 : 0);
    tally.px3.add(error < 3 ? 100 : 0);
    tally.px5.add(error < 5 ? 100 : 0);
    // A division, as in RAFT's code: an error of exactly 5 % then equals 0.05 and is no outlier.
    tally.fl.add(error > 3 && error / speed > 0.05 ? 100 : 0);
    tally.aae.add(angle(u, v, a, b));
    tally[speed < 10 ? "s0-10" : speed < 40 ? "s10-40" : "s40+"].add(error);
    if (occluded) tally[occluded[i] !== 0 ? "epeOccluded" : "epeVisible"].add(error);
  }
  return tally;
}

/**
 * Degrees between (u, v, 1) and (a, b, 1). The arctangent keeps its precision for small angles,
 * where the usual arccosine of a rounded cosine loses half the digits.
 */
function angle(u: number, v: number, a: number, b: number): number {
  const cross = Math.sqrt((v - b) ** 2 + (a - u) ** 2 + (u * b - v * a) ** 2);
  return Math.atan2(cross, u * a + v * b + 1) * 180 / Math.PI;
}

function elements<T extends Uint8Array | Float32Array>(
  id: string,
  name: string,
  view: NdArray<T>,
  shape: number[],
): T {
  if (view.shape.length !== shape.length || view.shape.some((n, axis) => n !== shape[axis])) {
    throw new TypeError(
      `Sample ${id}: ${name} has shape [${view.shape.join(", ")}], expected [${shape.join(", ")}]`,
    );
  }
  return packed(view);
}

function notFinite(id: string, i: number, width: number, u: number, v: number): ReflowError {
  return new ReflowError(
    `Cannot score sample ${id}: the predicted flow is (${u}, ${v}) at ${pixelName(i, width)}`,
    "The model has diverged or its weights are damaged: use an earlier checkpoint.",
    ExitCode.worse,
  );
}

function pixelName(i: number, width: number): string {
  return `row ${Math.floor(i / width)}, column ${i % width}`;
}
