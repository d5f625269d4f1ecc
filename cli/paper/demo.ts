/**
 * `deno task <paper>`: the demo from nothing to a report.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "@std/path";
import { Interrupted } from "../../base/errors.ts";
import { withOtherSteps } from "../../replications/other_steps.ts";
import type { Recipe, Replication, Scored, Source } from "../../replications/replication.ts";
import { interruptSignal, kernelsOption, printResult, wholeNumber } from "../command.ts";
import { usualScoring } from "../redo.ts";
import { keepScores, startTraining } from "../runs.ts";
import { score, scoreLine } from "../scoring.ts";
import { addPaperOptions, type PaperOptions, settingOf } from "./options.ts";
import { reportOf } from "./report.ts";

interface DemoOptions extends PaperOptions {
  seed: number;
  steps?: number;
}

/** Makes the demo what the program itself does. */
export function addDemo<R extends Recipe, C extends { dispose?(): void }>(
  program: Command,
  replication: Replication<R, C>,
): void {
  addPaperOptions(program)
    .addOption(kernelsOption())
    .option("--seed <n>", "seed of everything random", wholeNumber(0), 0)
    .option("--steps <n>", "training steps, instead of the demo's", wholeNumber(1))
    .action((options: DemoOptions) => demoCommand(replication, options));
}

/** Data, training, evaluation and report of the demo. */
async function demoCommand<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  options: DemoOptions,
): Promise<void> {
  const setting = settingOf(options, interruptSignal());
  const { demo } = replication.recipes;
  const { seed, steps } = options;
  const recipe = withOtherSteps(replication, demo, steps);
  const request = { recipe, seed, withBaselines: true };
  const run = await startTraining(replication, request, setting);
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
      `Score it with: ${usualScoring(replication, { ...request, id }, setting)}`,
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
