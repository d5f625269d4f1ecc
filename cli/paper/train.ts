/**
 * `deno task <paper> train`: trains a recipe, resumes a run, or says what a recipe would take.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "@std/path";
import { UsageError } from "../../base/errors.ts";
import {
  type Recipe,
  type RecipeName,
  recipeNames,
  type Replication,
} from "../../replications/replication.ts";
import {
  choiceOption,
  interruptSignal,
  kernelsOption,
  printResult,
  wholeNumber,
} from "../command.ts";
import { openRun } from "../find_run.ts";
import { planRecipe, planText } from "../plan.ts";
import { resumeTraining, startTraining } from "../runs.ts";
import { addPaperCommand, type PaperOptions, settingOf } from "./options.ts";

interface TrainOptions extends PaperOptions {
  seed: number;
  steps?: number;
  recipe: RecipeName;
  checkpointEvery?: number;
  run?: string;
  resume?: string;
  plan: boolean;
}

/** Adds `train`. */
export function addTrain<R extends Recipe, C extends { dispose?(): void }>(
  program: Command,
  replication: Replication<R, C>,
): void {
  addPaperCommand(program, "train", "train a recipe; Ctrl-C saves, --resume goes on")
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
      steps,
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
