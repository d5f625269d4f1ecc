/**
 * `deno task data`: the datasets on this machine.
 *
 * Its permission set lets it reach the hosts of the official files, and only those. Every command
 * but `fetch` gives that up before it does anything, and `fetch` all hosts but its dataset's.
 *
 * @module
 */
import { Argument, type Command, InvalidArgumentError } from "commander";
import { join } from "@std/path";
import { dataSize } from "../base/data_size.ts";
import { DataError, UsageError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { Progress, type ProgressSink } from "../base/progress.ts";
import type { Report } from "../datasets/definition.ts";
import {
  downloadsFolder,
  fetchOfficial,
  type FetchOptions,
  importOfficial,
  isOfficial,
  type ObtainOptions,
} from "../datasets/fetch/official.ts";
import { hostsOf, type SourceFile } from "../datasets/manifest.ts";
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
import { datasetStatus } from "./dataset_status.ts";
import { textTable } from "./text_table.ts";

/** Options every subcommand has. */
interface CommonOptions {
  readonly data: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * Makes the store of a dataset, from code or from its official files, unless it is there.
 *
 * @param how How official files are fetched, where that is not as usual.
 * @returns Whether anything had to be made.
 * @throws {ReflowError} For a dataset that a person has to download: the page, the licence, and the
 *   command for what was downloaded. Exit code 3.
 * @throws {DataError} When a store is there but damaged.
 */
export async function fetchDataset(
  dataset: DatasetDefinition,
  dataDir: string,
  sink: ProgressSink,
  signal: AbortSignal,
  how: FetchOptions = {},
): Promise<boolean> {
  const { id, build } = dataset;
  const path = join(dataDir, id);
  if (await exists(path)) {
    await openStore(path);
    return false;
  }
  if (build) await build(path, progressReport(id, sink), { signal });
  else if (isOfficial(dataset)) {
    await fetchOfficial(dataset, dataDir, { ...obtaining(sink, signal), ...how });
  } else throw new Error(`${id} has neither code nor a manifest`);
  return true;
}

/** How official files are obtained where people look on. */
function obtaining(sink: ProgressSink, signal: AbortSignal): ObtainOptions {
  return {
    signal,
    report: (step, isBytes) => isBytes ? bytesReport(step, sink) : progressReport(step, sink),
    say: (sentence) => console.error(sink.interactive ? `\r\x1b[2K${sentence}` : sentence),
  };
}

/** Shows work that is measured in bytes; how many there are in all may show only on the way. */
function bytesReport(label: string, sink: ProgressSink): Report {
  let progress: Progress | null = null;
  let known = 0;
  return (done, total, note) => {
    if (total !== known) progress = new Progress(label, known = total, sink, dataSize);
    progress!.update(done, note);
    if (done >= total) progress!.end();
  };
}

/** Makes a dataset's store out of files in their official layout. */
async function importDataset(
  dataset: DatasetDefinition,
  from: string,
  dataDir: string,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  if (!isOfficial(dataset)) {
    const reason = `Cannot import ${dataset.id}: it is made by code, not from files`;
    throw new UsageError(reason, commandFor(dataset));
  }
  await importOfficial(dataset, from, dataDir, obtaining(sink, signal));
}

/** Everything known about a dataset; the second half only where its store is ready. */
async function describeDataset(dataset: DatasetDefinition, dataDir: string) {
  const status = await datasetStatus(dataset, dataDir);
  const { citation, splits, sparse, motion = null, manifest } = dataset;
  const subsets = Object.fromEntries(
    Object.entries(dataset.subsets ?? {}).map(([name, { of, about }]) => [name, { of, about }]),
  );
  const files = manifest?.files ?? [];
  const about = { ...status, citation, splits, subsets, sparse, motion, files };
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

/** Lines of "name: value", without the values that are absent. */
function facts(entries: Record<string, string | null>): string {
  const known = Object.entries(entries).filter(([, value]) => value);
  return textTable(known.map(([name, value]) => [`${name}:`, value!]));
}

async function list({ data, json }: CommonOptions): Promise<void> {
  const all = await Promise.all(datasets.map((dataset) => datasetStatus(dataset, data)));
  const rows = all.map(({ id, state, download, licence, command }) => [
    id,
    state,
    download === 0 ? "none" : download === null ? "unknown" : dataSize(download),
    licence,
    command ?? "",
  ]);
  const text = textTable([["DATASET", "STATE", "DOWNLOAD", "LICENCE", "BRING IT WITH"], ...rows]);
  const hint = "\n\nWhat import needs, and everything else known of one: deno task data info ID";
  printResult(json, { data, datasets: all }, text + hint);
}

/** What is known of a dataset's download beforehand, file by file. */
function fileLines(files: readonly SourceFile[], byHand: string | null): string[] {
  if (files.length === 0) return [];
  const rows = files.map(({ name, url, bytes, roughly, sha256, knownFrom }) => [
    `  ${name}`,
    bytes ?? roughly ? dataSize((bytes ?? roughly)!) : "size unknown",
    sha256 ? `SHA-256 ${sha256.slice(0, 12)}…` : "no SHA-256 known",
    url ?? "",
    knownFrom ? `(known from ${knownFrom})` : "",
  ]);
  const head = byHand === null ? "files:" : `files, to download by hand since ${byHand}:`;
  return [head, textTable(rows)];
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
  const subsets = Object.entries(about.subsets)
    .map(([name, { of, about }]) => `${name} is a part of ${of}: ${about}.`);
  const notes = "notes" in about ? about.notes : [];
  const arrays = "arrays" in about
    ? [textTable(about.arrays.map((a) => [`  ${a.name}`, a.dtype, a.shape.join("x")]))]
    : [];
  const files = about.state === "ready" ? [] : fileLines(about.files, about.byHand);
  printResult(json, about, [lines, ...subsets, ...notes, ...files, ...arrays].join("\n"));
}

async function fetch(id: string, options: CommonOptions & { accept?: string }): Promise<void> {
  const { data, json, quiet, accept = null } = options;
  const dataset = findDataset(id);
  const sink = progressSink(quiet);
  const made = await fetchDataset(dataset, data, sink, interruptSignal(), { accept });
  const status = await datasetStatus(dataset, data);
  const lines = [made ? `${id} is ready in ${join(data, id)}` : `${id} is there already`];
  if (made && dataset.manifest) {
    lines.push(`Its downloads are kept in ${downloadsFolder(data)}; delete them if you need room.`);
  }
  printResult(json, { ...status, made }, lines.join("\n"));
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
  const subcommand = (name: string, description: string, hasProgress = true) =>
    program.command(name).description(description)
      .addOption(dataOption()).addOption(jsonOption())
      // Where there is no progress to silence, scripts may pass it all the same; help is silent on it.
      .addOption(quietOption().hideHelp(!hasProgress));
  const id = () => new Argument("<id>", "dataset, for example moving-shapes");
  subcommand("list", "all datasets, and which are there", false).action(list);
  subcommand("fetch", "make a dataset, downloading what it takes").addArgument(id())
    .option("--accept <sha256>", "use the file in quarantine that has this digest", digest)
    .action(fetch);
  subcommand("import", "make a dataset out of its official files").addArgument(id())
    .requiredOption(
      "--from <path>",
      "its archive, a folder of them, or what they unpack to",
      userPath,
    )
    .action(importFiles);
  subcommand("verify", "check a dataset's files: names and sizes").addArgument(id())
    .option("--deep", "check every byte").action(verify);
  subcommand("info", "what a dataset is and holds", false).addArgument(id()).action(info);
  program.hook("preAction", async (_, command) => {
    const fetches = command.name() === "fetch";
    await giveUpNetwork(fetches ? datasets.find(({ id }) => id === command.args[0]) : undefined);
  });
  return program;
}

/** Parses a SHA-256. */
function digest(value: string): string {
  if (/^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw new InvalidArgumentError("It must be 64 hexadecimal digits.");
}

/**
 * Gives back the right to use the network, but for the hosts of the dataset that is to be fetched. A
 * process cannot get a right again that it gave back.
 */
export async function giveUpNetwork(fetched: DatasetDefinition | undefined): Promise<void> {
  const needed = fetched?.manifest ? hostsOf(fetched.manifest) : [];
  if (needed.length === 0) {
    await Deno.permissions.revoke({ name: "net" });
    return;
  }
  const hosts = new Set(datasets.flatMap(({ manifest }) => manifest ? hostsOf(manifest) : []));
  for (const host of hosts) {
    if (!needed.includes(host)) {
      await Deno.permissions.revoke({ name: "net", host: `${host}:443` });
    }
  }
}

if (import.meta.main) await runCommand(async () => void await dataCommand().parseAsync());
