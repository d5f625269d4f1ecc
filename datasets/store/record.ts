/**
 * The completion record: what a store consists of, written last, with a digest of itself.
 *
 * @module
 */
import { z } from "zod";
import { sha256 } from "../../base/files.ts";
import { isArrayName } from "./layout.ts";

/** File name of the record within the store. */
export const RECORD_NAME = "_COMPLETE.json";

/** What a store consists of. */
export interface CompletionRecord {
  /** Version of this schema. */
  schema: 1;
  /** SHA-256 of every metadata file by its path within the store. */
  metadata: Record<string, string>;
  /** Every array by its name, with its chunk files in row-major order of the chunks. */
  arrays: Record<string, ArrayRecord>;
}

/** The chunk files of an array. */
export interface ArrayRecord {
  /** Bytes of each file; at least those of its checksum. */
  bytes: number[];
  /** The crc32c each file ends with, eight hexadecimal digits a file. */
  crc32c: string;
}

const Schema: z.ZodType<CompletionRecord> = z.strictObject({
  schema: z.literal(1),
  metadata: z.record(
    z.string().regex(/^([A-Za-z0-9_-]+\/)*zarr\.json$/),
    z.string().regex(/^[0-9a-f]{64}$/),
  ),
  arrays: z.record(
    z.string().refine(isArrayName),
    z.strictObject({
      bytes: z.array(z.int().min(4)),
      crc32c: z.string().regex(/^([0-9a-f]{8})*$/),
    }).refine(({ bytes, crc32c }) => crc32c.length === 8 * bytes.length),
  ),
});
/** The record's file: the record as JSON, wrapped together with the SHA-256 of that JSON. */
export function writeRecord(record: CompletionRecord): string {
  const json = JSON.stringify(record);
  return `{"digest":"${sha256(json)}","record":${json}}`;
}

/**
 * Reads what {@link writeRecord} wrote.
 *
 * @returns The record and its digest, which names the whole content of the store.
 * @throws {Error} With a reason, when any byte is not what was written.
 */
export function readRecord(file: Uint8Array): { digest: string; record: CompletionRecord } {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(file);
  const [, digest, json] = /^\{"digest":"([0-9a-f]{64})","record":(.*)\}$/s.exec(text) ?? [];
  if (json === undefined) throw new Error("it is not a completion record");
  if (sha256(json) !== digest) throw new Error("its content does not match its own digest");
  const parsed = Schema.safeParse(JSON.parse(json));
  if (!parsed.success) throw new Error(`it has another schema (${z.prettifyError(parsed.error)})`);
  return { digest, record: parsed.data };
}
