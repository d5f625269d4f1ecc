/**
 * The command line of a paper: a table of its commands, each of which is a file of `cli/paper/`.
 *
 * @module
 */
import type { Command } from "commander";
import { unknownName } from "../base/nearest.ts";
import type { Recipe, Replication } from "../replications/replication.ts";
import { createCommand, runCommand } from "./command.ts";
import { addClaims } from "./paper/claims.ts";
import { addDemo } from "./paper/demo.ts";
import { addEvaluate } from "./paper/evaluate.ts";
import { addFlow } from "./paper/flow.ts";
import { addPredict } from "./paper/predict.ts";
import { addReport } from "./paper/report.ts";
import { addTrain } from "./paper/train.ts";

/** Runs a paper's command line on the process' arguments and ends the process. */
export async function replicate<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
): Promise<never> {
  return await runCommand(async () => {
    const program = commandLine(replication);
    const [first] = Deno.args;
    const known = program.commands.map((command) => command.name());
    if (first && !first.startsWith("-") && !["help", ...known].includes(first)) {
      throw unknownName("command", first, known);
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
  addDemo(program, replication);
  addTrain(program, replication);
  addEvaluate(program, replication);
  if (replication.flow) addFlow(program, replication.flow);
  if (replication.predict) addPredict(program, replication);
  if (replication.claims) addClaims(program, replication, replication.claims);
  addReport(program, replication);
  return program;
}
