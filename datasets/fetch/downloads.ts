/**
 * The folder of downloads, and what is known of each file in it.
 *
 *     downloads/FlyingChairs.zip                a file that was fetched whole and may be used
 *     downloads/FlyingChairs.zip.json           what it is: size, SHA-256, and why it is trusted
 *     downloads/FlyingChairs.zip.partial        the part that has come so far
 *     downloads/FlyingChairs.zip.partial.json   which version of the file that part belongs to
 *     downloads/quarantine/                     files that are not what they should be
 *
 * The first file's record outlives the file: the same address must bring the same bytes again.
 *
 * @module
 */
import { join } from "@std/path";
import { z } from "zod";
import { DataError } from "../../base/errors.ts";
import { exists, readTextOrNull, writeFileAtomic } from "../../base/files.ts";

const SHA256 = z.string().regex(/^[0-9a-f]{64}$/);

const FetchedRecord = z.strictObject({
  url: z.url(),
  bytes: z.int().nonnegative(),
  sha256: SHA256,
  /**
   * `published`: the digest is one that was known beforehand. `first-use`: nobody states a digest,
   * so this is what came first. `accepted`: the user decided to use it.
   */
  trust: z.enum(["published", "first-use", "accepted"]),
  /** When the server says it sent it; null where it does not. */
  date: z.string().nullable(),
});

/** What a file was when it was fetched. */
export type FetchedRecord = z.infer<typeof FetchedRecord>;

const QuarantineRecord = z.strictObject({
  name: z.string(),
  url: z.url(),
  bytes: z.int().nonnegative(),
  sha256: SHA256,
  reason: z.string(),
  date: z.string().nullable(),
});

/** What a file in quarantine is, and why it is there. */
export type QuarantineRecord = z.infer<typeof QuarantineRecord>;

/** One file of the folder of downloads. */
export class Download {
  /** Where it is once it may be used. */
  readonly path: string;
  /** Where it grows until then. */
  readonly partialPath: string;
  /** Where those are that are not what they should be. */
  readonly quarantine: string;

  constructor(readonly folder: string, readonly name: string) {
    this.path = join(folder, name);
    this.partialPath = `${this.path}.partial`;
    this.quarantine = join(folder, "quarantine");
  }

  /**
   * What the file was when it was last fetched; null where it never was.
   *
   * @throws {DataError} When the record is damaged.
   */
  async record(): Promise<FetchedRecord | null> {
    return await readJson(`${this.path}.json`, FetchedRecord);
  }

  /**
   * Gives a finished file its name. The record comes first, so that no file is without one.
   *
   * @param from Where the file and what is noted of it were until now.
   */
  async publish(record: FetchedRecord, from = this.partialPath): Promise<void> {
    await writeFileAtomic(`${this.path}.json`, JSON.stringify(record, null, 2) + "\n");
    await Deno.rename(from, this.path);
    await removeIfThere(`${from}.json`);
  }

  /**
   * Puts a file where nothing uses it.
   *
   * @param from The file; it is gone from there afterwards.
   * @returns Where it is now.
   */
  async isolate(from: string, about: Omit<QuarantineRecord, "name">): Promise<string> {
    const record: QuarantineRecord = { name: this.name, ...about };
    const path = join(this.quarantine, `${about.sha256.slice(0, 12)}.${this.name}`);
    await writeFileAtomic(`${path}.json`, JSON.stringify(record, null, 2) + "\n");
    await Deno.rename(from, path);
    return path;
  }

  /**
   * The file in quarantine that has a digest; null where there is none.
   *
   * @param sha256 All 64 digits.
   */
  async isolated(sha256: string): Promise<{ path: string; record: QuarantineRecord } | null> {
    const path = join(this.quarantine, `${sha256.slice(0, 12)}.${this.name}`);
    if (!await exists(path)) return null;
    const record = await readJson(`${path}.json`, QuarantineRecord);
    return record?.sha256 === sha256 ? { path, record } : null;
  }
}

/**
 * Reads a JSON file of a known form; null where there is none.
 *
 * @throws {DataError} When it has another form.
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readTextOrNull(path);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new DataError(path, "it is no record of a download", `Delete ${path} and fetch again`);
  }
}

/** Removes a file, if there is one. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
