/**
 * Files that are either whole or absent.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { statfs } from "node:fs/promises";
import { basename, dirname, join } from "@std/path";
import { DataError } from "./errors.ts";

/** A name beside `path` for work in progress, unique to this process and call. */
export function partialName(path: string): string {
  return join(dirname(path), `.${basename(path)}.partial-${Deno.pid}-${crypto.randomUUID()}`);
}

/** Writes a file aside, syncs it and renames it: a reader sees the old file or the new one. */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const partial = partialName(path);
  try {
    const file = await Deno.open(partial, { write: true, createNew: true });
    try {
      const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
      for (let at = 0; at < data.length;) at += await file.write(data.subarray(at));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(partial, path);
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    throw error;
  }
}

/**
 * Fails now, rather than after the work whose result it is to hold, where a file cannot be written.
 * Its folder is made if absent.
 *
 * @throws {DataError} When the path is a folder; what else the system refuses is thrown as it is.
 */
export async function requireWritable(path: string): Promise<void> {
  if (await exists(path) && (await Deno.stat(path)).isDirectory) {
    throw new DataError(path, "it is a folder", "Name a file in it.");
  }
  await Deno.mkdir(dirname(path), { recursive: true });
  const partial = partialName(path);
  await Deno.writeFile(partial, new Uint8Array(), { createNew: true });
  await Deno.remove(partial);
}

/** Hexadecimal SHA-256 of bytes or text. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Hexadecimal SHA-256 of a file, read in pieces.
 *
 * @param report Hears how many bytes were read.
 */
export async function sha256File(
  path: string,
  { report, signal }: { report?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<string> {
  const hash = createHash("sha256");
  let done = 0;
  using file = await Deno.open(path);
  for await (const piece of file.readable) {
    signal?.throwIfAborted();
    hash.update(piece);
    report?.(done += piece.length);
  }
  return hash.digest("hex");
}

/** Whether a file or folder exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A file's text, or null where there is no file of that name. */
export async function readTextOrNull(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Bytes free for this user where a folder lies; null where the system or Deno does not say. */
export async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
