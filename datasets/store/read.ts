/**
 * Reading a store: every byte is checked against the completion record before it is handed out.
 *
 * @module
 */
import { join } from "@std/path";
import * as zarr from "zarr";
import { z } from "zod";
import { type NdArray, ndarray } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { exists, sha256 } from "../../base/files.ts";
import { storedChecksum } from "./codecs.ts";
import {
  type ArraySpec,
  arrayType,
  chunkBytes,
  chunkGrid,
  chunkIndex,
  chunkKey,
  count,
  type DType,
  MAX_METADATA_BYTES,
  type TypedArray,
} from "./layout.ts";
import { metadataKey, nodesOf, readArray, readGroup } from "./metadata.ts";
import { type ArrayRecord, type CompletionRecord, readRecord, RECORD_NAME } from "./record.ts";

/** What to read along each axis: one index (which drops the axis), all (null), or [from, to). */
export type Selection = readonly (number | null | readonly [number, number])[];

/** A complete store, open for reading. */
export interface Store {
  /** The store's folder. */
  readonly path: string;
  /** Hexadecimal SHA-256 that names the whole content: metadata and chunks. */
  readonly digest: string;
  /** Attributes of the root group. */
  readonly attributes: Record<string, unknown>;
  /** Names of all arrays, sorted. */
  readonly arrays: readonly string[];
  /** An array by name. Throws a {@link DataError} for a name the store does not have. */
  array(name: string): StoredArray;
}

/** One array of a store. */
export interface StoredArray extends Readonly<ArraySpec> {
  /**
   * Reads all of the array or a part of it.
   *
   * @param selection One entry an axis; axes left out are read whole.
   * @throws {DataError} When a chunk is missing, damaged, truncated, too long or another's.
   * @throws {RangeError} When the selection lies outside the array or is larger than 2 GiB.
   */
  read(selection?: Selection): Promise<NdArray<TypedArray>>;
  /** Reads one chunk whole, padding included, with the same checks as {@link StoredArray.read}. */
  readChunk(chunk: number[]): Promise<TypedArray>;
}

/** Most bytes a single read returns. */
const MAX_READ_BYTES = 2 ** 31;

/**
 * Opens a store and checks all its metadata; chunks are checked as they are read.
 *
 * @param path The store's folder.
 * @param nextStep What errors tell the user to do about a store that is damaged.
 * @throws {DataError} When there is no store, or its record or metadata is damaged.
 */
export async function openStore(
  path: string,
  nextStep = `Delete the folder ${path} and make it again`,
): Promise<Store> {
  const fail = (file: string, reason: string) => new DataError(join(path, file), reason, nextStep);
  const { record, digest } = await loadRecord(path, fail);
  const nodes = nodesOf(Object.keys(record.arrays));
  const expected = [...nodes.groups, ...nodes.arrays].map(metadataKey).sort();
  if (expected.join() !== Object.keys(record.metadata).sort().join()) {
    throw fail(RECORD_NAME, "its arrays and its metadata files do not belong together");
  }

  const metadata = new Map<string, Uint8Array>();
  for (const [key, hash] of Object.entries(record.metadata)) {
    const bytes = await readSmall(path, key, fail);
    if (sha256(bytes) !== hash) throw fail(key, "its content is not what was written");
    metadata.set(key, bytes);
  }
  const parse = <T>(node: string, read: (file: Uint8Array) => T): T => {
    const key = metadataKey(node);
    try {
      return read(metadata.get(key)!);
    } catch (error) {
      throw fail(key, `it is not the metadata of a store (${reasonOf(error)})`);
    }
  };

  for (const group of nodes.groups) parse(group, readGroup);
  const arrays = new Map<string, StoredArray>();
  for (const name of nodes.arrays) {
    const spec = parse(name, readArray);
    if (count(chunkGrid(spec)) !== record.arrays[name].bytes.length) {
      throw fail(metadataKey(name), "its shape does not fit the number of chunks on record");
    }
    const files = new ArrayFiles(path, name, spec, record.arrays[name], metadata, fail);
    arrays.set(name, new CheckedArray(spec, name, await openArray(files, name, fail)));
  }
  return {
    path,
    digest,
    attributes: parse("", readGroup),
    arrays: nodes.arrays,
    array(name) {
      const array = arrays.get(name);
      if (!array) throw new DataError(path, `it has no array "${name}"`, nextStep);
      return array;
    },
  };
}

/** Makes the error for a file of the store: its path within the store and what is wrong. */
export type Fail = (file: string, reason: string) => DataError;

/** The store's completion record; without one there is no store. */
export async function loadRecord(
  path: string,
  fail: Fail,
): Promise<{ digest: string; record: CompletionRecord }> {
  if (!await exists(path)) throw fail("", "there is no such store");
  const bytes = await readSmall(path, RECORD_NAME, fail);
  try {
    return readRecord(bytes);
  } catch (error) {
    throw fail(RECORD_NAME, reasonOf(error));
  }
}

async function readSmall(path: string, key: string, fail: Fail): Promise<Uint8Array> {
  const { size } = await statFile(path, key, fail);
  if (size > MAX_METADATA_BYTES) throw fail(key, `it has ${size} bytes, which is too many`);
  return await Deno.readFile(join(path, key));
}

/** The size of a file of the store, which must exist. */
export async function statFile(path: string, key: string, fail: Fail): Promise<{ size: number }> {
  try {
    const { isFile, size } = await Deno.lstat(join(path, key));
    if (!isFile) throw fail(key, "it is not a plain file");
    return { size };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw fail(key, "it is missing");
    throw error;
  }
}

/** The files of one array, as zarrita asks for them: none but those on record. */
class ArrayFiles implements zarr.AsyncReadable {
  private readonly grid: number[];

  constructor(
    private readonly path: string,
    private readonly name: string,
    spec: ArraySpec,
    private readonly record: ArrayRecord,
    private readonly metadata: ReadonlyMap<string, Uint8Array>,
    private readonly fail: Fail,
  ) {
    this.grid = chunkGrid(spec);
  }

  async get(absolute: string): Promise<Uint8Array> {
    const key = absolute.slice(1);
    const metadata = this.metadata.get(key);
    if (metadata) return metadata;
    const chunk = key.split(".").slice(1).map(Number);
    const index = chunkIndex(this.grid, chunk);
    if (index < 0 || key !== chunkKey(this.name, chunk)) {
      throw this.fail(key, "it is not on record");
    }
    const { size } = await statFile(this.path, key, this.fail);
    const expected = this.record.bytes[index];
    if (size !== expected) throw this.fail(key, `it has ${size} bytes where ${expected} belong`);
    const bytes = await Deno.readFile(join(this.path, key));
    // The codec finds a file that does not fit its own checksum; this finds one that fits it and
    // is not the chunk that was written here.
    const crc32c = this.record.crc32c.slice(8 * index, 8 * index + 8);
    if (storedChecksum(bytes) !== parseInt(crc32c, 16)) {
      throw this.fail(key, "its checksum is not the one on record");
    }
    return bytes;
  }
}

/** Opens the array in zarrita, with errors that name the chunk's file. */
async function openArray(
  files: ArrayFiles,
  name: string,
  fail: Fail,
): Promise<zarr.Array<DType, zarr.Readable>> {
  const array = await zarr.open.v3(zarr.root(files).resolve(name), { kind: "array" });
  const named = zarr.defineArrayExtension((inner) => ({
    async getChunk(chunk: number[], options?: zarr.GetOptions) {
      try {
        return await inner.getChunk(chunk, options);
      } catch (error) {
        if (!zarr.isZarritaError(error, "CodecPipelineError")) throw error;
        throw fail(chunkKey(name, chunk), reasonOf(error.cause));
      }
    },
  }));
  return named(array) as zarr.Array<DType, zarr.Readable>;
}

class CheckedArray implements StoredArray {
  readonly dtype: DType;
  readonly shape: number[];
  readonly chunks: number[];
  readonly dimensionNames: string[];

  constructor(
    spec: ArraySpec,
    private readonly name: string,
    private readonly array: zarr.Array<DType, zarr.Readable>,
  ) {
    ({
      dtype: this.dtype,
      shape: this.shape,
      chunks: this.chunks,
      dimensionNames: this.dimensionNames,
    } = spec);
  }

  async readChunk(chunk: number[]): Promise<TypedArray> {
    return (await this.array.getChunk(chunk)).data;
  }

  async read(selection: Selection = []): Promise<NdArray<TypedArray>> {
    if (selection.length > this.shape.length) throw this.outside(selection);
    const parts = this.shape.map((extent, axis) => {
      const part = selection[axis] ?? null;
      const [from, to] = part === null
        ? [0, extent]
        : typeof part === "number"
        ? [part, part + 1]
        : part;
      const whole = Number.isInteger(from) && Number.isInteger(to);
      if (!whole || from < 0 || from > to || to > extent) throw this.outside(selection);
      return { from, to, kept: typeof part !== "number" };
    });
    const shape = parts.filter(({ kept }) => kept).map(({ from, to }) => to - from);
    const bytes = chunkBytes(this.dtype, shape);
    if (bytes > MAX_READ_BYTES) {
      throw new RangeError(`Cannot read ${bytes} bytes of "${this.name}" at once`);
    }
    const Type = arrayType(this.dtype);
    // zarrita's indexer has no empty ranges.
    if (bytes === 0) return ndarray<TypedArray>(new Type(0), shape);
    const selected = await zarr.get(
      this.array,
      parts.map(({ from, to, kept }) => kept ? zarr.slice(from, to) : from),
      { createQueue: oneByOne },
    );
    if (typeof selected === "number") return ndarray<TypedArray>(Type.of(selected), []);
    return ndarray<TypedArray>(selected.data, selected.shape, selected.stride);
  }

  private outside(selection: Selection): RangeError {
    const asked = JSON.stringify(selection);
    return new RangeError(`Cannot read ${asked} of "${this.name}", whose shape is [${this.shape}]`);
  }
}

/** Reads chunk after chunk: thousands at once would exhaust memory and file handles. */
function oneByOne() {
  let last: Promise<unknown> = Promise.resolve();
  return {
    add(read: () => Promise<void>): void {
      last = last.then(read);
    },
    onIdle: (): Promise<void[]> => last.then(() => []),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll("\n", " ");
  return error instanceof Error ? error.message : String(error);
}
