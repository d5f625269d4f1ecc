/**
 * The runs behind a paper's claims: every arm with every seed, trained and scored once.
 *
 * @module
 */
import { join } from "@std/path";
import { Interrupted, UsageError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { isOf, type ScoredOn } from "../benchmarks/claims/judge_claim.ts";
import { scoringCode } from "../benchmarks/record.ts";
import { findSplit } from "../datasets/registry.ts";
import { armRecipe, recipeId } from "../replications/claim.ts";
import type { Arm, Recipe, Replication, Source } from "../replications/replication.ts";
import { openRun, type Run } from "./find_run.ts";
import { reportOf } from "./paper/report.ts";
import {
  configHash,
  keepScores,
  prepareBackend,
  requireRecordedData,
  resumeTraining,
  type Setting,
  startTraining,
} from "./runs.ts";
import { score } from "./scoring.ts";

/** What {@link runArms} makes. */
export interface ArmsRequest<R extends Recipe> {
  /** The recipe that the arms change. */
  readonly recipe: R;
  readonly arms: readonly Arm<R>[];
  readonly seeds: readonly number[];
  /** The command that makes all of it, and goes on with it. */
  readonly command: string;
  /** Hears of each run before its turn: how many of how many, which arm and seed, what is done. */
  onRun?(text: string): void;
}

/** A finished run of an arm. */
export interface ArmRun {
  /** The arm's id. */
  readonly arm: string;
  readonly run: Run;
  /** Whether it was there already, trained and scored. */
  readonly reused: boolean;
}

/**
 * Trains and scores what is not there yet, seed by seed, so that an early end leaves whole seeds.
 *
 * @throws {UsageError} Before anything is trained, when a run of that name was trained otherwise.
 * @throws {Interrupted} When the signal stopped it; what was done is kept, and the same call goes on.
 */
export async function runArms<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  request: ArmsRequest<R>,
  setting: Setting,
): Promise<ArmRun[]> {
  const { recipe, arms, seeds, command, onRun } = request;
  const { benchmark } = await prepareBackend(setting);
  const trials: Trial<R>[] = [];
  for (const seed of seeds) {
    for (const arm of arms) {
      trials.push(await trialOf(replication, recipe, { arm, seed, benchmark }, setting));
    }
  }
  const done: ArmRun[] = [];
  try {
    for (const [i, trial] of trials.entries()) {
      const { arm, seed, id, state } = trial;
      onRun?.(`${i + 1} of ${trials.length}: ${arm.name}, seed ${seed}: ${DOES[state]} ${id}`);
      const run = await trained(replication, trial, command, setting);
      if (state !== "finished") await scored(replication, run, setting);
      const page = join(run.folder.path, "report.html");
      if (state !== "finished" || !await exists(page)) await reportOf([run], undefined);
      done.push({ arm: arm.id, run, reused: state === "finished" });
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(error.message, `The same command goes on: ${command}`);
  }
  return done;
}

/** What a recipe's runs are scored on. */
export function scoredOn<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  recipe: R,
): ScoredOn {
  const { dataset: name, protocol } = replication.evaluationOf(recipe);
  const { dataset, split } = findSplit(name);
  return { dataset: dataset.id, split, protocol };
}

/** What is still to be done, in words. */
const DOES = {
  absent: "trains",
  unfinished: "goes on with",
  trained: "scores",
  finished: "reuses",
};

/** An arm and a seed, and what there is of them. */
interface Trial<R extends Recipe> {
  readonly arm: Arm<R>;
  readonly seed: number;
  /** The recipe that is trained. */
  readonly recipe: R;
  readonly id: string;
  readonly state: keyof typeof DOES;
}

async function trialOf<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  recipe: R,
  { arm, seed, benchmark }: {
    arm: Arm<R>;
    seed: number;
    /** Digest of the code that would score it now. */
    benchmark: string | undefined;
  },
  { runsDir }: Setting,
): Promise<Trial<R>> {
  const { paper } = replication;
  const changed = armRecipe(recipe, arm);
  const id = `${paper.id}-${recipeId(recipe)}-${arm.id}-s${seed}`;
  const trial = { arm, seed, recipe: changed, id };
  if (!await exists(join(runsDir, id))) return { ...trial, state: "absent" };
  const { record } = await openRun(id, paper.id, runsDir);
  const { training } = record;
  if (training?.configHash !== configHash(changed) || record.seed !== seed) {
    throw new UsageError(
      `Cannot use run ${id}: it was trained with other settings than these`,
      "Name another folder with --runs, or move that run away.",
    );
  }
  if (training.weights === null) return { ...trial, state: "unfinished" };
  const on = scoredOn(replication, changed);
  // Numbers that other code made would not compare with those of the arms to come.
  const isScored = record.evaluations.some((evaluation) =>
    isOf(evaluation, on) && scoringCode(record, evaluation) === benchmark
  );
  return { ...trial, state: isScored ? "finished" : "trained" };
}

async function trained<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  { recipe, seed, id, state }: Trial<R>,
  command: string,
  setting: Setting,
): Promise<Run> {
  if (state === "absent") {
    return await startTraining(replication, { recipe, seed, id, command }, setting);
  }
  const run = await openRun(id, replication.paper.id, setting.runsDir);
  return state === "unfinished" ? await resumeTraining(replication, run, setting) : run;
}

/** Scores a run as the demo does, without its baselines. */
async function scored<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  run: Run,
  setting: Setting,
): Promise<void> {
  const { folder: { id, path }, record } = run;
  const recipe = record.training!.config as unknown as R;
  await requireRecordedData(record, [replication.evaluationOf(recipe).dataset], setting);
  const source: Source = { kind: "run", id, path, record };
  const found = [await score(replication, source, replication.evaluationOf(recipe), setting)];
  await keepScores(run, found, replication.compare(found, recipe.trainedOn));
}
