/**
 * Bootstrap intervals: how far a mean over samples depends on which samples were there.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";
import { Mean } from "./mean.ts";

/** A mean and where it might as well lie. */
export interface Interval {
  /** The mean itself. */
  readonly mean: number;
  /** Lower end. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
  /** Share of such intervals that hold the true mean, for example 0.95. */
  readonly confidence: number;
}

/** Settings of {@link bootstrapMean}. */
export interface BootstrapOptions {
  /** Share of such intervals that should hold the true mean; 0.95 unless told. */
  readonly confidence?: number;
  /** How many times the samples are drawn anew; 2000 unless told. */
  readonly resamples?: number;
  /**
   * Weight of each value, for example an image's valid pixels where `values` are the images' means:
   * the mean is then the pooled one, and the images are still what is drawn.
   */
  readonly weights?: ArrayLike<number>;
}

/**
 * The percentile bootstrap interval of a mean (Efron & Tibshirani, "An Introduction to the
 * Bootstrap", 1993, chapter 13).
 *
 * @param values One value a sample; NaN marks a sample without one, which is left out.
 * @param random Where the draws come from: the same stream gives the same interval.
 * @returns Null with fewer than two values, which say nothing about spread.
 */
export function bootstrapMean(
  values: ArrayLike<number>,
  random: RandomStream,
  { confidence = 0.95, resamples = 2000, weights }: BootstrapOptions = {},
): Interval | null {
  const drawn = Array.from(values, (value, i) => ({ value, weight: weights?.[i] ?? 1 }))
    .filter(({ value, weight }) => !Number.isNaN(value) && weight > 0);
  const n = drawn.length;
  if (n < 2) return null;

  const meanOf = (pick: (i: number) => number) => {
    const sum = new Mean(), weight = new Mean();
    for (let i = 0; i < n; i++) {
      const sample = drawn[pick(i)];
      sum.add(sample.value * sample.weight);
      weight.add(sample.weight);
    }
    return sum.value! / weight.value!;
  };
  const means = Float64Array.from(
    { length: resamples },
    () => meanOf(() => random.integer(0, n)),
  ).sort();
  const tail = (1 - confidence) / 2;
  return {
    mean: meanOf((i) => i),
    low: quantile(means, tail),
    high: quantile(means, 1 - tail),
    confidence,
  };
}

/** Linear interpolation between the sorted values around rank `share * (n - 1)`. */
function quantile(sorted: Float64Array, share: number): number {
  const rank = share * (sorted.length - 1);
  const below = Math.floor(rank), above = Math.ceil(rank);
  return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
}
