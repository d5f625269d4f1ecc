/**
 * The history of each number over the runs that measured it: by machine, commit and the code that
 * scored it.
 *
 * A result under another version of the benchmark is kept and never compared: it is stale. Times are
 * a series of their own on each machine; what a model predicts is the same on all.
 *
 * @module
 */
import { machineKey, machineName } from "./machine.ts";
import { mainMetric, metricName } from "./metric_names.ts";
import { type Evaluation, type RunRecord, scoringCode } from "./record.ts";
import { findLevels, type Level } from "./statistics/steps.ts";

/** One result in a history. */
export interface HistoryPoint {
  readonly run: string;
  readonly startedAt: string;
  readonly commit: string | null;
  readonly machine: string;
  /** Digest of the code that scored it; null where an older record does not say or nothing was. */
  readonly benchmark: string | null;
  readonly value: number;
  /** Whether it was made under another version of the benchmark than the newest result. */
  readonly stale: boolean;
}

/** The history of one number. */
export interface HistorySeries {
  readonly paper: string;
  /** Who was scored: "RAFT (demo recipe)". */
  readonly subject: string;
  /** What was measured: "EPE on moving-shapes:test", "time of a training step". */
  readonly what: string;
  readonly unit: string;
  readonly lowerIsBetter: boolean;
  /** The machine of a time, in words; null for what doesn't depend on it. */
  readonly machine: string | null;
  /** Oldest first. */
  readonly points: readonly HistoryPoint[];
  /** Levels of the points that are not stale, as indices into `points`' fresh part. */
  readonly levels: readonly Level[];
}

/** Where the last level of a series differs from the one before. */
export interface HistoryStep {
  /** The first result at the new level. */
  readonly at: HistoryPoint;
  readonly from: number;
  readonly to: number;
  /** Relative change, positive where worse. */
  readonly change: number;
}

/** A number a record holds, before it is known what else there is. */
type Found = Omit<HistorySeries, "points" | "levels"> & {
  readonly key: string;
  /** Digest of the protocol; results under another one are stale as well. */
  readonly protocol: string;
  readonly point: Omit<HistoryPoint, "stale">;
};

/** The histories of complete runs, those with most results first. */
export function buildHistory(records: readonly RunRecord[]): HistorySeries[] {
  const found = records.filter(({ status }) => status === "complete").flatMap(numbersOf);
  const series = [...Map.groupBy(found, ({ key }) => key).values()].map(seriesOf);
  return series.sort((a, b) => b.points.length - a.points.length);
}

/** The last step of a history, or null where it has kept its level. */
export function lastStep({ points, levels, lowerIsBetter }: HistorySeries): HistoryStep | null {
  const last = levels.at(-1), before = levels.at(-2);
  if (last === undefined || before === undefined) return null;
  const fresh = points.filter(({ stale }) => !stale);
  return {
    at: fresh[last.from],
    from: before.value,
    to: last.value,
    change: (lowerIsBetter ? 1 : -1) * (last.value - before.value) / Math.abs(before.value),
  };
}

function seriesOf(found: Found[]): HistorySeries {
  const ordered = found.toSorted((a, b) => a.point.startedAt < b.point.startedAt ? -1 : 1);
  const newest = ordered.at(-1)!;
  const points = ordered.map(({ point, protocol }) => ({
    ...point,
    stale: protocol !== newest.protocol || point.benchmark !== newest.point.benchmark,
  }));
  const { key: _key, protocol: _protocol, point: _point, ...about } = newest;
  const fresh = points.filter(({ stale }) => !stale).map(({ value }) => value);
  return { ...about, points, levels: findLevels(fresh) };
}

function numbersOf(record: RunRecord): Found[] {
  const { paper, training, environment, evaluations } = record;
  const made = {
    run: record.id,
    startedAt: record.startedAt,
    commit: environment.commit,
    machine: machineKey(environment),
  };
  const time = (
    subject: string,
    what: string,
    point: { value: number; benchmark: string | null },
    protocol: string,
  ): Found => ({
    key: JSON.stringify([paper.id, subject, what, made.machine, environment.kernels]),
    ...{ paper: paper.id, subject, what, unit: "s", lowerIsBetter: true, protocol },
    machine: machineName(environment),
    point: { ...made, ...point },
  });
  const tested = evaluations.filter(({ contender }) => contender.kind !== "baseline");
  const found = tested.flatMap((evaluation): Found[] => {
    const { contender, dataset, split, protocol, cost } = evaluation;
    const metric = mainMetric(evaluation.metrics);
    const value = metric === null ? null : evaluation.metrics[metric];
    if (metric === null || value === null || value === undefined) return [];
    const { quantity, unit, better } = metricName(metric);
    const where = `${dataset}:${split}`;
    const subject = contender.name;
    const benchmark = scoringCode(record, evaluation) ?? null;
    const quality: Found = {
      key: JSON.stringify([paper.id, subject, where, protocol.id, metric]),
      ...{ paper: paper.id, subject, what: `${quantity} on ${where}`, unit },
      lowerIsBetter: better !== "higher",
      machine: null,
      protocol: protocol.hash,
      point: { ...made, benchmark, value },
    };
    if (cost === undefined) return [quality];
    const point = { benchmark, value: total(cost.seconds) / cost.seconds.length };
    return [quality, time(subject, `time of a sample of ${where}`, point, timing(evaluation))];
  });
  if (training === null || training.steps === 0) return found;
  const subject = `${training.recipe} recipe`;
  const point = { benchmark: null, value: training.seconds / training.steps };
  return [...found, time(subject, "time of a training step", point, training.configHash)];
}

/** What a time depends on beside the machine. */
function timing({ protocol, byIteration }: Evaluation): string {
  return JSON.stringify([protocol.hash, byIteration.map(({ iterations }) => iterations)]);
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
