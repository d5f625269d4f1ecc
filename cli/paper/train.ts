/**
 * `deno task <paper> train`: trains a recipe, resumes a run, or says what a recipe would take.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "@std/path";
import { UsageError } from "../../base/errors.ts";
import { withOtherSteps } from "../../replications/other_steps.ts";
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
    .action((options: TrainOptions, command: Command) => {
      refuseIdle(command);
      return trainCommand(replication, options, isGiven(command, "backend"));
    });
}

/** Options that a resumed run fixes: it was begun with them. */
const FIXED = ["recipe", "seed", "steps", "run", "kernels"];

/** Options of a run, which a plan does not make. */
const OF_A_RUN = ["resume", "run", "seed", "checkpoint-every"];

/** Whether the user gave an option, which may have a default. */
const isGiven = (command: Command, name: string) => command.getOptionValueSource(name) === "cli";

/**
 * Refuses options that would change nothing, which their defaults hide.
 *
 * @throws {UsageError} Where one was given.
 */
export function refuseIdle(command: Command): void {
  const given = (names: readonly string[]) =>
    command.options.filter((option) =>
      names.includes(option.name()) && isGiven(command, option.attributeName())
    ).map((option) => option.long!);
  const { plan, resume } = command.opts<TrainOptions>();
  const idle = given(plan ? OF_A_RUN : resume === undefined ? [] : FIXED);
  if (idle.length === 0) return;
  const [first] = idle;
  if (plan) {
    throw new UsageError(
      `Cannot plan with ${idle.join(", ")}: a plan runs nothing`,
      `Leave ${idle.length === 1 ? first : "them"} out, or --plan.`,
    );
  }
  throw new UsageError(
    `Cannot resume with other settings: --resume takes no ${idle.join(", ")}`,
    "The run goes on with those it was begun with.",
  );
}

async function trainCommand<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  options: TrainOptions,
  backendGiven: boolean,
): Promise<void> {
  const setting = settingOf(options, interruptSignal());
  const named = replication.recipes[options.recipe];
  const recipe = withOtherSteps(replication, named, options.steps);
  if (options.plan) {
    const plan = await planRecipe(recipe, replication.plan(recipe), setting);
    printResult(options.json, plan, planText(plan));
    return;
  }
  const { resume, run: id } = options;
  const begun = resume === undefined
    ? null
    : await openRun(resume, replication.paper.id, options.runs);
  const backend = begun?.record.environment.backend;
  if (begun !== null && backendGiven && backend !== options.backend) {
    throw new UsageError(
      `Cannot resume ${begun.folder.id} with --backend ${options.backend}: it began on ${backend}`,
      "Leave --backend out.",
    );
  }
  const run = begun !== null
    ? await resumeTraining(replication, begun, setting, options.checkpointEvery)
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
