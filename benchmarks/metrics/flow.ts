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

/** How per-pixel values become one number. */
export type Averaging = "per image" | "pooled";

/** What a quantity means. */
interface QuantityInfo {
  /** The averaging that the quantity's own name stands for: the one most papers use. */
  readonly usual: Averaging;
  /** Unit of the value. */
  readonly unit: "px" | "%" | "degrees";
  /** Which direction is good. */
  readonly lowerIsBetter: boolean;
  /** What is measured, for people. */
  readonly summary: string;
}

const px = { unit: "px", lowerIsBetter: true } as const;
const inliers = { unit: "%", lowerIsBetter: false } as const;
const outliers = { unit: "%", lowerIsBetter: true } as const;
const perImage = { usual: "per image" } as const;
const pooled = { usual: "pooled" } as const;

const FL = "Valid pixels whose end-point error is over 3 px and over 5 % of the true flow's length";
const VISIBLE = "where image 2 shows the pixel", OCCLUDED = "where image 2 hides the pixel";

/**
 * What is measured at a pixel; occlusion and speed decide which pixels some of it takes in.
 *
 * `px1`, `px3` and `px5` are percentages of *good* pixels (end-point error strictly below the
 * threshold), so higher is better; RAFT's code prints the same shares as fractions. `fl` is a
 * percentage of *bad* pixels as KITTI 2015 defines it: both its conditions must hold, both strictly.
 * `out3` is KITTI 2012's: bad is an error strictly above 3 px. What `visible` restricts is KITTI's
 * "noc" and Sintel's "matched", what `occluded` restricts Sintel's "unmatched".
 */
const QUANTITIES = {
  epe: { ...perImage, ...px, summary: "End-point error" },
  px1: { ...pooled, ...inliers, summary: "Valid pixels with an error below 1 px" },
  px3: { ...pooled, ...inliers, summary: "Valid pixels with an error below 3 px" },
  px5: { ...pooled, ...inliers, summary: "Valid pixels with an error below 5 px" },
  fl: { ...pooled, ...outliers, summary: FL },
  flVisible: { ...pooled, ...outliers, summary: `${FL}, ${VISIBLE}` },
  out3: { ...perImage, ...outliers, summary: "Valid pixels with an error over 3 px" },
  out3Visible: {
    ...perImage,
    ...outliers,
    summary: `Valid pixels with an error over 3 px, ${VISIBLE}`,
  },
  wauc: {
    ...pooled,
    ...inliers,
    summary: "Area under the share of errors up to 0.05, 0.1, … 5 px, small errors weighing most",
  },
  aae: {
    ...perImage,
    unit: "degrees",
    lowerIsBetter: true,
    summary: "Angle between (u, v, 1) and its truth",
  },
  epeOccluded: { ...pooled, ...px, summary: `EPE ${OCCLUDED}` },
  epeVisible: { ...pooled, ...px, summary: `EPE ${VISIBLE}` },
  "s0-10": { ...pooled, ...px, summary: "EPE where the true flow is under 10 px" },
  "s10-40": { ...pooled, ...px, summary: "EPE where the true flow is 10 to 40 px" },
  "s40+": { ...pooled, ...px, summary: "EPE where the true flow is 40 px or more" },
} as const satisfies Record<string, QuantityInfo>;

/** Key of a quantity, which is also the key of its usual average. */
export type FlowQuantity = keyof typeof QUANTITIES;

/** Key of a metric in {@link FLOW_METRICS} and in an evaluation's `metrics`. */
export type FlowMetric = {
  [Q in FlowQuantity]:
    | Q
    | `${Q}${typeof QUANTITIES[Q]["usual"] extends "pooled" ? "PerImage"
      : "Pooled"}`;
}[FlowQuantity];

/** What a metric means. */
export interface FlowMetricInfo extends Omit<QuantityInfo, "usual"> {
  /** The per-pixel quantity that is averaged. */
  readonly of: FlowQuantity;
  /**
   * "per image": the mean of each image's mean over its valid pixels; images without a valid pixel
   * don't count. "pooled": the mean over the valid pixels of all images together.
   */
  readonly averaging: Averaging;
}

const names = Object.keys(QUANTITIES) as FlowQuantity[];

/**
 * Every metric by key: each quantity in both averages. The usual one goes by the quantity's name, the
 * other has `Pooled` or `PerImage` behind it.
 */
export const FLOW_METRICS: Readonly<Record<FlowMetric, FlowMetricInfo>> = Object.fromEntries(
  names.flatMap((of) => {
    const { usual, ...info }: QuantityInfo = QUANTITIES[of];
    const summary = (averaging: Averaging) =>
      averaging === "pooled"
        ? `${info.summary}; over all valid pixels`
        : `${info.summary}; mean of the images' means`;
    const other: Averaging = usual === "pooled" ? "per image" : "pooled";
    const suffix = usual === "pooled" ? "PerImage" : "Pooled";
    return [
      [of, { ...info, of, averaging: usual, summary: summary(usual) }],
      [`${of}${suffix}`, { ...info, of, averaging: other, summary: summary(other) }],
    ];
  }),
) as Record<FlowMetric, FlowMetricInfo>;

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
  return Object.fromEntries(names.map((name) => [name, new Mean()])) as Tally;
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
    for (const name of names) {
      const { value } = tally[name];
      this.pixels[name].merge(tally[name]);
      if (value !== null) this.images[name].add(value);
    }
    const values = names.map((name) => [name, tally[name].value]);
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
    const outlier = error > 3 && error / speed > 0.05 ? 100 : 0;
    tally.fl.add(outlier);
    tally.out3.add(error > 3 ? 100 : 0);
    tally.wauc.add(areaUnderCurve(error));
    tally.aae.add(angle(u, v, a, b));
    tally[speed < 10 ? "s0-10" : speed < 40 ? "s10-40" : "s40+"].add(error);
    if (!occluded) continue;
    tally[occluded[i] !== 0 ? "epeOccluded" : "epeVisible"].add(error);
    if (occluded[i] !== 0) continue;
    tally.flVisible.add(outlier);
    tally.out3Visible.add(error > 3 ? 100 : 0);
  }
  return tally;
}

/**
 * A pixel's part in WAUC, in per cent: of the thresholds 0.05, 0.1, … 5 px those that its error does
 * not exceed, weighted 1, 0.99, … 0.01, over the sum of all weights. The mean over pixels is the
 * weighted area under the curve of inliers, as the Spring benchmark's evaluation has it (after
 * Richter et al., "Playing for Benchmarks", ICCV 2017).
 */
function areaUnderCurve(error: number): number {
  if (error > 5) return 0;
  let first = Math.max(Math.ceil(error * 20), 1);
  // A product may round across a threshold; the comparison itself decides.
  if (first > 1 && error <= (first - 1) / 20) first--;
  else if (error > first / 20) first++;
  return 100 * (101 - first) * (102 - first) / (100 * 101);
}

/**
 * Degrees between (u, v, 1) and (a, b, 1) (Barron et al., "Performance of Optical Flow Techniques",
 * IJCV 1994). The arctangent keeps its precision for small angles,
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
