/**
 * Bootstrap intervals: how far a mean over samples depends on which samples were there.
 *
 * @module
 */
import { quantile } from "../../base/quantile.ts";
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

/** Settings of the bootstrap. */
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
  { weights, ...options }: BootstrapOptions = {},
): Interval | null {
  const drawn = Array.from(values, (value, i) => ({ value, weight: weights?.[i] ?? 1 }))
    .filter(({ value, weight }) => !Number.isNaN(value) && weight > 0);
  const sums = drawn.map(({ value, weight }) => value * weight);
  return bootstrapRatio(sums, drawn.map(({ weight }) => weight), random, options);
}

/**
 * The percentile bootstrap interval of a ratio of two sums over the same units, drawn together: a
 * weighted mean, or a change relative to what it started from.
 *
 * @param above What is summed above the line, one a unit.
 * @param below What is summed below the line, one a unit, none negative.
 * @returns Null with fewer than two units, or where nothing is below the line.
 */
export function bootstrapRatio(
  above: ArrayLike<number>,
  below: ArrayLike<number>,
  random: RandomStream,
  { confidence = 0.95, resamples = 2000 }: Omit<BootstrapOptions, "weights"> = {},
): Interval | null {
  const n = above.length;
  const whole = sum(above) / sum(below);
  if (n < 2 || !Number.isFinite(whole)) return null;
  const ratios = new Float64Array(resamples);
  const unit = drawer(n, random);
  for (let i = 0; i < resamples;) {
    let top = 0, bottom = 0;
    for (let drawn = 0; drawn < n; drawn++) {
      const k = unit();
      top += above[k];
      bottom += below[k];
    }
    if (bottom > 0) ratios[i++] = top / bottom;
  }
  ratios.sort();
  const tail = (1 - confidence) / 2;
  return {
    mean: whole,
    low: quantile(ratios, tail),
    high: quantile(ratios, 1 - tail),
    confidence,
  };
}

/** Bits of a uniform draw that indices are taken from; it has 53, and the last ones are not even. */
const BITS = 40;

/** Draws from 0…n-1, several of them from the digits of one uniform number. */
function drawer(n: number, random: RandomStream): () => number {
  const each = Math.max(Math.floor(BITS / Math.log2(n)), 1);
  let rest = 0, left = 0;
  return () => {
    if (left === 0) {
      rest = random.uniform();
      left = each;
    }
    left--;
    rest *= n;
    const index = Math.floor(rest);
    rest -= index;
    return index;
  };
}

function sum(values: ArrayLike<number>): number {
  const mean = new Mean();
  for (let i = 0; i < values.length; i++) mean.add(values[i]);
  return (mean.value ?? 0) * values.length;
}
