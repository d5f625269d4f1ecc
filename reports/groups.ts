/**
 * Results that may stand in one table: the same data under the same protocol.
 *
 * @module
 */
import type { Evaluation, ProtocolStamp } from "../benchmarks/record.ts";
import type { SampleResults } from "../benchmarks/samples.ts";
import type { LoadedRun } from "./load.ts";
import { mainMetric } from "../benchmarks/metric_names.ts";

/** One contender's result within a group. */
export interface Entry {
  /** The contender's name, with the run's id where the report shows several runs. */
  readonly label: string;
  /** What it scored. */
  readonly evaluation: Evaluation;
  /** The run that scored it. */
  readonly run: LoadedRun;
  /** Per-sample results, where they were kept. */
  readonly samples: SampleResults | undefined;
}

/** The results on one split under one protocol; baselines come last. */
export interface Group {
  /** `dataset/split`. */
  readonly title: string;
  /** How the numbers were made. */
  readonly protocol: ProtocolStamp;
  /** Contenders under test, then baselines; at least one. */
  readonly entries: readonly Entry[];
  /** The metric results are ranked by, or null where nothing was measured. */
  readonly metric: string | null;
}

/** Groups the evaluations of runs, in the order they appear. */
export function groupEvaluations(runs: readonly LoadedRun[]): Group[] {
  const groups = new Map<string, Entry[]>();
  const seen = new Set<string>();
  for (const run of runs) {
    for (const evaluation of run.record.evaluations) {
      const { contender, dataset, split, protocol, metrics } = evaluation;
      const key = JSON.stringify([dataset, split, protocol.hash]);
      // Every run scores the same baselines; equal results need one row.
      const result = JSON.stringify([key, contender, metrics]);
      if (contender.kind === "baseline" && seen.has(result)) continue;
      seen.add(result);
      const ours = runs.length > 1 && contender.kind !== "baseline";
      const label = ours ? `${contender.name} · ${run.record.id}` : contender.name;
      const entry = { label, evaluation, run, samples: run.samples.get(evaluation.id) };
      groups.set(key, [...groups.get(key) ?? [], entry]);
    }
  }
  return [...groups.values()].map((entries) => {
    const [{ evaluation }] = entries;
    const ordered = entries.toSorted((a, b) => Number(isBaseline(a)) - Number(isBaseline(b)));
    return {
      title: `${evaluation.dataset}/${evaluation.split}`,
      protocol: evaluation.protocol,
      entries: ordered,
      metric: mainMetric(ordered[0].evaluation.metrics),
    };
  });
}

/** Whether an entry is a yardstick rather than something under test. */
export function isBaseline(entry: Pick<Entry, "evaluation">): boolean {
  return entry.evaluation.contender.kind === "baseline";
}

/** The group's zero-flow baseline, the yardstick that says how much motion there was to find. */
export function zeroFlow(group: Group): Entry | undefined {
  return group.entries.find(isZeroFlow);
}

/** Whether an entry is the baseline that predicts no motion. */
export function isZeroFlow(entry: Pick<Entry, "evaluation">): boolean {
  return isBaseline(entry) && /\bzero\b/i.test(entry.evaluation.contender.name);
}
