/**
 * Runs: how training, scoring and reporting become folders under `runs/`.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError, Interrupted, UsageError } from "../base/errors.ts";
import { exists, requireWritable, sha256, sha256File } from "../base/files.ts";
import { Progress, type ProgressSink } from "../base/progress.ts";
import { dataStamp } from "../benchmarks/data_stamp.ts";
import { captureEnvironment } from "../benchmarks/environment.ts";
import { type DataStamp, RECORD_SCHEMA, type RunRecord } from "../benchmarks/record.ts";
import { newRunId, RunFolder } from "../benchmarks/run_folder.ts";
import { findDataset, openSplit } from "../datasets/registry.ts";
import { type BackendName, useBackend } from "../nn/backend.ts";
import { type KernelSet, useKernelSet } from "../nn/kernels/selection.ts";
import { writeSafetensors } from "../nn/weights/safetensors.ts";
import type { DisposableJob, Recipe, Replication, Scored } from "../replications/replication.ts";
import { recipeId } from "../replications/claim.ts";
import { totalSteps } from "../replications/other_steps.ts";
import { runWeights } from "../replications/stage_weights.ts";
import { train } from "../replications/training.ts";
import { recipeMetadata } from "../replications/weights_recipe.ts";
import { progressReport } from "./command.ts";
import type { Run } from "./find_run.ts";
import { trainingCommands } from "./redo.ts";

/** What all commands of a paper are told. */
export interface Setting {
  readonly dataDir: string;
  readonly runsDir: string;
  readonly backend: BackendName;
  readonly kernels: KernelSet;
  readonly sink: ProgressSink;
  readonly signal: AbortSignal;
  /** Tells the user something on standard error. */
  say(text: string): void;
}

/** Makes the backend and its kernels ready. */
export async function prepareBackend(
  { backend, kernels }: Pick<Setting, "backend" | "kernels">,
): Promise<RunRecord["environment"]> {
  const adapter = await useBackend(backend);
  useKernelSet(kernels);
  return await captureEnvironment(backend, adapter, kernels);
}

/** Builds the embedded datasets among those named; the others must be there already. */
export async function ensureDatasets(names: readonly string[], setting: Setting): Promise<void> {
  for (const id of new Set(names.map((name) => name.split(":")[0]))) {
    const dataset = findDataset(id);
    const path = join(setting.dataDir, id);
    if (!dataset.build || await exists(path)) continue;
    const report = progressReport(`build ${id}`, setting.sink);
    await dataset.build(path, report, { signal: setting.signal });
  }
}

/** The data stamps of dataset names, in their order and each once. */
async function stampData(names: readonly string[], dataDir: string): Promise<DataStamp[]> {
  const stamps: DataStamp[] = [];
  for (const name of new Set(names)) stamps.push(dataStamp(await openSplit(name, dataDir)));
  return stamps;
}

/** A record with nothing done yet. */
export function newRecord(
  replication: { readonly paper: RunRecord["paper"] },
  id: string,
  environment: RunRecord["environment"],
  about: Pick<RunRecord, "scale" | "notes" | "seed" | "commands">,
): RunRecord {
  return {
    schema: RECORD_SCHEMA,
    id,
    paper: replication.paper,
    status: "running",
    ...about,
    startedAt: new Date().toISOString(),
    finishedAt: null,
    environment,
    data: [],
    training: null,
    evaluations: [],
    comparisons: [],
  };
}

/** What a training command asks for. */
export interface TrainRequest<R extends Recipe> {
  readonly recipe: R;
  readonly seed: number;
  /** Id of the new run; made up where absent. */
  readonly id?: string;
  /** Steps between checkpoints, instead of the recipe's. */
  readonly checkpointEvery?: number;
  /** Whether the paper's baselines will be scored beside it. */
  readonly withBaselines?: boolean;
  /** The command that redoes the training, where it is no plain `train`. */
  readonly command?: string;
}

/** Names a recipe with all its settings; a record keeps it. */
export function configHash(recipe: Recipe): string {
  return sha256(JSON.stringify(recipe));
}

/** Starts a run and trains it to its end. */
export async function startTraining<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  { id, checkpointEvery, ...request }: TrainRequest<R>,
  setting: Setting,
): Promise<Run> {
  const { paper } = replication;
  const { recipe, seed } = request;
  await requireWritable(join(setting.runsDir, "record.json"));
  if (id !== undefined) await RunFolder.requireFree(setting.runsDir, id);
  const needed = datasetsOf(replication, recipe);
  await ensureDatasets(needed, setting);
  const environment = await prepareBackend(setting);
  const job = await replication.training(recipe, { seed, dataDir: setting.dataDir });
  const folder = id === undefined
    ? await RunFolder.createNext(
      setting.runsDir,
      newRunId(paper.id, recipeId(recipe), seed, new Date()),
    )
    : await RunFolder.create(setting.runsDir, id);
  const runId = folder.id;
  const plan = replication.plan(recipe);
  const record: RunRecord = {
    ...newRecord(replication, runId, environment, {
      scale: recipe.scale,
      notes: [...recipe.notes],
      seed,
      commands: trainingCommands(replication, { ...request, id: runId }, setting),
    }),
    data: [...await stampData(needed, setting.dataDir), ...job.data ?? []],
    training: {
      recipe: recipeId(recipe),
      config: JSON.parse(JSON.stringify(recipe)),
      configHash: configHash(recipe),
      parameters: job.parameters,
      stages: plan.map(({ name, steps, data }) => ({ name, steps, data })),
      steps: 0,
      totalSteps: totalSteps(plan),
      seconds: 0,
      resumed: 0,
      finalLoss: null,
      weights: null,
    },
  };
  await folder.writeRecord(record);
  return await runJob({ folder, record }, job, {
    resume: false,
    checkpointEvery: checkpointEvery ?? recipe.checkpointEvery,
  }, setting);
}

/** Continues an interrupted or killed run from its newest checkpoint. */
export async function resumeTraining<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  run: Run,
  setting: Setting,
  checkpointEvery?: number,
): Promise<Run> {
  const { training, seed, id, environment } = run.record;
  if (!training) throw new UsageError(`Cannot resume ${id}: it never trained anything`);
  if (training.weights) {
    setting.say(`${id} has finished its ${training.totalSteps} steps already.`);
    return run;
  }
  const recipe = training.config as unknown as R;
  const needed = datasetsOf(replication, recipe);
  await ensureDatasets(needed, setting);
  requireSameData(run.record, await stampData(needed, setting.dataDir));
  // The bits of a run that was never interrupted: on the backend and the kernels it started with.
  const backend = environment.backend as BackendName;
  await prepareBackend({ backend, kernels: environment.kernels });
  const job = await replication.training(recipe, { seed, dataDir: setting.dataDir });
  try {
    requireSameData(run.record, job.data ?? []);
  } catch (error) {
    job.dispose();
    throw error;
  }
  return await runJob(run, job, {
    resume: true,
    checkpointEvery: checkpointEvery ?? recipe.checkpointEvery,
  }, setting);
}

/**
 * Refuses to score a run on other data than it has on record: they would stand for those it was trained
 * or scored on before.
 *
 * @throws {DataError} For the first dataset that has changed since.
 */
export async function requireRecordedData(
  record: RunRecord,
  names: readonly string[],
  setting: Setting,
): Promise<void> {
  await ensureDatasets(names, setting);
  const weights = runWeights(join(setting.runsDir, record.id));
  const apart = `Score its weights as a run of their own: --weights ${weights}`;
  requireSameData(record, await stampData(names, setting.dataDir), apart);
}

/**
 * Refuses to go on with other data than a run has on record, which would name the old ones.
 *
 * @throws {DataError} For the first dataset, or flow of one, that has changed since.
 */
function requireSameData(
  { id, data }: RunRecord,
  now: readonly DataStamp[],
  nextStep = "Bring the data back that it began with, or start a new run.",
): void {
  for (const { dataset, split, digest } of now) {
    const then = data.find((stamp) => stamp.dataset === dataset && stamp.split === split);
    if (then === undefined || then.digest === digest) continue;
    throw new DataError(
      `${dataset}:${split}`,
      `it is not what run ${id} has on record (digest ${then.digest.slice(0, 12)} then, ` +
        `${digest.slice(0, 12)} now)`,
      nextStep,
    );
  }
}

function datasetsOf<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  recipe: R,
): string[] {
  const trained = replication.plan(recipe).flatMap((stage) => stage.datasets);
  return [...trained, replication.evaluationOf(recipe).dataset];
}

async function runJob(
  run: Run,
  job: DisposableJob,
  { resume, checkpointEvery }: { resume: boolean; checkpointEvery: number },
  setting: Setting,
): Promise<Run> {
  const { folder } = run;
  const training = run.record.training!;
  const progress = new Progress("train", training.totalSteps, setting.sink);
  let steps = training.steps;
  const update = async (changes: Partial<RunRecord>) => {
    // Read again: a stage may have been scored while the next one trained.
    run.record = { ...await folder.readRecord(), ...changes };
    await folder.writeRecord(run.record);
  };
  const about = recipeMetadata(run.record.paper.id, training);
  try {
    const outcome = await train(job, {
      folder,
      // A run that was killed before its first checkpoint starts over.
      resume: resume && await exists(join(folder.path, "checkpoints")),
      checkpointEvery,
      signal: setting.signal,
      onNote: setting.say,
      async onStageEnd(stage) {
        await writeSafetensors(runWeights(folder.path, stage.name), await job.network.stateDict(), {
          ...about,
          stage: stage.name,
        });
      },
      onStep(done, _total, loss) {
        steps = done;
        progress.update(done, `loss ${loss.toFixed(3)}`);
      },
    });
    const path = runWeights(folder.path);
    await writeSafetensors(path, await job.network.stateDict(), about);
    await update({
      status: "complete",
      finishedAt: new Date().toISOString(),
      training: { ...training, ...outcome, weights: await sha256File(path) },
    });
    return run;
  } catch (error) {
    await update({
      status: error instanceof Interrupted ? "interrupted" : "failed",
      finishedAt: new Date().toISOString(),
      training: { ...training, steps },
    });
    if (error instanceof Interrupted) {
      throw new Interrupted(
        error.message,
        `Resume with: deno task ${run.record.paper.id} train --resume ${folder.id}`,
      );
    }
    throw error;
  } finally {
    progress.end();
    job.dispose();
  }
}

/** Adds scores to a run: its record, its per-sample results and its comparisons. */
export async function keepScores(
  run: Run,
  scored: readonly Scored[],
  comparisons: RunRecord["comparisons"],
): Promise<void> {
  const evaluations = new Map(run.record.evaluations.map((e) => [e.id, e]));
  const data = new Map(run.record.data.map((d) => [`${d.dataset}:${d.split}`, d]));
  for (const { evaluation, samples, data: stamp } of scored) {
    await run.folder.writeSamples(evaluation.id, samples);
    // The same evaluation once more, without the other iteration counts, takes nothing away.
    const before = evaluations.get(evaluation.id);
    const { byIteration } = evaluation.byIteration.length === 0 &&
        before?.samples === evaluation.samples
      ? before
      : evaluation;
    evaluations.set(evaluation.id, { ...evaluation, byIteration });
    data.set(`${stamp.dataset}:${stamp.split}`, stamp);
  }
  run.record = {
    ...run.record,
    evaluations: [...evaluations.values()],
    data: [...data.values()],
    comparisons,
  };
  await run.folder.writeRecord(run.record);
}
