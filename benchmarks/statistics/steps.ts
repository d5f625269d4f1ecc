/**
 * Steps in a history of measurements: where a level changed and stayed changed.
 *
 * @module
 */
import { median } from "../../base/quantile.ts";

/** A stretch of a history at one level. */
export interface Level {
  /** Index of its first measurement. */
  readonly from: number;
  /** Index after its last one. */
  readonly to: number;
  /** Median of its measurements. */
  readonly value: number;
}

/** What counts as a step. */
export interface StepOptions {
  /** Fewest measurements at a level: a single one off the line is an outlier. */
  readonly shortest?: number;
  /** Least relative change between neighbouring levels, for example 0.05. */
  readonly smallest?: number;
}

/** Penalty of a further level, in noise levels times the logarithm of the length. */
const PENALTY = 3;

/**
 * Cuts a history into levels: the piecewise constant line with the least sum of absolute distances
 * plus a penalty a level (the Potts model in L1, as airspeed velocity uses it), found exactly by
 * dynamic programming. The penalty follows the noise, which the differences of neighbours tell
 * without knowing the steps. Levels that differ by less than `smallest` are then joined.
 *
 * @param values Measurements, oldest first; all finite.
 * @returns Levels in order, at least one unless there are no values.
 */
export function findLevels(
  values: readonly number[],
  { shortest = 2, smallest = 0.05 }: StepOptions = {},
): Level[] {
  const n = values.length;
  if (n === 0) return [];
  const penalty = PENALTY * noiseOf(values) * Math.log(Math.max(n, 3));
  const least = new Float64Array(n + 1).fill(Infinity), cutBefore = new Int32Array(n + 1);
  least[0] = -penalty;
  for (let to = 1; to <= n; to++) {
    const stretch = new RunningMedian();
    for (let from = to - 1; from >= 0; from--) {
      stretch.add(values[from]);
      // A history too short for any cut is one level.
      if (to - from < shortest && from > 0) continue;
      const cost = least[from] + stretch.distance() + penalty;
      if (cost < least[to]) [least[to], cutBefore[to]] = [cost, from];
    }
  }
  const levels: Level[] = [];
  for (let to = n; to > 0; to = cutBefore[to]) levels.unshift(levelOf(values, cutBefore[to], to));
  return joined(values, levels, { shortest, smallest });
}

/** Joins the two neighbours that differ least, until no two differ by less than `smallest`. */
function joined(
  values: readonly number[],
  levels: Level[],
  { shortest, smallest }: Required<StepOptions>,
): Level[] {
  for (;;) {
    const changes = levels.slice(1).map(({ value, from, to }, i) =>
      Math.min(to - from, levels[i].to - levels[i].from) < shortest
        ? 0
        : Math.abs(value - levels[i].value) / Math.abs(levels[i].value)
    );
    const least = changes.indexOf(Math.min(...changes));
    if (least < 0 || changes[least] >= smallest) return levels;
    const { from } = levels[least], { to } = levels[least + 1];
    levels = levels.toSpliced(least, 2, levelOf(values, from, to));
  }
}

function levelOf(values: readonly number[], from: number, to: number): Level {
  return { from, to, value: median(values.slice(from, to)) };
}

/**
 * Typical distance of a measurement from its level. A step spoils one difference of neighbours only,
 * which the median doesn't mind.
 */
function noiseOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const differences = values.slice(1).map((value, i) => Math.abs(value - values[i]));
  // For normal noise, neighbours are a median of 0.954 deviations apart.
  return median(differences) / 0.954;
}

/** The least sum of absolute distances to one level, as values come in. */
class RunningMedian {
  private readonly sorted: number[] = [];

  add(value: number): void {
    const at = this.sorted.findIndex((other) => other > value);
    this.sorted.splice(at < 0 ? this.sorted.length : at, 0, value);
  }

  distance(): number {
    const middle = this.sorted[this.sorted.length >> 1];
    return this.sorted.reduce((sum, value) => sum + Math.abs(value - middle), 0);
  }
}
