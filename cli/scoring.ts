/**
 * Scoring from the command line: what is to be run, running it, and where the result goes.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { Progress } from "../base/progress.ts";
import type { Evaluation, RunRecord } from "../benchmarks/record.ts";
import { newRunId, RunFolder } from "../benchmarks/run_folder.ts";
import { groupMetrics, metricName, quotedMetric, withUnit } from "../benchmarks/metric_names.ts";
import type {
  ForeignSource,
  Recipe,
  Replication,
  Scored,
  Source,
} from "../replications/replication.ts";
import { newestRun, openRun, type Run } from "./find_run.ts";
import { stageWithWeights } from "./run_stage.ts";
import { ensureDatasets, newRecord, prepareBackend, type Setting } from "./runs.ts";
import { textTable } from "./text_table.ts";

/** Options that name a contender made elsewhere. */
export interface ForeignOptions {
  onnx?: string;
  onnxPixels?: string;
  onnxChannels?: string;
  predictions?: string;
}

/** What `evaluate`'s options say is to be scored. */
export async function scoredSource<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  options: OwnOptions & ForeignOptions,
  setting: Setting,
): Promise<Source | ForeignSource> {
  const { run, weights, baseline, onnx, predictions, onnxPixels: pixels } = options;
  requireOne({ run, weights, baseline, onnx, predictions });
  requireRun(options);
  const { onnxChannels: channels } = options;
  if (onnx === undefined && (pixels ?? channels) !== undefined) {
    throw new UsageError("Cannot take --onnx-pixels or --onnx-channels without --onnx");
  }
  if (predictions !== undefined) return { kind: "folder", path: predictions };
  if (onnx === undefined) return await sourceOf(replication, options, setting);
  return { kind: "onnx", path: onnx, onCpu: setting.backend === "cpu", pixels, channels };
}

/** Options that name a contender of the paper's own. */
export interface OwnOptions {
  run?: string;
  stage?: string;
  weights?: string;
  baseline?: string;
  runs: string;
}

/** Refuses options that name more than one contender. */
function requireOne(options: Readonly<Record<string, string | undefined>>): void {
  const given = Object.entries(options)
    .flatMap(([name, value]) => value === undefined ? [] : [`--${name}`]);
  if (given.length > 1) {
    throw new UsageError(`Cannot take both ${given[0]} and ${given[1]}`, "Give one of them.");
  }
}

/** Refuses a stage of a run that is not named: the newest one may have other stages. */
function requireRun({ run, stage }: Pick<OwnOptions, "run" | "stage">): void {
  if (stage === undefined || run !== undefined) return;
  throw new UsageError("Cannot take --stage without --run", "Name the run that has the stage.");
}

/** What a command's options say is to be run. */
export async function sourceOf(
  replication: { readonly paper: { readonly id: string } },
  options: OwnOptions,
  setting: Setting,
): Promise<Source> {
  const { run: id, stage: asked, weights, baseline } = options;
  requireOne({ run: id, weights, baseline });
  requireRun(options);
  if (weights !== undefined) return { kind: "weights", path: weights };
  if (baseline !== undefined) return { kind: "baseline", name: baseline };
  const { paper } = replication;
  const run = id !== undefined
    ? await openRun(id, paper.id, options.runs)
    : await newestRun(paper.id, options.runs, "trained run", (r) => !!r.training?.weights);
  if (id === undefined) setting.say(`Using run ${run.folder.id}, the newest.`);
  const stage = await stageWithWeights(run, asked);
  const { folder: { id: name, path }, record } = run;
  return { kind: "run", id: name, path, record, ...stage !== undefined && { stage } };
}

/** Scores one source, with a progress line. */
export async function score<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  source: Source | ForeignSource,
  request: {
    dataset: string;
    protocol?: string;
    iterations?: number;
    samples?: number;
    alsoAt?: readonly number[];
    saveTo?: string;
  },
  setting: Setting,
): Promise<Scored> {
  await ensureDatasets([request.dataset], setting);
  const { benchmark } = await prepareBackend(setting);
  const contender = source.kind === "onnx" || source.kind === "folder"
    ? await replication.foreign!(source)
    : await replication.contender(source, setting);
  const label = source.kind === "baseline" ? `evaluate ${source.name}` : "evaluate";
  let progress: Progress | null = null;
  try {
    const scored = await replication.evaluate(contender, {
      ...request,
      limit: request.samples,
      dataDir: setting.dataDir,
      signal: setting.signal,
      onSample(done, total, note) {
        progress ??= new Progress(label, total, setting.sink);
        progress.update(done, note);
      },
    });
    return { ...scored, evaluation: { ...scored.evaluation, benchmark } };
  } finally {
    (progress as Progress | null)?.end();
    contender.dispose?.();
  }
}

/**
 * A run that holds nothing but evaluations of what is no run: weights, a baseline, flows made elsewhere.
 *
 * @param commands Those that score the same again.
 */
export async function evaluationRun(
  replication: { readonly paper: RunRecord["paper"] },
  scored: readonly Scored[],
  commands: string[],
  setting: Setting,
): Promise<Run> {
  const { paper } = replication;
  const evaluations = scored.map(({ evaluation }) => evaluation);
  const id = newRunId(paper.id, "evaluate", 0, new Date());
  const folder = await RunFolder.createNext(setting.runsDir, id);
  const places = evaluations.map(({ dataset, split, samples }) =>
    `${dataset} (${split}), ${samples} sample${samples === 1 ? "" : "s"}`
  );
  const record: RunRecord = {
    ...newRecord(replication, folder.id, await prepareBackend(setting), {
      scale: `${evaluations[0].contender.name} scored on ${[...new Set(places)].join("; ")}`,
      notes: [...new Set(scored.flatMap(({ notes }) => notes ?? []))],
      seed: 0,
      commands,
    }),
    status: "complete",
    finishedAt: new Date().toISOString(),
  };
  return { folder, record };
}

/** Four decimals, or a dash. */
const number = (value: number | null | undefined) => value == null ? "-" : value.toFixed(4);

/** An evaluation in one line: the metric that its protocol quotes, and J as no label chose it. */
export function scoreLine(evaluation: Evaluation): string {
  const { contender, dataset, split, metrics, samples } = evaluation;
  const names = ["jFree", quotedMetric(evaluation) ?? ""].filter((name) => name in metrics);
  const values = names.map((name) => `${metricName(name).quantity} ${number(metrics[name])}`);
  const of = samples === 1 ? "1 sample" : `${samples} samples`;
  return `${contender.name}: ${values.join(", ")} on ${dataset}:${split} (${of})`;
}

/** Evaluations, a column each: every metric that has a value, averaged both ways. */
export function metricsText(evaluations: readonly Evaluation[], run: string): string {
  const names = evaluations.flatMap(({ metrics }) =>
    Object.keys(metrics).filter((name) => metrics[name] !== null)
  );
  const contenders = evaluations.map(({ contender }) => contender.name);
  const table = [
    ...new Set(contenders).size > 1 ? [["", "", ...contenders]] : [],
    ["", "", ...evaluations.map(({ dataset, split }) => `${dataset}:${split}`)],
    ...groupMetrics(names).flatMap((conventions) =>
      conventions.toSorted((a, b) => a.averaging < b.averaging ? -1 : 1).map((metric, i) => [
        i === 0 ? withUnit(metric) : "",
        metric.averaging,
        ...evaluations.map(({ metrics }) => number(metrics[metric.name])),
      ])
    ),
  ];
  return [
    ...evaluations.flatMap((evaluation) => [
      scoreLine(evaluation),
      `  protocol ${evaluation.protocol.id}: ${evaluation.protocol.summary}`,
    ]),
    "",
    textTable(table, 2),
    `run ${run}`,
  ].join("\n");
}
