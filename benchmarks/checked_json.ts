/**
 * JSON that other versions of Reflow, other programs and crashes may have written.
 *
 * @module
 */
import { z } from "zod";
import { DataError } from "../base/errors.ts";

const RESTORE = "Restore the file, or run again.";

/**
 * Parses JSON.
 *
 * @param path Where it comes from, for errors.
 * @param where Stands before the reason of the error, for example `line 3: `.
 * @throws {DataError} When it is none.
 */
export function parseJson(path: string, text: string, where = "", nextStep = RESTORE): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DataError(path, `${where}not valid JSON`, nextStep);
  }
}

/**
 * Refuses what a later version wrote before {@link check} finds fault with what is new in it.
 *
 * @param latest The latest `schema` that this version reads.
 * @throws {DataError} When the value's `schema` is later.
 */
export function refuseLater(path: string, value: unknown, latest: number): void {
  const { data } = z.object({ schema: z.number() }).safeParse(value);
  if (data === undefined || data.schema <= latest) return;
  throw new DataError(
    path,
    `its schema ${data.schema} is later than ${latest}, the latest this version reads`,
    "Use a later version of Reflow.",
  );
}

/**
 * The value, if it fits its schema.
 *
 * @throws {DataError} With the first thing wrong with it, if it does not.
 */
export function check<T>(schema: z.ZodType<T>, value: unknown, path: string, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first, ...others] = result.error.issues;
  const at = first.path.length > 0 ? `${where}, ${first.path.join(".")}` : where;
  const more = others.length > 0 ? ` (and ${others.length} more)` : "";
  throw new DataError(path, `${at}: ${first.message}${more}`, RESTORE);
}
