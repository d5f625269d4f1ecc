/**
 * Random numbers as this dataset needs them: in bulk, and spread evenly over magnitudes.
 *
 * @module
 */
import { type RandomStream, randomStream } from "../../base/random.ts";

/** Length of the page, a power of two. */
export const PAGE_LENGTH = 1 << 16;

let page: Float32Array | undefined;

/**
 * {@link PAGE_LENGTH} standard normal numbers, the same on every call. Read only.
 *
 * A counter-based draw costs as much as painting several pixels. This page is drawn once from a
 * stream of its own; a consumer draws where to start in it, so that all stays a function of the
 * seed.
 */
export function whiteNoise(): Float32Array {
  if (page === undefined) {
    const random = randomStream(0, "moving-shapes", "white noise");
    page = Float32Array.from({ length: PAGE_LENGTH }, () => random.normal());
  }
  return page;
}

/** A number between two positive bounds whose logarithm is uniform. */
export function logUniform(random: RandomStream, low: number, high: number): number {
  return low * Math.exp(random.uniform() * Math.log(high / low));
}
