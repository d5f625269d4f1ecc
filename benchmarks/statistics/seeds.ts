/**
 * Whether runs of one recipe with different seeds score worse than runs of another.
 *
 * @module
 */
import { Mean } from "./mean.ts";
import { studentQuantile, studentTail } from "./distributions.ts";

/** Runs that one side needs at least, for its spread to be known at all. */
export const FEWEST_RUNS = 3;

/** What {@link compareRuns} found. */
export interface SeedsResult {
  /** Change of the mean relative to the base's, positive where the candidate is worse. */
  readonly change: number;
  /** Where that change might as well lie with other seeds, 95 %. */
  readonly interval: { readonly low: number; readonly high: number };
  /** Chance of a change at least as bad between runs of one recipe. */
  readonly chance: number;
  /** The same for a change at least as good. */
  readonly chanceOfBetter: number;
  /** Standard deviation between runs of one side, relative to the base's mean. */
  readonly spread: number;
}

/**
 * Student's t test of two sets of runs under one spread, which is what runs of one recipe have. A
 * single run against several is thereby held against where the next run might fall.
 *
 * @param base The metric of each run, over the same samples.
 * @param candidate The same of the other side.
 * @returns Null where neither side has {@link FEWEST_RUNS} runs, or the base's mean is 0.
 */
export function compareRuns(
  base: readonly number[],
  candidate: readonly number[],
  lowerIsBetter: boolean,
): SeedsResult | null {
  const n = base.length, m = candidate.length, freedom = n + m - 2;
  if (Math.max(n, m) < FEWEST_RUNS || Math.min(n, m) < 1) return null;
  const from = meanOf(base), to = meanOf(candidate);
  if (from === 0) return null;
  const sign = lowerIsBetter ? 1 : -1, size = Math.abs(from);
  const squares = [...base.map((x) => x - from), ...candidate.map((x) => x - to)];
  const spread = Math.sqrt(squares.reduce((sum, d) => sum + d * d, 0) / freedom) / size;
  const change = sign * (to - from) / size, error = spread * Math.sqrt(1 / n + 1 / m);
  const chances = error > 0
    ? {
      chance: studentTail(change / error, freedom),
      better: studentTail(-change / error, freedom),
    }
    : { chance: change > 0 ? 0 : 1, better: change < 0 ? 0 : 1 };
  const reach = error * studentQuantile(0.025, freedom);
  return {
    change,
    interval: { low: change - reach, high: change + reach },
    chance: chances.chance,
    chanceOfBetter: chances.better,
    spread,
  };
}

function meanOf(values: readonly number[]): number {
  const mean = new Mean();
  for (const value of values) mean.add(value);
  return mean.value!;
}
