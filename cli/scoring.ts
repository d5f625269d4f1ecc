/**
 * Scoring from the command line: what is to be run, running it, and where the result goes.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { Progress } from "../base/progress.ts";
import type { Evaluation, RunRecord } from "../benchmarks/record.ts";
import { newRunId, RunFolder } from "../benchmarks/run_folder.ts";
import type { Recipe, Replication, Scored, Source } from "../replications/replication.ts";
import {
  ensureDatasets,
  newestRun,
  newRecord,
  openRun,
  prepareBackend,
  type Run,
  type Setting,
} from "./runs.ts";

/** What a command's options say is to be run. */
export async function sourceOf(
  replication: { readonly paper: { readonly id: string } },
  options: { run?: string; weights?: string; baseline?: string; runs: string },
  setting: Setting,
): Promise<Source> {
  const { run: id, weights, baseline } = options;
  const given = Object.entries({ run: id, weights, baseline })
    .flatMap(([name, value]) => value === undefined ? [] : [`--${name}`]);
  if (given.length > 1) {
    throw new UsageError(`Cannot take both ${given[0]} and ${given[1]}`, "Give one of them.");
  }
  if (weights !== undefined) return { kind: "weights", path: weights };
  if (baseline !== undefined) return { kind: "baseline", name: baseline };
  const { paper } = replication;
  const run = id !== undefined
    ? await openRun(id, paper.id, options.runs)
    : await newestRun(paper.id, options.runs, "trained run", (r) => !!r.training?.weights);
  if (id === undefined) setting.say(`Using run ${run.folder.id}, the newest.`);
  if (!run.record.training?.weights) {
    throw new UsageError(
      `Cannot use run ${run.folder.id}: it has no final weights`,
      `Finish it: deno task ${paper.id} train --resume ${run.folder.id}`,
    );
  }
  return { kind: "run", id: run.folder.id, path: run.folder.path, record: run.record };
}

/** Scores one source, with a progress line. */
export async function score<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  source: Source,
  request: {
    dataset: string;
    protocol?: string;
    iterations?: number;
    samples?: number;
    alsoAt?: readonly number[];
  },
  setting: Setting,
): Promise<Scored> {
  await ensureDatasets([request.dataset], setting);
  await prepareBackend(setting);
  const contender = await replication.contender(source, setting);
  const label = source.kind === "baseline" ? `evaluate ${source.name}` : "evaluate";
  let progress: Progress | null = null;
  try {
    return await replication.evaluate(contender, {
      ...request,
      limit: request.samples,
      dataDir: setting.dataDir,
      signal: setting.signal,
      onSample(done, total, note) {
        progress ??= new Progress(label, total, setting.sink);
        progress.update(done, note);
      },
    });
  } finally {
    (progress as Progress | null)?.end();
    contender.dispose?.();
  }
}

/** A run that holds nothing but evaluations of weights or a baseline. */
export async function evaluationRun(
  replication: { readonly paper: RunRecord["paper"] },
  source: Exclude<Source, { kind: "run" }>,
  evaluation: Evaluation,
  setting: Setting,
): Promise<Run> {
  const { paper } = replication;
  const { contender, dataset, split } = evaluation;
  const id = newRunId(paper.id, "evaluate", 0, new Date());
  const folder = await RunFolder.createNext(setting.runsDir, id);
  const flag = source.kind === "weights" ? `--weights ${source.path}` : `--baseline ${source.name}`;
  const record: RunRecord = {
    ...newRecord(replication, folder.id, await prepareBackend(setting), {
      scale: `${contender.name} scored on ${dataset} (${split}), ${evaluation.samples} samples`,
      notes: [],
      seed: 0,
      commands: [
        `deno task ${paper.id} evaluate ${flag} --dataset ${dataset}:${split} --protocol ${evaluation.protocol.id}`,
      ],
    }),
    status: "complete",
    finishedAt: new Date().toISOString(),
  };
  return { folder, record };
}

/** Four decimals, or a dash. */
const number = (value: number | null | undefined) => value == null ? "-" : value.toFixed(4);

/** The metrics a line shows: EPE where there is one, else J by both choices of the foreground. */
const SHOWN = [["epe", "EPE"], ["jFree", "J without labels"], [
  "j",
  "J of the better group",
]] as const;

/** An evaluation in one line. */
export function scoreLine({ contender, dataset, split, metrics, samples }: Evaluation): string {
  const values = SHOWN.filter(([name]) => name in metrics)
    .map(([name, words]) => `${words} ${number(metrics[name])}`);
  return `${contender.name}: ${values.join(", ")} on ${dataset}:${split} (${samples} samples)`;
}

/** An evaluation with every metric. */
export function metricsText(evaluation: Evaluation, run: string): string {
  const { protocol, metrics } = evaluation;
  const width = Math.max(...Object.keys(metrics).map((name) => name.length));
  return [
    scoreLine(evaluation),
    `protocol ${protocol.id}: ${protocol.summary}`,
    ...Object.entries(metrics).map(([name, value]) => `  ${name.padEnd(width)}  ${number(value)}`),
    `run ${run}`,
  ].join("\n");
}
