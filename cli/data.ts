/**
 * `deno task data`: the datasets on this machine.
 *
 * @module
 */
import { Argument, type Command } from "commander";
import { join } from "@std/path";
import { DataError, ExitCode, ReflowError, UsageError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import type { ProgressSink } from "../base/progress.ts";
import {
  commandFor,
  type DatasetDefinition,
  datasets,
  findDataset,
  howToGet,
} from "../datasets/registry.ts";
import { openStore, type Store, verifyStore } from "../datasets/store.ts";
import {
  createCommand,
  dataOption,
  interruptSignal,
  jsonOption,
  printResult,
  progressReport,
  progressSink,
  quietOption,
  runCommand,
  userPath,
} from "./command.ts";

/** Options every subcommand has. */
interface CommonOptions {
  readonly data: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What `data` says about one dataset. */
export interface DatasetStatus {
  /** Registry name. */
  readonly id: string;
  /** Name for people. */
  readonly title: string;
  /** Terms of use. */
  readonly licence: string;
  /** Page the data comes from. */
  readonly homepage: string;
  /** Whether its store is there, and whether its record and metadata are sound. */
  readonly state: "ready" | "absent" | "damaged";
  /** Digest of the store, where it is ready. */
  readonly digest: string | null;
  /** What is wrong with a damaged store, else null. */
  readonly reason: string | null;
  /** The command that makes the store, where there is none. */
  readonly command: string | null;
}

/** Looks a dataset's store up; chunks are not read. */
export async function datasetStatus(
  dataset: DatasetDefinition,
  dataDir: string,
): Promise<DatasetStatus> {
  const { id, title, licence, homepage } = dataset;
  const about = { id, title, licence, homepage, digest: null, reason: null, command: null };
  if (!await exists(join(dataDir, id))) {
    return { ...about, state: "absent", command: commandFor(dataset) };
  }
  try {
    const { digest } = await openStore(join(dataDir, id));
    return { ...about, state: "ready", digest };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { ...about, state: "damaged", reason: error.message };
  }
}

/**
 * Makes the store of a dataset that is generated, unless it is there.
 *
 * @returns Whether anything had to be made.
 * @throws {ReflowError} For a dataset that has to be downloaded: the page, the licence, and the
 *   command for what was downloaded by hand. Exit code 3.
 * @throws {DataError} When a store is there but damaged.
 */
export async function fetchDataset(
  dataset: DatasetDefinition,
  dataDir: string,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<boolean> {
  const { id, build, homepage, licence } = dataset;
  const path = join(dataDir, id);
  if (await exists(path)) {
    await openStore(path);
    return false;
  }
  if (!build) {
    throw new ReflowError(
      `Cannot fetch ${id}: downloading is not built yet`,
      `Licence: ${licence}\n` +
        `Download it from ${homepage} and unpack it in a folder DIR, then:\n` +
        `  ${commandFor(dataset)}${dataDir === "data" ? "" : ` --data ${dataDir}`}`,
      ExitCode.data,
    );
  }
  await build(path, progressReport(id, sink), { signal });
  return true;
}

/** Makes a dataset's store out of files in their official layout. */
async function importDataset(
  dataset: DatasetDefinition,
  from: string,
  dataDir: string,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const { id, importFrom } = dataset;
  if (!importFrom) {
    const reason = `Cannot import ${id}: it is made by code, not from files`;
    throw new UsageError(reason, commandFor(dataset));
  }
  await importFrom(from, join(dataDir, id), progressReport(id, sink), { signal });
}

/** Everything known about a dataset; the second half only where its store is ready. */
async function describeDataset(dataset: DatasetDefinition, dataDir: string) {
  const status = await datasetStatus(dataset, dataDir);
  const { citation, splits, sparse, motion = null } = dataset;
  const about = { ...status, citation, splits, sparse, motion };
  if (status.state !== "ready") return about;
  const store = await openStore(join(dataDir, dataset.id));
  const samples: Record<string, number> = {};
  for (const split of splits) samples[split] = await splitLength(dataset, dataDir, split);
  return { ...about, path: store.path, samples, notes: notesOf(store), arrays: arraysOf(store) };
}

/** Samples of a split; none where only another part of the dataset was imported. */
async function splitLength(
  dataset: DatasetDefinition,
  dataDir: string,
  split: string,
): Promise<number> {
  try {
    const open = dataset.size.frames ? dataset.openMasks! : dataset.open;
    return (await open(dataDir, split)).length;
  } catch (error) {
    if (error instanceof DataError) return 0;
    throw error;
  }
}

/** What a store of imported pairs notes about itself; generated ones note nothing. */
function notesOf({ attributes }: Store): string[] {
  const { notes = [] } = (attributes.dataset ?? {}) as { notes?: string[] };
  return notes;
}

function arraysOf(store: Store): { name: string; dtype: string; shape: readonly number[] }[] {
  return store.arrays.map((name) => {
    const { dtype, shape } = store.array(name);
    return { name, dtype, shape };
  });
}

/** Columns of text, each as wide as its widest cell. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd())
    .join("\n");
}

/** Lines of "name: value", without the values that are absent. */
function facts(entries: Record<string, string | null>): string {
  const known = Object.entries(entries).filter(([, value]) => value);
  return columns(known.map(([name, value]) => [`${name}:`, value!]));
}

async function list({ data, json }: CommonOptions): Promise<void> {
  const all = await Promise.all(datasets.map((dataset) => datasetStatus(dataset, data)));
  const rows = all.map(({ id, state, title, licence }) => [id, state, title, licence]);
  const text = columns([["DATASET", "STATE", "NAME", "LICENCE"], ...rows]);
  const hint = "\n\nMake one: deno task data fetch ID, or import ID --from DIR";
  printResult(json, { data, datasets: all }, text + hint);
}

async function info(id: string, { data, json }: CommonOptions): Promise<void> {
  const about = await describeDataset(findDataset(id), data);
  const lines = facts({
    dataset: `${about.id} (${about.title})`,
    state: about.state + (about.reason ? `: ${about.reason}` : ""),
    licence: about.licence,
    cite: about.citation,
    from: about.homepage,
    motion: about.motion,
    splits: "samples" in about
      ? Object.entries(about.samples).map(([split, count]) => `${split} ${count}`).join(", ")
      : about.splits.join(", "),
    digest: about.digest,
    "make it": about.command,
  });
  const notes = "notes" in about ? about.notes : [];
  const arrays = "arrays" in about
    ? [columns(about.arrays.map((a) => [`  ${a.name}`, a.dtype, a.shape.join("x")]))]
    : [];
  printResult(json, about, [lines, ...notes, ...arrays].join("\n"));
}

async function fetch(id: string, options: CommonOptions): Promise<void> {
  const { data, json, quiet } = options;
  const dataset = findDataset(id);
  const made = await fetchDataset(dataset, data, progressSink(quiet), interruptSignal());
  const status = await datasetStatus(dataset, data);
  const text = made ? `${id} is ready in ${join(data, id)}` : `${id} is there already`;
  printResult(json, { ...status, made }, text);
}

async function importFiles(id: string, options: CommonOptions & { from: string }): Promise<void> {
  const { data, json, quiet, from } = options;
  const dataset = findDataset(id);
  await importDataset(dataset, from, data, progressSink(quiet), interruptSignal());
  const about = await describeDataset(dataset, data);
  const notes = "notes" in about ? about.notes : [];
  const text = [...notes, `${id} is ready in ${join(data, id)}`].join("\n");
  printResult(json, about, text);
}

async function verify(id: string, options: CommonOptions & { deep?: boolean }): Promise<void> {
  const { data, json, quiet, deep = false } = options;
  const dataset = findDataset(id);
  const path = join(data, id);
  if (!await exists(path)) throw new DataError(path, "there is no such store", howToGet(dataset));
  const report = progressReport(`verify ${id}`, progressSink(quiet));
  const { files, bytes } = await verifyStore(path, { deep, report });
  const { digest } = await openStore(path);
  const checked = deep ? "every byte is what was written" : "names and sizes are right";
  const text = `${id}: ${files} files, ${(bytes / 2 ** 20).toFixed(1)} MiB, ${checked}`;
  printResult(json, { id, deep, files, bytes, digest }, text);
}

/** The command line of `deno task data`. */
export function dataCommand(): Command {
  const program = createCommand("deno task data", "The datasets on this machine.");
  const subcommand = (name: string, description: string) =>
    program.command(name).description(description)
      .addOption(dataOption()).addOption(jsonOption()).addOption(quietOption());
  const id = () => new Argument("<id>", "dataset, for example moving-shapes");
  subcommand("list", "all datasets, and which are there").action(list);
  subcommand("fetch", "make a dataset").addArgument(id()).action(fetch);
  subcommand("import", "make a dataset out of its official files").addArgument(id())
    .requiredOption("--from <dir>", "folder its archives were unpacked in", userPath)
    .action(importFiles);
  subcommand("verify", "check a dataset's files: names and sizes").addArgument(id())
    .option("--deep", "check every byte").action(verify);
  subcommand("info", "what a dataset is and holds").addArgument(id()).action(info);
  return program;
}

if (import.meta.main) await runCommand(async () => void await dataCommand().parseAsync());
