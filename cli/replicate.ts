/**
 * The command line of a paper: `deno task <paper> [train|evaluate|predict|report]`.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { join, resolve } from "@std/path";
import { Interrupted, UsageError } from "../base/errors.ts";
import { requireWritable } from "../base/files.ts";
import { nearest } from "../base/nearest.ts";
import { channelOrders, pixelRanges } from "../benchmarks/contenders/onnx.ts";
import { MOST_ITERATIONS } from "../benchmarks/protocols/protocol.ts";
import { Progress } from "../base/progress.ts";
import { findSplit, openMaskedVideos } from "../datasets/registry.ts";
import type { BackendName } from "../nn/backend.ts";
import type { KernelSet } from "../nn/kernels/selection.ts";
import { buildFlowCache } from "../replications/flow_cache.ts";
import {
  type FlowOfVideos,
  type Recipe,
  type RecipeName,
  recipeNames,
  type Replication,
  type Scored,
  type Source,
} from "../replications/replication.ts";
import { loadRun, writeReport } from "../reports/report.tsx";
import {
  backendOption,
  choiceOption,
  createCommand,
  dataOption,
  interruptSignal,
  jsonOption,
  kernelsOption,
  outputFile,
  printResult,
  progressSink,
  quietOption,
  runCommand,
  runsOption,
  userPath,
  wholeNumber,
} from "./command.ts";
import { planRecipe, planText } from "./plan.ts";
import {
  keepScores,
  newestRun,
  openRun,
  prepareBackend,
  resumeTraining,
  type Run,
  type Setting,
  startTraining,
} from "./runs.ts";
import { evaluationRun, metricsText, score, scoredSource, scoreLine, sourceOf } from "./scoring.ts";

/** Options of every command. */
interface Common {
  data: string;
  runs: string;
  backend: BackendName;
  /** Ours where absent; a resumed run keeps those it started with. */
  kernels?: KernelSet;
  quiet: boolean;
  json: boolean;
}

interface WholeOptions extends Common {
  seed: number;
  steps?: number;
}

interface TrainOptions extends WholeOptions {
  recipe: RecipeName;
  checkpointEvery?: number;
  run?: string;
  resume?: string;
  plan: boolean;
}

interface EvaluateOptions extends Common {
  run?: string;
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
}

interface FlowOptions extends Common {
  dataset: string;
  run?: string;
  weights?: string;
  iterations?: number;
  gaps?: readonly number[];
  replace: boolean;
}

interface PredictOptions extends Common {
  out: string;
  image?: string;
  run?: string;
  weights?: string;
  iterations?: number;
}

const settingOf = (options: Common, signal: AbortSignal): Setting => ({
  dataDir: options.data,
  runsDir: options.runs,
  backend: options.backend,
  kernels: options.kernels ?? "tuned",
  sink: progressSink(options.quiet),
  signal,
  say: (text) => console.error(text),
});

/**
 * The signal of commands that have nothing to save: Ctrl-C ends them at once, which a signal of ours
 * could not, since a forward pass keeps JavaScript busy.
 */
const nothingToSave = new AbortController().signal;

const common = (command: Command): Command =>
  command.addOption(dataOption()).addOption(runsOption()).addOption(backendOption())
    .addOption(quietOption()).addOption(jsonOption());

/** Runs a paper's command line on the process' arguments and ends the process. */
export async function replicate<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
): Promise<never> {
  return await runCommand(async () => {
    const program = commandLine(replication);
    const [first] = Deno.args;
    const known = program.commands.map((command) => command.name());
    if (first && !first.startsWith("-") && !["help", ...known].includes(first)) {
      const meant = nearest(first, known);
      throw new UsageError(
        `There is no command "${first}"`,
        meant ? `Did you mean "${meant}"?` : `Commands: ${known.join(", ")}`,
      );
    }
    await program.parseAsync(Deno.args, { from: "user" });
  });
}

/** The tree of commands; each action throws what {@link runCommand} explains. */
export function commandLine<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
): Command {
  const { paper } = replication;
  const task = `deno task ${paper.id}`;
  const program = createCommand(task, `${paper.title} (${paper.venue} ${paper.year})`)
    .enablePositionalOptions()
    .helpCommand(true)
    .addHelpText("before", `Without a command: the demo from nothing to a report.\n`);
  common(program)
    .addOption(kernelsOption())
    .option("--seed <n>", "seed of everything random", wholeNumber(0), 0)
    .option("--steps <n>", "training steps, instead of the demo's", wholeNumber(1))
    .action((options: WholeOptions) => whole(replication, options));

  const sub = (name: string, description: string) =>
    common(program.command(name).description(description).exitOverride());

  sub("train", "train a recipe; Ctrl-C saves, --resume goes on")
    .addOption(
      choiceOption(
        "--recipe <name>",
        "demo (minutes), small (an hour), paper (as published)",
        recipeNames,
      )
        .default("demo"),
    )
    .addOption(kernelsOption())
    .option("--seed <n>", "seed of everything random", wholeNumber(0), 0)
    .option("--steps <n>", "training steps in all, instead of the recipe's", wholeNumber(1))
    .option("--run <id>", "name of the new run")
    .option("--resume <id>", "continue a run from its newest checkpoint")
    .option("--checkpoint-every <n>", "steps between checkpoints", wholeNumber(1))
    .option("--plan", "print the recipe's stages, data and hours, and do nothing", false)
    .action((options: TrainOptions) => trainCommand(replication, options));

  const what = replication.foreign
    ? "a model, a baseline or finished flows"
    : "a model or a baseline";
  const evaluate = sub("evaluate", `score ${what} under a protocol`)
    .requiredOption("--dataset <names...>", "what to score on: ID or ID:SPLIT, one or several")
    .addOption(kernelsOption())
    .option("--run <id>", "a trained run; default the newest")
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
    .option("--trained-on <data>", 'what a weights file was trained on, for example "C+T"')
    .action((options: EvaluateOptions) => evaluateCommand(replication, options));
  if (!replication.oneShot) {
    evaluate.option(
      "--iterations <n>",
      "update iterations, instead of the protocol's",
      wholeNumber(1, MOST_ITERATIONS),
    );
  }

  const { flow } = replication;
  if (flow) {
    sub("flow", `compute the flow of videos with ${flow.maker.paper.id}, for training`)
      .requiredOption("--dataset <id[:split]>", "whose videos")
      .addOption(kernelsOption())
      .option("--weights <file>", "safetensors or PyTorch .pth of the flow model", userPath)
      .option("--run <id>", `a trained run of ${flow.maker.paper.id}; default the newest`)
      .option("--iterations <n>", "update iterations", wholeNumber(1, MOST_ITERATIONS))
      .option("--gaps <list>", "frames between the two, as 1,-1; default the paper's", gapList)
      .option("--replace", "compute over what is there", false)
      .action((options: FlowOptions) => flowCommand(flow, options));
  }

  if (replication.predict) {
    sub("predict", "run the model on two pictures of yours")
      .argument("<first>", "picture 1: PNG, JPEG or PPM", userPath)
      .argument("<second>", "picture 2, of the same size", userPath)
      .requiredOption("--out <file>", "flow file to write (.flo)", outputFile(".flo"))
      .addOption(kernelsOption())
      .option("--image <file>", "colour picture of the flow to write (.png)", outputFile(".png"))
      .option("--run <id>", "a trained run; default the newest")
      .option("--weights <file>", "safetensors or PyTorch .pth", userPath)
      .option("--iterations <n>", "update iterations", wholeNumber(1, MOST_ITERATIONS))
      .action((first: string, second: string, options: PredictOptions) =>
        predictCommand(replication, first, second, options)
      );
  }

  sub("report", "write the HTML report of one or more runs")
    .argument("[runs...]", "run ids; default the newest run")
    .option(
      "--out <file>",
      "where to write it; default report.html in the first run's folder",
      userPath,
    )
    .action((ids: string[], options: Common & { out?: string }) =>
      reportCommand(replication, ids, options)
    );
  return program;
}

/** Data, training, evaluation and report of the demo. */
async function whole<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  options: WholeOptions,
): Promise<void> {
  const setting = settingOf(options, interruptSignal());
  const { demo } = replication.recipes;
  const recipe = options.steps ? replication.withSteps(demo, options.steps) : demo;
  const run = await startTraining(replication, { recipe, seed: options.seed }, setting);
  const { dataset, protocol, alsoAt } = replication.evaluationOf(recipe);
  const sources: Source[] = [
    { kind: "run", id: run.folder.id, path: run.folder.path, record: run.record },
    ...replication.baselines.map((name): Source => ({ kind: "baseline", name })),
  ];
  const scored: Scored[] = [];
  try {
    for (const source of sources) {
      const counts = source.kind === "run" ? alsoAt : undefined;
      scored.push(await score(replication, source, { dataset, protocol, alsoAt: counts }, setting));
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const { id } = run.folder;
    throw new Interrupted(
      `Stopped while scoring; run ${id} is trained and kept`,
      `Score it with: deno task ${replication.paper.id} evaluate --run ${id} --dataset ${dataset}`,
    );
  }
  await keepScores(run, scored, replication.compare(scored, recipe.trainedOn));
  const report = await reportOf([run], undefined);
  const [own, ...baselines] = scored.map(({ evaluation }) => evaluation);
  const result = {
    run: run.folder.id,
    report,
    record: join(run.folder.path, "record.json"),
    metrics: own.metrics,
    baselines: Object.fromEntries(
      replication.baselines.map((name, i) => [name, baselines[i].metrics]),
    ),
  };
  const lines = scored.map(({ evaluation }) => scoreLine(evaluation));
  printResult(options.json, result, [...lines, report].join("\n"));
}

async function trainCommand<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  options: TrainOptions,
): Promise<void> {
  const setting = settingOf(options, interruptSignal());
  const named = replication.recipes[options.recipe];
  const recipe = options.steps ? replication.withSteps(named, options.steps) : named;
  if (options.plan) {
    const plan = await planRecipe(recipe, replication.plan(recipe), setting);
    printResult(options.json, plan, planText(plan));
    return;
  }
  const { resume, run: id, steps, kernels } = options;
  if (resume !== undefined && [id, steps, kernels].some((given) => given !== undefined)) {
    throw new UsageError(
      "Cannot resume with other settings: --resume takes none of --run, --steps, --kernels",
    );
  }
  const run = resume !== undefined
    ? await resumeTraining(
      replication,
      await openRun(resume, replication.paper.id, options.runs),
      setting,
      options.checkpointEvery,
    )
    : await startTraining(replication, {
      recipe,
      seed: options.seed,
      id,
      checkpointEvery: options.checkpointEvery,
    }, setting);
  const { training } = run.record;
  const weights = join(run.folder.path, "weights.safetensors");
  printResult(
    options.json,
    { run: run.folder.id, record: join(run.folder.path, "record.json"), weights, ...training },
    `Trained ${training!.steps} steps, last loss ${training!.finalLoss?.toFixed(4)}\n${weights}`,
  );
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
  const scored: Scored[] = [];
  for (const dataset of new Set(options.dataset)) {
    scored.push(await score(replication, source, { ...options, dataset, saveTo }, setting));
  }
  const trained = source.kind === "run" ? source.record.training?.config as unknown as R : null;
  const trainedOn = options.trainedOn ?? trained?.trainedOn ??
    "unknown data (name it with --trained-on)";
  const run = source.kind === "run"
    ? await openRun(source.id, replication.paper.id, options.runs)
    : await evaluationRun(replication, source, scored, setting);
  // Verdicts rest on everything scored so far; per-sample results of earlier scores are on disk.
  const evaluations = scored.map(({ evaluation }) => evaluation);
  const ids = new Set(evaluations.map(({ id }) => id));
  const all: Scored[] = [...scored];
  for (const other of run.record.evaluations.filter(({ id }) => !ids.has(id))) {
    const samples = await run.folder.readSamples(other.id);
    if (samples) all.push({ evaluation: other, samples, data: scored[0].data });
  }
  await keepScores(run, scored, replication.compare(all, trainedOn));
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

/** Whole numbers but 0, separated by commas. */
function gapList(text: string): readonly number[] {
  const gaps = text.split(",").map(Number);
  if (gaps.every((gap) => Number.isSafeInteger(gap) && gap !== 0)) return [...new Set(gaps)];
  throw new InvalidArgumentError("Give whole numbers but 0, with commas between, as 1,-1.");
}

async function flowCommand(flow: FlowOfVideos, options: FlowOptions): Promise<void> {
  const { dataset } = findSplit(options.dataset);
  if (!dataset.size.frames) {
    throw new UsageError(`Cannot compute flow of ${dataset.id}: it has flow of its own`);
  }
  const setting = settingOf(options, interruptSignal());
  const videos = await openMaskedVideos(options.dataset, options.data);
  const source = await sourceOf(flow.maker, options, setting);
  await prepareBackend(setting);
  const contender = await flow.maker.contender(source);
  const progress = { bar: null as Progress | null };
  try {
    const made = await buildFlowCache({
      ...{ videos, contender, dataDir: options.data, replace: options.replace },
      iterations: options.iterations ?? flow.iterations,
      gaps: options.gaps ?? flow.gapsOf(dataset.id),
      signal: setting.signal,
      onFlow(done, total, note) {
        progress.bar ??= new Progress("flow", total, setting.sink);
        progress.bar.update(done, note);
      },
    });
    printResult(options.json, made, `${made.flows} flows of ${options.dataset}\n${made.path}`);
  } finally {
    progress.bar?.end();
    contender.dispose?.();
  }
}

async function predictCommand<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  first: string,
  second: string,
  options: PredictOptions,
): Promise<void> {
  const { out, image, iterations } = options;
  if (image !== undefined && [first, second].some((path) => resolve(path) === resolve(image))) {
    throw new UsageError(`Cannot draw the flow over ${image}`, "Name another file with --image.");
  }
  const setting = settingOf(options, nothingToSave);
  const source = await sourceOf(replication, options, setting);
  for (const path of [out, image]) if (path !== undefined) await requireWritable(path);
  await prepareBackend(setting);
  const contender = await replication.contender(source, setting);
  try {
    const request = { pictures: [first, second] as const, out, image, iterations };
    const prediction = await replication.predict!(contender, request);
    const { width, height, seconds } = prediction;
    const count = `${prediction.iterations} iteration${prediction.iterations === 1 ? "" : "s"}`;
    printResult(
      options.json,
      prediction,
      `${width}×${height}, ${count}, ${seconds.toFixed(2)} s\n${out}`,
    );
  } finally {
    contender.dispose?.();
  }
}

async function reportCommand<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  ids: string[],
  options: Common & { out?: string },
): Promise<void> {
  const { paper } = replication;
  if (options.out !== undefined) await requireWritable(options.out);
  const runs: Run[] = [];
  for (const id of ids) runs.push(await openRun(id, paper.id, options.runs));
  if (runs.length === 0) runs.push(await newestRun(paper.id, options.runs, "run", () => true));
  const report = await reportOf(runs, options.out);
  printResult(options.json, { report, runs: runs.map(({ folder }) => folder.id) }, report);
}

async function reportOf(runs: readonly Run[], out: string | undefined): Promise<string> {
  const loaded = [];
  for (const { folder } of runs) loaded.push(await loadRun(folder.path));
  const path = out ?? join(runs[0].folder.path, "report.html");
  await writeReport(loaded, path);
  return path;
}
