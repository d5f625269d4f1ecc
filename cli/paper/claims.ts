/**
 * `deno task <paper> claims`: whether the paper's claims hold at a scale that can be afforded.
 *
 * @module
 */
import type { Command } from "commander";
import { dirname, join, relative, resolve } from "@std/path";
import { requireWritable, writeFileAtomic } from "../../base/files.ts";
import { judgeClaims } from "../../benchmarks/claims/judge_claims.ts";
import { compactJson, loadSide, type Side } from "../../benchmarks/comparison/side.ts";
import { CLAIMS_PAGE } from "../../benchmarks/scan_runs.ts";
import { FEWEST_RUNS } from "../../benchmarks/statistics/seeds.ts";
import { armsOf, recipeId } from "../../replications/claim.ts";
import { totalSteps, withOtherSteps } from "../../replications/other_steps.ts";
import {
  type Claim,
  type Recipe,
  type RecipeName,
  recipeNames,
  type Replication,
} from "../../replications/replication.ts";
import { renderClaims } from "../../reports/claims_page.tsx";
import { type ArmRun, runArms, scoredOn } from "../claim_runs.ts";
import { claimsText } from "../claims_text.ts";
import { choiceOption, interruptSignal, printResult, userPath, wholeNumber } from "../command.ts";
import { commandText, unusual } from "../redo.ts";
import { addPaperCommand, type PaperOptions, settingOf } from "./options.ts";

/** What `claims` takes. */
export interface ClaimsOptions extends PaperOptions {
  recipe: RecipeName;
  seeds: number;
  steps?: number;
  out?: string;
  pin?: string;
}

/** Adds `claims`, for a paper whose claims are written down. */
export function addClaims<R extends Recipe, C extends { dispose?(): void }>(
  program: Command,
  replication: Replication<R, C>,
  claims: readonly Claim<R>[],
): void {
  const { id } = replication.paper;
  addPaperCommand(
    program,
    "claims",
    "train the arms of the paper's claims and say which hold; Ctrl-C saves, the same goes on",
  )
    .addOption(
      choiceOption("--recipe <name>", "what the arms are changes of", recipeNames).default("demo"),
    )
    .option(
      "--seeds <n>",
      `runs of each arm; a verdict needs ${FEWEST_RUNS}`,
      wholeNumber(1),
      FEWEST_RUNS,
    )
    .option("--steps <n>", "training steps of each run, instead of the recipe's", wholeNumber(1))
    .option(
      "--out <file>",
      `HTML page to write; default ${id}${CLAIMS_PAGE} beside the runs`,
      userPath,
    )
    .option(
      "--pin <file>",
      "a file to keep the verdicts in, for README's table; see deno task results",
      userPath,
    )
    .action((options: ClaimsOptions) =>
      claimsCommand(replication, claims, options, interruptSignal())
    );
}

/** Trains what is missing, judges the claims, writes the page and prints the result. */
export async function claimsCommand<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  claims: readonly Claim<R>[],
  options: ClaimsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { paper } = replication;
  const { recipe: name, steps, json } = options;
  const setting = settingOf(options, signal);
  const page = options.out ?? join(options.runs, paper.id + CLAIMS_PAGE);
  await requireWritable(page);
  if (options.pin !== undefined) await requireWritable(options.pin);
  const named = replication.recipes[name];
  const recipe = withOtherSteps(replication, named, steps);
  const seeds = Array.from({ length: options.seeds }, (_, seed) => seed);
  const command = commandText(`deno task ${paper.id} claims`, {
    ...{ recipe: name, seeds: options.seeds, steps: recipe.otherSteps?.asked },
    ...unusual(setting),
  });
  const onRun = options.quiet ? undefined : setting.say;
  const arms = armsOf(claims);
  const runs = await runArms(replication, { recipe, arms, seeds, command, onRun }, setting);
  const report = judgeClaims({
    about: {
      ...{ paper, recipe: recipeId(recipe), seeds, command },
      ...{ scale: recipe.scale, notes: [...recipe.notes] },
      steps: totalSteps(replication.plan(recipe)),
    },
    claims,
    sides: await sidesOf(runs, options.runs),
    on: scoredOn(replication, recipe),
  });
  const runsAt = relative(dirname(resolve(page)), resolve(options.runs)).replaceAll("\\", "/");
  await writeFileAtomic(page, await renderClaims(report, { runsAt }));
  if (options.pin !== undefined) {
    await writeFileAtomic(options.pin, `${compactJson(report)}\n`);
  }
  const reused = runs.filter((run) => run.reused).map(({ run }) => run.folder.id);
  const there = reused.length === 0 ? [] : [
    `${reused.length} of ${runs.length} runs were there already`,
  ];
  const text = [...there, claimsText(report), page].join("\n");
  printResult(json, { page, reused, ...report }, text);
}

/** The runs of each arm by its id, with their per-sample numbers. */
async function sidesOf(runs: readonly ArmRun[], runsDir: string): Promise<Map<string, Side>> {
  const sides = new Map<string, Side>();
  for (const [arm, own] of Map.groupBy(runs, ({ arm }) => arm)) {
    const loaded: Side[] = [];
    for (const { run } of own) loaded.push(await loadSide(run.folder.path, runsDir));
    sides.set(arm, { name: arm, runs: loaded.flatMap((side) => side.runs) });
  }
  return sides;
}
