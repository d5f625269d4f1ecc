/**
 * One side of a comparison: runs with their per-sample numbers, from run folders or from a pinned
 * file.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { z } from "zod";
import { DataError, UsageError } from "../../base/errors.ts";
import { exists, writeFileAtomic } from "../../base/files.ts";
import { check, parseJson, refuseLater } from "../checked_json.ts";
import type { RunRecord } from "../record.ts";
import { parseRecord, RunFolder } from "../run_folder.ts";

/** Version of a pinned file; a reader refuses those of a later one. */
const PINNED_SCHEMA = 1;

/** Per-sample numbers of an evaluation. */
export interface SampleNumbers {
  /** Sample ids, in the order they were scored. */
  readonly ids: readonly string[];
  /** Metric name to one value a sample; NaN where a sample has none. */
  readonly metrics: Readonly<Record<string, ArrayLike<number>>>;
}

/** A run as comparisons see it. */
export interface ComparedRun {
  readonly record: RunRecord;
  /** By evaluation id. */
  readonly samples: ReadonlyMap<string, SampleNumbers>;
}

/** One side: a run, or several of one recipe that differ in their seeds. */
export interface Side {
  /** What the user named. */
  readonly name: string;
  /** At least one. */
  readonly runs: readonly ComparedRun[];
}

const PinnedRun = z.strictObject({
  record: z.json(),
  samples: z.record(
    z.string(),
    z.strictObject({
      ids: z.array(z.string()),
      metrics: z.record(z.string(), z.array(z.number().nullable())),
    }),
  ),
});

const Pinned = z.strictObject({
  /** Says what the file is to whoever finds it in a repository. */
  kind: z.literal("reflow pinned runs"),
  schema: z.literal(PINNED_SCHEMA),
  runs: z.array(PinnedRun).min(1),
});

/**
 * Reads a side: a run's folder, a folder of runs, a pinned file, or the id of a run in `runsDir`.
 *
 * @throws {UsageError} When there is no such file, folder or run.
 * @throws {DataError} When something in it is damaged, or no run in a folder is complete.
 */
export async function loadSide(name: string, runsDir: string): Promise<Side> {
  const path = await exists(name) ? name : join(runsDir, name);
  if (!await exists(path)) {
    throw new UsageError(
      `There is no run, folder or file named "${name}"`,
      `Name a run in ${runsDir}, a folder of runs or a pinned file.`,
    );
  }
  if ((await Deno.stat(path)).isFile) return { name: basename(path), runs: await readPinned(path) };
  if (await exists(join(path, "record.json"))) {
    return { name: basename(path), runs: [await readRun(path)] };
  }
  const runs: ComparedRun[] = [];
  for (const folder of await foldersIn(path)) {
    if (await exists(join(folder, "record.json"))) runs.push(await readRun(folder));
  }
  if (runs.length === 0) {
    throw new DataError(path, "it holds no runs", "Name a run, a folder of runs or a pinned file.");
  }
  return { name: basename(path), runs };
}

/** Reads a run's record and per-sample numbers, without its pictures. */
async function readRun(path: string): Promise<ComparedRun> {
  const folder = await RunFolder.open(path);
  const record = await folder.readRecord();
  const samples = new Map<string, SampleNumbers>();
  for (const { id } of record.evaluations) {
    const results = await folder.readSamples(id, false);
    if (results !== null) samples.set(id, results);
  }
  return { record, samples };
}

/**
 * Writes runs as one small file: records and per-sample numbers, no weights, no pictures.
 *
 * @param out A `.json` file.
 */
export async function writePinned(runs: readonly ComparedRun[], out: string): Promise<void> {
  const pinned = {
    kind: "reflow pinned runs",
    schema: PINNED_SCHEMA,
    runs: runs.map(({ record, samples }) => ({
      record,
      samples: Object.fromEntries(
        [...samples].map(([id, { ids, metrics }]) => [id, {
          ids,
          metrics: Object.fromEntries(
            Object.entries(metrics).map(([name, values]) => [name, Array.from(values, orNull)]),
          ),
        }]),
      ),
    })),
  };
  await writeFileAtomic(out, compactJson(pinned) + "\n");
}

/**
 * Reads a pinned file.
 *
 * @throws {DataError} When it is none, of a later schema, or damaged.
 */
export async function readPinned(path: string): Promise<ComparedRun[]> {
  const value = parseJson(path, await Deno.readTextFile(path));
  refuseLater(path, value, PINNED_SCHEMA);
  const { runs } = check(Pinned, value, path, "pinned file");
  return runs.map(({ record, samples }) => ({
    record: parseRecord(path, record),
    samples: new Map(
      Object.entries(samples).map(([id, { ids, metrics }]) => [id, {
        ids,
        metrics: Object.fromEntries(
          Object.entries(metrics).map(([name, values]) => {
            if (values.length !== ids.length) {
              throw new DataError(
                path,
                `${name} of ${id} has ${values.length} values for ${ids.length} samples`,
                "Pin the runs again.",
              );
            }
            return [name, Float64Array.from(values, (value) => value ?? NaN)];
          }),
        ),
      }]),
    ),
  }));
}

const orNull = (value: number) => Number.isNaN(value) ? null : value;

/** Indented JSON in which a list of plain values takes one line: diffs stay short. */
export function compactJson(value: unknown): string {
  return JSON.stringify(value, null, 1).replaceAll(
    /\[\n\s*((?:"(?:[^"\\]|\\.)*"|[-+.\w]+)(?:,\n\s*(?:"(?:[^"\\]|\\.)*"|[-+.\w]+))*)\n\s*\]/g,
    (_, items: string) => `[${items.replaceAll(/,\n\s*/g, ", ")}]`,
  );
}

async function foldersIn(dir: string): Promise<string[]> {
  const folders: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) folders.push(join(dir, name));
  }
  return folders.sort();
}
