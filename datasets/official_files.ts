/**
 * What the importers share: finding a dataset's official layout in the folder a user names, saying
 * what is missing from it, and turning it into a flow store.
 *
 * @module
 */
import { join, resolve, SEPARATOR } from "@std/path";
import { DataError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import type { DatasetDefinition } from "./definition.ts";
import {
  buildFlowStore,
  type FlowSource,
  type FlowStoreMeta,
  openFlowStore,
} from "./flow_store.ts";
import type { MaskedFlow } from "./formats/masked_flow.ts";
import { readPicture } from "./formats/picture.ts";
import type { FlowSample } from "./sample.ts";

/** Where the files of a dataset lie. */
export interface OfficialFolders {
  /** Folders every copy of the dataset has, as its archive unpacks: `training/flow`. */
  readonly folders: readonly string[];
  /** Folders that may be there as well. */
  readonly optionalFolders?: readonly string[];
}

/** A dataset that comes as files from its authors' page. */
export interface OfficialDataset
  extends Omit<DatasetDefinition, "build" | "importFrom" | "open">, FlowStoreMeta, OfficialFolders {
  /** The splits of the files; {@link DatasetDefinition.subsets} come on top. */
  readonly splits: readonly string[];
  /**
   * The pairs among the files that were found. Asks {@link OfficialFiles.require} for each file a
   * pair needs, so that an incomplete copy is refused as a whole.
   */
  pairsIn(files: OfficialFiles): FlowSource[] | Promise<FlowSource[]>;
}

/** The files of a dataset's folders, by their paths below the dataset's root with `/` between. */
export class OfficialFiles {
  /** What a reader must know about this copy, one sentence each. */
  readonly notes: string[] = [];
  private readonly known: ReadonlySet<string>;
  private readonly missing = new Set<string>();

  /**
   * A listing of a dataset's folders.
   *
   * @param root The folder the dataset's own folders lie in.
   * @param names Paths below it of the files that are there.
   */
  constructor(readonly root: string, readonly names: readonly string[]) {
    this.known = new Set(names);
  }

  /** Whether a file is there. */
  has(name: string): boolean {
    return this.known.has(name);
  }

  /** Where a file is, which is noted as missing unless it is there. */
  require(name: string): string {
    if (!this.has(name)) this.missing.add(name);
    return join(this.root, name);
  }

  /** What the pattern's first group captures in the names that match, sorted, each once. */
  matches(pattern: RegExp): string[] {
    const found = this.names.map((name) => pattern.exec(name)?.[1]);
    return [...new Set(found)].filter((part) => part !== undefined).sort();
  }

  /** Names of the files that were required and are not there. */
  get absent(): string[] {
    return [...this.missing].sort();
  }
}

/** Makes the registry's entry of a dataset that is imported from its official files. */
export function officialDataset(official: OfficialDataset): DatasetDefinition {
  const { folders: _, optionalFolders: __, pairsIn, ...about } = official;
  const { splits, subsets = {} } = about;
  const pairs = splits.reduce((sum, split) => sum + about.size.pairs[split], 0);
  return {
    ...about,
    splits: [...splits, ...Object.keys(subsets)],
    async importFrom(dir, storePath, report, { notes: more = [], ...options } = {}) {
      const { files, sources } = await gatherSources(dir, official, pairsIn, "pair");
      const notes = [...files.notes, ...more];
      if (sources.length < pairs) {
        notes.push(`Only ${sources.length} of the dataset's ${pairs} pairs were there.`);
      }
      for (const note of notes) report(0, sources.length, note);
      await buildFlowStore(storePath, { ...about, notes }, sources, { ...options, report });
    },
    open: (dataDir, split) =>
      openFlowStore(join(dataDir, about.id), about.id, split, subsets[split]),
  };
}

/**
 * Finds a dataset's files and what they hold.
 *
 * @param what Names one source in the error.
 * @throws {DataError} When there is no such dataset, when files are missing, or when it holds nothing.
 */
export async function gatherSources<T>(
  dir: string,
  about: OfficialFolders & Pick<DatasetDefinition, "title" | "homepage">,
  sourcesIn: (files: OfficialFiles) => T[] | Promise<T[]>,
  what: string,
): Promise<{ files: OfficialFiles; sources: T[] }> {
  const files = await officialFiles(dir, about);
  const sources = await sourcesIn(files);
  const nextStep = `The complete dataset is at ${about.homepage}`;
  if (files.absent.length > 0) {
    throw new DataError(files.root, `${listed(files.absent)} missing`, nextStep);
  }
  if (sources.length === 0) throw new DataError(files.root, `it holds no ${what}`, nextStep);
  return { files, sources };
}

/** Loads a pair from its files. */
export async function loadPair(
  image1: string,
  image2: string,
  truth: Promise<MaskedFlow>,
): Promise<Omit<FlowSample, "id">> {
  const { flow, valid } = await truth;
  return { image1: await readPicture(image1), image2: await readPicture(image2), flow, valid };
}

/**
 * Finds the dataset at `dir`, in a folder directly inside it, or around it where `dir` is one of
 * the dataset's own folders.
 */
async function officialFiles(
  dir: string,
  about: OfficialFolders & Pick<DatasetDefinition, "title" | "homepage">,
): Promise<OfficialFiles> {
  const nextStep = `Name the folder the archives of ${about.homepage} were unpacked in`;
  if (!await exists(dir)) throw new DataError(dir, "there is no such folder", nextStep);
  if (!(await Deno.stat(dir)).isDirectory) throw new DataError(dir, "it is no folder", nextStep);
  const root = await rootOf(dir, about.folders);
  if (root !== null) {
    const names: string[] = [];
    for (const folder of [...about.folders, ...about.optionalFolders ?? []]) {
      for await (const name of filesIn(root, folder)) names.push(name);
    }
    return new OfficialFiles(root, names.sort());
  }
  const missing: string[] = [];
  for (const folder of about.folders) if (!await exists(join(dir, folder))) missing.push(folder);
  throw new DataError(dir, `it is no ${about.title}: ${listed(missing)} missing`, nextStep);
}

/** Where all the folders are: in `dir`, directly below it, or around it; null where they are not. */
export async function rootOf(dir: string, folders: readonly string[]): Promise<string | null> {
  if (!await exists(dir) || !(await Deno.stat(dir)).isDirectory) return null;
  for (const root of [dir, ...await foldersIn(dir), ...foldersAround(dir, folders)]) {
    const found = await Promise.all(folders.map((folder) => exists(join(root, folder))));
    if (found.every(Boolean)) return root;
  }
  return null;
}

async function foldersIn(dir: string): Promise<string[]> {
  const folders: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) folders.push(join(dir, name));
  }
  return folders.sort();
}

/** For `x/training/flow` and a dataset with `training/flow`: `x`. For `x/training` too. */
function foldersAround(dir: string, folders: readonly string[]): string[] {
  const full = resolve(dir);
  const ends = folders.flatMap((folder) => {
    const parts = folder.split("/");
    return parts.map((_, i) => SEPARATOR + join(...parts.slice(0, i + 1)));
  });
  return ends.filter((end) => full.endsWith(end)).map((end) => full.slice(0, -end.length) || "/");
}

async function* filesIn(root: string, folder: string): AsyncGenerator<string> {
  const path = join(root, folder);
  if (!await exists(path)) return;
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) yield* filesIn(root, `${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

/** "a is", "a and b are", "a, b, c and 7 more are". */
function listed(names: readonly string[]): string {
  const shown = names.length > 8 ? [...names.slice(0, 6), `${names.length - 6} more`] : names;
  const list = shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown[0];
  return `${list} ${names.length > 1 ? "are" : "is"}`;
}
