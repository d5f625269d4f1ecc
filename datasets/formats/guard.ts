/**
 * What every reader of a file does: find it, bound it before allocating, and name it in each error.
 *
 * @module
 */
import { DataError, ReflowError } from "../../base/errors.ts";

/** Longest side, in pixels, that a reader accepts. */
export const MAX_SIDE = 2 ** 15;

/** Most pixels that a reader accepts in one file. */
const MAX_PIXELS = 2 ** 28;

/** The error for a file whose bytes contradict its format. */
export function damaged(path: string, reason: string): DataError {
  return new DataError(path, reason, "The file is damaged or cut short; get it again.");
}

/**
 * Reads a whole file.
 *
 * @throws {DataError} When it is missing, a folder or not readable by this user.
 */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new DataError(path, "there is no such file", "Check the path.");
    }
    if (error instanceof Deno.errors.IsADirectory) {
      throw new DataError(path, "it is a folder", "Name a file in it.");
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new DataError(path, "this user may not read it", "Change its permissions.");
    }
    throw error;
  }
}

/**
 * Refuses sizes that no picture or flow field has, before anything of that size is allocated.
 *
 * @throws {DataError} When a side is not in 1…{@link MAX_SIDE} or the area exceeds {@link MAX_PIXELS}.
 */
export function checkSize(path: string, width: number, height: number): void {
  const sides = [width, height];
  if (sides.every((n) => n >= 1 && n <= MAX_SIDE) && width * height <= MAX_PIXELS) return;
  throw damaged(
    path,
    `its header says ${width}x${height} pixels; sides of 1 to ${MAX_SIDE} and at most ` +
      `${MAX_PIXELS} pixels are read`,
  );
}

/**
 * Runs a decoder that is not ours; whatever it throws becomes an error naming the file.
 *
 * @param format For the message, for example "PNG".
 * @throws {DataError} When the decoder throws.
 */
export function guarded<T>(path: string, format: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ReflowError) throw error;
    throw damaged(path, `damaged ${format} (${error instanceof Error ? error.message : error})`);
  }
}
