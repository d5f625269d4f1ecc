/**
 * From a case to a row: the results must agree before anything is timed.
 *
 * A kernel that fails validation writes nothing and is very fast, so a row without agreement is an
 * error and holds no times.
 *
 * @module
 */
import { Interrupted } from "../../base/errors.ts";
import type {
  Contest,
  Reading,
  Result,
  Rival,
  SpeedCase,
  SpeedGroup,
} from "../../base/speed_case.ts";
import { fitPowerLaw } from "../statistics/power_law.ts";
import { type Clock, summarize, takeTurns } from "./sampler.ts";
import type { Samples, SizeCurve, SpeedRow } from "./speed_record.ts";

/** How to measure. */
export interface MeasureOptions {
  /** Samples of each contestant. */
  readonly repeats: number;
  /** Milliseconds; the process' own clock unless told. */
  readonly now?: Clock;
}

/** Seconds from which on a run is not repeated merely to warm up: it has run for its result. */
const SLOW = 4;

/** Measures one case. Whatever goes wrong is the row's error, except being interrupted. */
export async function measure(
  group: string,
  of: SpeedCase,
  { repeats, now = () => performance.now() }: MeasureOptions,
): Promise<SpeedRow> {
  const { name, shape, work = null, goal = null, note = null, most = Infinity } = of;
  const row: SpeedRow = {
    ...{ group, name, shape, unit: "s", work, goal, note },
    ...{ ours: null, alternative: null, ratio: null, agreement: null, skipped: null, error: null },
  };
  const { measure } = of;
  if ("skipped" in measure) return { ...row, skipped: measure.skipped };
  try {
    const count = Math.min(repeats, most);
    if ("read" in measure) {
      const { ours, alternative } = await measure.read(count);
      return { ...row, unit: measure.unit, ...compared(ours, alternative) };
    }
    const contest = await measure.open();
    try {
      return { ...row, ...await held(contest, count, now) };
    } finally {
      await contest.close();
    }
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return { ...row, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Holds a contest: first the results, then the clock. */
async function held(
  { ours, alternative, expected, tolerance }: Contest,
  repeats: number,
  now: Clock,
): Promise<Partial<SpeedRow>> {
  const slow = new Set<Rival>();
  const result = async (contestant: Rival) => {
    const started = now();
    const values = await contestant.result?.() ?? null;
    if (now() - started > SLOW * 1000) slow.add(contestant);
    return values;
  };
  const own = await result(ours) as Result;
  const other = alternative && await result(alternative);
  const right = await expected?.result() ?? other;
  let agreement: SpeedRow["agreement"] = null;
  if (right) {
    const named = expected?.name ?? alternative!.name;
    // The alternative is checked as well: one that computes nothing is no rival.
    const apart = [own, ...expected && other ? [other] : []].map((x) => difference(x, right));
    const worst = Math.max(...apart);
    const known = Number.isFinite(worst);
    agreement = { with: named, difference: known ? worst : null, tolerance };
    if (!(worst <= tolerance)) {
      const found = known ? worst.toExponential(1) : "no number";
      const error = `The results differ from those of ${named}: by ${found} of the largest ` +
        `number, ${tolerance.toExponential(0)} allowed`;
      return { agreement, error };
    }
  }
  const contestants = alternative ? [ours, alternative] : [ours];
  const [first, second] = await takeTurns(contestants, { repeats, now, slow });
  return {
    agreement,
    ...compared(
      { name: ours.name, values: first },
      alternative && { name: alternative.name, values: second },
    ),
  };
}

/**
 * Largest difference of any part relative to its largest expected number. Infinite where lengths
 * differ, a number is not finite, or a part is expected to be nothing but zeros, which agrees with
 * what was never computed.
 */
export function difference(actual: Result, expected: Result): number {
  if (actual.length !== expected.length || expected.length === 0) return Infinity;
  return Math.max(...expected.map((part, i) => partDifference(actual[i], part)));
}

function partDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let largest = 0, worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(actual[i] - expected[i]);
    if (!Number.isFinite(apart)) return Infinity;
    worst = Math.max(worst, apart);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return largest > 0 ? worst / largest : Infinity;
}

function compared(
  ours: Reading,
  alternative: Reading | null,
): Pick<SpeedRow, "ours" | "alternative" | "ratio"> {
  const own = samples(ours), other = alternative && samples(alternative);
  if (!other || own.median === 0) return { ours: own, alternative: other, ratio: null };
  const pairs = Math.min(own.values.length, other.values.length);
  const ratios = Array.from({ length: pairs }, (_, i) => other.values[i] / own.values[i]);
  const { lower, upper } = summarize(ratios);
  return {
    ours: own,
    alternative: other,
    ratio: { value: other.median / own.median, lower, upper },
  };
}

function samples({ name, values }: Reading): Samples {
  return { name, values: [...values], ...summarize(values) };
}

/**
 * Measures how time and memory grow with the picture.
 *
 * @param onPoint Hears of each size that is done.
 */
export async function measureSizes(
  { id, sizes }: Required<Pick<SpeedGroup, "id" | "sizes">>,
  onPoint: (point: SizeCurve["points"][number]) => void,
): Promise<SizeCurve> {
  const points: SizeCurve["points"] = [];
  let error: string | null = null;
  try {
    for await (const point of sizes()) {
      points.push(point);
      onPoint(point);
    }
  } catch (reason) {
    if (reason instanceof Interrupted) throw reason;
    error = reason instanceof Error ? reason.message : String(reason);
  }
  const fit = (quantity: "seconds" | "residentBytes" | "deviceBytes") =>
    fitPowerLaw(points.map((point) => [point.height * point.width, point[quantity]]));
  const fits = {
    seconds: fit("seconds"),
    residentBytes: fit("residentBytes"),
    deviceBytes: fit("deviceBytes"),
  };
  return { group: id, points, fits, error };
}
