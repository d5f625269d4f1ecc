/**
 * `deno task <paper> evaluate`: scores a contender on datasets under their protocols.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "@std/path";
import { requireWritable } from "../../base/files.ts";
import { channelOrders, pixelRanges } from "../../benchmarks/contenders/onnx.ts";
import type { ScoredModel } from "../../benchmarks/published.ts";
import type { Evaluation } from "../../benchmarks/record.ts";
import { findSplit } from "../../datasets/registry.ts";
import type { Recipe, Replication, Scored, Source } from "../../replications/replication.ts";
import { trainedOnUpTo } from "../../replications/stage_weights.ts";
import {
  choiceOption,
  kernelsOption,
  printResult,
  stageOption,
  userPath,
  wholeNumber,
} from "../command.ts";
import { openRun } from "../find_run.ts";
import { publishedBeside } from "../published_beside.ts";
import { scoringCommands } from "../redo.ts";
import { keepScores, requireRecordedData } from "../runs.ts";
import { evaluationRun, metricsText, score, scoredSource } from "../scoring.ts";
import {
  addIterations,
  addPaperCommand,
  nothingToSave,
  type PaperOptions,
  settingOf,
} from "./options.ts";

interface EvaluateOptions extends PaperOptions {
  run?: string;
  stage?: string;
  weights?: string;
  baseline?: string;
  onnx?: string;
  onnxPixels?: string;
  onnxChannels?: string;
  predictions?: string;
  savePredictions?: string;
  dataset: string[];
  protocol?: string;
  iterations?: number;
  samples?: number;
  trainedOn?: string;
  withBaselines?: boolean;
}

/** Adds `evaluate`. */
export function addEvaluate<R extends Recipe, C extends { dispose?(): void }>(
  program: Command,
  replication: Replication<R, C>,
): void {
  const what = replication.foreign
    ? "a model, a baseline or finished flows"
    : "a model or a baseline";
  const evaluate = addPaperCommand(program, "evaluate", `score ${what} under a protocol`)
    .requiredOption("--dataset <names...>", "what to score on: ID or ID:SPLIT, one or several")
    .addOption(kernelsOption())
    .option("--run <id>", "a trained run; default the newest")
    .addOption(stageOption())
    .option("--weights <file>", "safetensors or PyTorch .pth", userPath)
    .option("--baseline <name>", replication.baselines.join(" or "));
  if (replication.foreign) {
    evaluate
      .option("--onnx <file>", "an ONNX model, run by onnxruntime-web", userPath)
      .addOption(
        choiceOption("--onnx-pixels <range>", "values it wants; default 0..255", pixelRanges),
      )
      .addOption(
        choiceOption("--onnx-channels <order>", "channels it wants; default rgb", channelOrders),
      )
      .option("--predictions <dir>", "flow files any other code made (.flo, KITTI .png)", userPath)
      .option("--save-predictions <dir>", "keep every flow as a .flo file", userPath);
  }
  evaluate
    .option("--protocol <id>", "how the number is made; default the dataset's usual one")
    .option("--samples <n>", "score only the first so many", wholeNumber(1))
    .option("--with-baselines", `score ${replication.baselines.join(" and ")} beside it`)
    .option(
      "--trained-on <data>",
      `what a weights file was trained on, for example "${publishedTraining(replication)}"`,
    )
    .action((options: EvaluateOptions) => evaluateCommand(replication, options));
  addIterations(evaluate, replication, "update iterations, instead of the protocol's");
}

/**
 * Training data that a published number names, so that there is something to compare with: what a
 * recipe goes through in the end need not be such.
 */
function publishedTraining<R extends Recipe, C extends { dispose?(): void }>(
  { compare }: Replication<R, C>,
): string {
  return compare([], "")[0].published.training;
}

async function evaluateCommand<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  options: EvaluateOptions,
): Promise<void> {
  for (const name of options.dataset) findSplit(name); // a mistyped name is told first
  const setting = settingOf(options, nothingToSave);
  const source = await scoredSource(replication, options, setting);
  await requireWritable(join(options.runs, "record.json"));
  const { savePredictions: saveTo } = options;
  if (saveTo !== undefined) await requireWritable(join(saveTo, "flow.flo"));
  const beside = (options.withBaselines ? replication.baselines : [])
    .filter((name) => source.kind !== "baseline" || source.name !== name)
    .map((name): Source => ({ kind: "baseline", name }));
  if (source.kind === "run") await requireRecordedData(source.record, options.dataset, setting);
  const scored: Scored[] = [];
  for (const dataset of new Set(options.dataset)) {
    scored.push(await score(replication, source, { ...options, dataset, saveTo }, setting));
    for (const baseline of beside) {
      scored.push(await score(replication, baseline, { ...options, dataset }, setting));
    }
  }
  const { paper } = replication;
  const trained = source.kind === "run" ? source.record.training?.config as unknown as R : null;
  const own = source.kind === "run" ? source.stage : undefined;
  const trainedOn = ({ contender: { stage } }: Evaluation) => {
    if (options.trainedOn !== undefined && stage === own) return options.trainedOn;
    if (!trained) return "unknown data (name it with --trained-on)";
    return trainedOnUpTo(trained, replication.plan(trained), stage);
  };
  const how = { ...setting, trainedOn: options.trainedOn };
  const commands = scoringCommands(paper, source, scored, how);
  const run = source.kind === "run"
    ? await openRun(source.id, paper.id, options.runs)
    : await evaluationRun(replication, scored, commands, setting);
  run.record = { ...run.record, commands: [...new Set([...run.record.commands, ...commands])] };
  // Verdicts rest on everything scored so far; per-sample results of earlier scores are on disk.
  const evaluations = scored.map(({ evaluation }) => evaluation);
  const ids = new Set(evaluations.map(({ id }) => id));
  const all: ScoredModel[] = [...scored];
  for (const other of run.record.evaluations.filter(({ id }) => !ids.has(id))) {
    const samples = await run.folder.readSamples(other.id);
    if (samples) all.push({ evaluation: other, samples });
  }
  await keepScores(run, scored, publishedBeside(replication, all, trainedOn));
  const results = evaluations.map((evaluation) => ({
    samples: evaluation.samples,
    metrics: evaluation.metrics,
    protocol: evaluation.protocol,
    dataset: evaluation.dataset,
    split: evaluation.split,
    contender: evaluation.contender,
    byIteration: evaluation.byIteration,
    seconds: evaluation.seconds,
  }));
  const place = { run: run.folder.id, record: join(run.folder.path, "record.json") };
  // One dataset's result lies flat; several are a list.
  const result = results.length === 1 ? { ...place, ...results[0] } : { ...place, results };
  printResult(options.json, result, metricsText(evaluations, run.folder.id));
}
