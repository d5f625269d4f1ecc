/**
 * Checking all of a store.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { chunkAt, chunkGrid, chunkKey } from "./layout.ts";
import { loadRecord, openStore, statFile } from "./read.ts";
import { RECORD_NAME } from "./record.ts";

/** How thoroughly to check, and who hears about it. */
export interface VerifyOptions {
  /** Whether to read and unpack every chunk; otherwise only metadata, names and sizes. */
  readonly deep: boolean;
  /** Hears how many chunks of all were checked. */
  readonly report?: (done: number, total: number, note: string) => void;
}

/**
 * Checks a store: its record, its metadata, that every chunk is there with the right size and
 * nothing else is, and with `deep` every chunk's content.
 *
 * @returns Number of files and of bytes.
 * @throws {DataError} At the first file that is missing, damaged or foreign.
 */
export async function verifyStore(
  path: string,
  { deep, report = () => {} }: VerifyOptions,
): Promise<{ files: number; bytes: number }> {
  const nextStep = `Delete the folder ${path} and make it again`;
  const fail = (file: string, reason: string) => new DataError(join(path, file), reason, nextStep);
  const store = await openStore(path, nextStep);
  const { record } = await loadRecord(path, fail);

  let bytes = 0;
  const known = new Set([RECORD_NAME, ...Object.keys(record.metadata)]);
  for (const key of known) bytes += (await statFile(path, key, fail)).size;

  const total = Object.values(record.arrays).reduce((sum, { bytes }) => sum + bytes.length, 0);
  let done = 0;
  for (const [name, { bytes: sizes }] of Object.entries(record.arrays)) {
    const array = store.array(name);
    const grid = chunkGrid(array);
    for (const [index, expected] of sizes.entries()) {
      const chunk = chunkAt(grid, index);
      const key = chunkKey(name, chunk);
      known.add(key);
      if (deep) await array.readChunk(chunk);
      const { size } = await statFile(path, key, fail);
      if (size !== expected) throw fail(key, `it has ${size} bytes where ${expected} belong`);
      bytes += size;
      report(++done, total, name);
    }
  }
  for await (const file of filesIn(path)) {
    if (!known.has(file)) throw fail(file, "it does not belong to the store");
  }
  return { files: known.size, bytes };
}

/** Paths within a folder of everything in it that is not a folder. */
async function* filesIn(root: string, folder = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesIn(root, path);
    else yield path;
  }
}
