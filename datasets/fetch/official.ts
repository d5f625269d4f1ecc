/**
 * From a manifest to a store: download, unpack, import.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { DataError, ExitCode, Interrupted, ReflowError } from "../../base/errors.ts";
import { exists } from "../../base/files.ts";
import { type PackedFile, unpack } from "../archives/unpack.ts";
import type { DatasetDefinition, Report } from "../definition.ts";
import {
  archiveKind,
  hostsOf,
  type Manifest,
  type SourceFile,
  type UnpackLimits,
} from "../manifest.ts";
import { download, type Downloaded, type DownloadOptions } from "./download.ts";
import { Download } from "./downloads.ts";

/** A dataset whose files somebody else offers. */
export type OfficialSource =
  & DatasetDefinition
  & Required<Pick<DatasetDefinition, "manifest" | "importFrom">>;

/** How a dataset is fetched or imported. */
export interface ObtainOptions {
  /** Stops the work. Downloads are kept, everything else is removed. */
  readonly signal?: AbortSignal;
  /** Hears how far each step is; steps are `fetch NAME`, `unpack` and `import`. */
  readonly report?: (step: string, isBytes: boolean) => Report;
  /** Hears what the user has to know, a sentence at a time. */
  readonly say?: (sentence: string) => void;
}

/** How a dataset is fetched. */
export interface FetchOptions
  extends ObtainOptions, Pick<DownloadOptions, "accept" | "request" | "persistence"> {}

/** The folder of downloads within the folder of datasets. */
export function downloadsFolder(dataDir: string): string {
  return join(dataDir, "downloads");
}

/** Whether a dataset has a manifest and can be imported. */
export function isOfficial(dataset: DatasetDefinition): dataset is OfficialSource {
  return dataset.manifest !== undefined && dataset.importFrom !== undefined;
}

/**
 * Fetches a dataset's official files and makes its store.
 *
 * @throws {ReflowError} When its authors want people to download it: the page, the licence and the
 *   command for what was downloaded. Exit code 3.
 * @throws {DownloadError} When a file cannot be had or is not what it should be.
 * @throws {DataError} When an archive or its content is not sound.
 */
export async function fetchOfficial(
  dataset: OfficialSource,
  dataDir: string,
  { signal, report = () => () => {}, say = () => {}, ...how }: FetchOptions = {},
): Promise<void> {
  const { manifest } = dataset;
  if (manifest.byHand !== null) throw byHand(dataset, manifest.byHand, dataDir);
  await refuseStore(join(dataDir, dataset.id));
  const folder = downloadsFolder(dataDir);
  await requireIsolated(manifest, folder, how.accept ?? null);
  const paths: string[] = [], notes: string[] = [];
  for (const source of manifest.files) {
    const progress = report(`fetch ${source.name}`, true);
    const downloaded = await download(source, folder, {
      ...how,
      ...{ hosts: hostsOf(manifest), say, signal },
      report: (done, total) => progress(done, total ?? source.roughly ?? done, ""),
    });
    paths.push(downloaded.path);
    const note = trustNote(source, downloaded);
    if (note === null) continue;
    notes.push(note);
    say(note);
  }
  try {
    await importPacked(dataset, paths, dataDir, { signal, report, notes });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const next = "Run the same command again to unpack and import it.";
    throw new Interrupted("Stopped; what was downloaded is kept", next);
  }
}

/**
 * Makes a dataset's store out of files the user has: an archive, a folder of archives, or what they
 * unpack to.
 *
 * @throws {DataError} When files are missing, damaged or do not fit together.
 */
export async function importOfficial(
  dataset: OfficialSource,
  from: string,
  dataDir: string,
  options: ObtainOptions = {},
): Promise<void> {
  const packed = await packedFiles(dataset.manifest, from);
  if (packed.length > 0) {
    return await importPacked(dataset, packed, dataDir, options);
  }
  const { signal, report = () => () => {} } = options;
  await dataset.importFrom(from, join(dataDir, dataset.id), report("import", false), { signal });
}

/** The dataset's own files at a place, where it holds any of its archives. */
async function packedFiles({ files }: Manifest, from: string): Promise<string[]> {
  if (!await exists(from)) return [];
  if ((await Deno.stat(from)).isFile) return archiveKind(from) === null ? [] : [from];
  const there: SourceFile[] = [];
  for (const file of files) if (await exists(join(from, file.name))) there.push(file);
  return there.some(({ archive }) => archive !== null)
    ? there.map(({ name }) => join(from, name))
    : [];
}

async function importPacked(
  dataset: OfficialSource,
  paths: readonly string[],
  dataDir: string,
  { signal, report = () => () => {}, notes }: ObtainOptions & { notes?: readonly string[] },
): Promise<void> {
  const { id, manifest: { files, keep } } = dataset;
  const store = join(dataDir, id);
  await refuseStore(store);
  const folder = downloadsFolder(dataDir);
  const unpacked = join(folder, `${id}.unpacked`);
  await Deno.mkdir(folder, { recursive: true });
  await removeFolder(unpacked);
  const archives = paths.flatMap((path): PackedFile[] => {
    const kind = archiveKind(path);
    if (kind === null) return [];
    return [{ path, kind, limits: limitsFor(files, basename(path)) }];
  });
  const progress = report("unpack", true);
  try {
    await unpack(archives, unpacked, { signal, report: progress, ...keep && { keep } });
    for (const path of paths) {
      if (archiveKind(path) === null) await Deno.copyFile(path, join(unpacked, basename(path)));
    }
    const options = { signal, ...notes && { notes } };
    await dataset.importFrom(unpacked, store, report("import", false), options);
  } finally {
    await removeFolder(unpacked);
  }
}

/** A file's own limits, or the widest of the dataset where it was renamed. */
function limitsFor(files: readonly SourceFile[], name: string): UnpackLimits {
  const own = files.find((file) => file.name === name)?.limits;
  if (own) return own;
  const all = files.flatMap(({ limits }) => limits ?? []);
  return {
    entries: Math.max(...all.map(({ entries }) => entries)),
    bytes: Math.max(...all.map(({ bytes }) => bytes)),
  };
}

/** What a user must know of why a file is used; null for one whose digest was known. */
function trustNote({ name }: SourceFile, { record: { sha256, trust } }: Downloaded): string | null {
  switch (trust) {
    case "published":
      return null;
    case "first-use":
      return `${name} is trusted because it came first: nobody states its SHA-256, which is ${sha256}.`;
    case "accepted":
      return `${name} is used because the user accepted it; its SHA-256 is ${sha256}.`;
  }
}

async function requireIsolated(
  { files }: Manifest,
  folder: string,
  accept: string | null,
): Promise<void> {
  if (accept === null) return;
  for (const { name } of files) {
    const file = new Download(folder, name);
    if (await file.isolated(accept) !== null) return;
    // It was accepted before.
    if ((await file.record())?.sha256 === accept) return;
  }
  throw new DataError(
    join(folder, "quarantine"),
    `none of the dataset's files there has the SHA-256 ${accept}`,
    "Without --accept, the file is fetched again.",
  );
}

/** What to do where a person has to download a dataset. */
function byHand(dataset: OfficialSource, why: string, dataDir: string): ReflowError {
  const { id, licence, homepage, manifest } = dataset;
  const names = manifest.files.map(({ name }) => name).join(" and ");
  return new ReflowError(
    `Cannot fetch ${id}: ${why}`,
    `Licence: ${licence}\n` +
      `Download ${names} from ${homepage} into a folder DIR, then:\n` +
      `  deno task data import ${id} --from DIR${dataDir === "data" ? "" : ` --data ${dataDir}`}`,
    ExitCode.data,
  );
}

async function refuseStore(store: string): Promise<void> {
  if (!await exists(store)) return;
  throw new DataError(store, "it exists already", `Delete ${store} first to make it again`);
}

async function removeFolder(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path, { recursive: true });
}
