/**
 * All runs of a folder, and what in it could not be read.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { exists, readTextOrNull } from "../base/files.ts";
import type { RunRecord } from "./record.ts";
import { RunFolder } from "./run_folder.ts";
import { parseSpeedRecord, type SpeedRecord } from "./speed/speed_record.ts";

/** A run's record and what pages lie beside it. */
export interface ScannedRun {
  /** The folder's name. */
  readonly folder: string;
  readonly record: RunRecord;
  /** Whether its report was written. */
  readonly report: boolean;
}

/** A speed benchmark's record. */
export interface ScannedSpeed {
  readonly folder: string;
  readonly record: SpeedRecord;
  readonly report: boolean;
}

/** The page of a test of claims, as `deno task <paper> claims` names it. */
export interface ScannedClaims {
  /** Id of the paper. */
  readonly paper: string;
  /** The file's name. */
  readonly file: string;
  /** When it was written, in ISO 8601. */
  readonly writtenAt: string;
}

/** What the name of a page of claims ends in, after its paper's id. */
export const CLAIMS_PAGE = "-claims.html";

/** What {@link scanRuns} found. */
export interface ScannedRuns {
  /** Newest first. */
  readonly runs: readonly ScannedRun[];
  readonly speeds: readonly ScannedSpeed[];
  readonly claims: readonly ScannedClaims[];
  /** One line a folder that was skipped: its name and why. */
  readonly skipped: readonly { readonly folder: string; readonly reason: string }[];
}

/**
 * Reads the record of every folder in `runsDir`. What is half written, damaged, of a later version or
 * there twice is skipped with its reason; a missing `runsDir` holds nothing.
 */
export async function scanRuns(runsDir: string): Promise<ScannedRuns> {
  const runs: ScannedRun[] = [], speeds: ScannedSpeed[] = [];
  const skipped: { folder: string; reason: string }[] = [];
  const seen = new Map<string, string>();
  for (const folder of await namesIn(runsDir, "folder")) {
    const path = join(runsDir, folder);
    try {
      const speed = await readTextOrNull(join(path, "speed.json"));
      const record = speed === null
        ? await (await RunFolder.open(path)).readRecord()
        : parseSpeedRecord(speed, path);
      const twin = seen.get(record.id);
      if (twin !== undefined) {
        skipped.push({ folder, reason: `its run ${record.id} is in ${twin} already` });
        continue;
      }
      seen.set(record.id, folder);
      if ("rows" in record) {
        speeds.push({ folder, record, report: await exists(join(path, "speed.html")) });
      } else {
        runs.push({ folder, record, report: await exists(join(path, "report.html")) });
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      skipped.push({ folder, reason: error.reason });
    }
  }
  const newestFirst = <T extends { record: { startedAt: string } }>(list: T[]) =>
    list.sort((a, b) => a.record.startedAt < b.record.startedAt ? 1 : -1);
  return {
    runs: newestFirst(runs),
    speeds: newestFirst(speeds),
    claims: await claimsIn(runsDir),
    skipped,
  };
}

async function claimsIn(runsDir: string): Promise<ScannedClaims[]> {
  const found: ScannedClaims[] = [];
  for (const file of await namesIn(runsDir, "file")) {
    if (!file.endsWith(CLAIMS_PAGE)) continue;
    const { mtime } = await Deno.stat(join(runsDir, file));
    found.push({
      paper: file.slice(0, -CLAIMS_PAGE.length),
      file,
      writtenAt: (mtime ?? new Date(0)).toISOString(),
    });
  }
  return found;
}

async function namesIn(dir: string, kind: "folder" | "file"): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory, isFile } of Deno.readDir(dir)) {
      if ((kind === "folder" ? isDirectory : isFile) && !name.startsWith(".")) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}
