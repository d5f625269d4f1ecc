/**
 * `deno task <paper> report`: the HTML report of runs.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "@std/path";
import { requireWritable } from "../../base/files.ts";
import { loadRun, writeReport } from "../../reports/report.tsx";
import { printResult, userPath } from "../command.ts";
import { newestRun, openRun, type Run } from "../find_run.ts";
import { addPaperCommand, type PaperOptions } from "./options.ts";

interface ReportOptions extends PaperOptions {
  out?: string;
}

/** What a report needs to know of a paper. */
type Reported = { readonly paper: { readonly id: string } };

/** Adds `report`. */
export function addReport(program: Command, replication: Reported): void {
  const idle = ["data", "backend", "quiet"];
  addPaperCommand(program, "report", "write the HTML report of one or more runs", idle)
    .argument("[runs...]", "run ids; default the newest run")
    .option(
      "--out <file>",
      "where to write it; default report.html in the first run's folder",
      userPath,
    )
    .action((ids: string[], options: ReportOptions) => reportCommand(replication, ids, options));
}

async function reportCommand(
  replication: Reported,
  ids: string[],
  options: ReportOptions,
): Promise<void> {
  const { paper } = replication;
  if (options.out !== undefined) await requireWritable(options.out);
  const runs: Run[] = [];
  for (const id of ids) runs.push(await openRun(id, paper.id, options.runs));
  if (runs.length === 0) runs.push(await newestRun(paper.id, options.runs, "run", () => true));
  const report = await reportOf(runs, options.out);
  printResult(options.json, { report, runs: runs.map(({ folder }) => folder.id) }, report);
}

/**
 * Writes the report of runs and returns its path.
 *
 * @param out Where to write it; `report.html` in the first run's folder where undefined.
 */
export async function reportOf(runs: readonly Run[], out: string | undefined): Promise<string> {
  const loaded = [];
  for (const { folder } of runs) loaded.push(await loadRun(folder.path));
  const path = out ?? join(runs[0].folder.path, "report.html");
  await writeReport(loaded, path);
  return path;
}
