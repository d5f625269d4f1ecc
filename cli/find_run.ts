/**
 * Finding runs: one by its id, or a paper's newest.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError, UsageError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { unknownName } from "../base/nearest.ts";
import type { RunRecord } from "../benchmarks/record.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { type ScannedRun, scanRuns } from "../benchmarks/scan_runs.ts";
import type { Recipe } from "../replications/replication.ts";

/** A run on disk and its record. */
export interface Run {
  readonly folder: RunFolder;
  record: RunRecord;
}

/** A paper's runs, newest first, whatever they are named; those without a sound record are left out. */
async function runsOf(paper: string, runsDir: string): Promise<ScannedRun[]> {
  const { runs } = await scanRuns(runsDir);
  return runs.filter(({ record }) => record.paper.id === paper);
}

/**
 * Opens a run by its id.
 *
 * @throws {UsageError} When there is no such run, with the nearest id.
 */
export async function openRun(id: string, paper: string, runsDir: string): Promise<Run> {
  const path = join(runsDir, id);
  if (!await exists(path)) {
    const known = (await runsOf(paper, runsDir)).map(({ folder }) => folder);
    if (known.length > 0) throw unknownName("run", id, known, `in ${runsDir}`);
    throw new UsageError(
      `There is no run named "${id}" in ${runsDir}`,
      `There are none of ${paper} yet; make one: deno task ${paper}`,
    );
  }
  const folder = await RunFolder.open(path);
  return { folder, record: await folder.readRecord() };
}

/**
 * The newest run of a paper that satisfies a condition. An arm of a claim is a model spoiled on
 * purpose: it is taken only by name.
 *
 * @param what Names the condition in the error.
 * @throws {DataError} When there is none.
 */
export async function newestRun(
  paper: string,
  runsDir: string,
  what: string,
  condition: (record: RunRecord) => boolean,
): Promise<Run> {
  const fitting = (await runsOf(paper, runsDir)).filter(({ record }) => condition(record));
  const newest = fitting.find(({ record }) => !isArm(record));
  if (newest !== undefined) {
    return { folder: await RunFolder.open(join(runsDir, newest.folder)), record: newest.record };
  }
  const arms = fitting.length > 0 ? ", or name one of a claim's arms" : "";
  throw new DataError(
    runsDir,
    `it holds no ${what} of ${paper}`,
    `Make one: deno task ${paper}${arms}`,
  );
}

/** Whether a run trained a recipe that was changed to test a claim. */
function isArm({ training }: RunRecord): boolean {
  const config = training?.config as Partial<Recipe> | null | undefined;
  return config?.arm !== undefined;
}
