/**
 * Building a store: aside, complete, synced, then one rename.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { exists, partialName, sha256, writeFileAtomic } from "../../base/files.ts";
import { encodeChunk, storedChecksum } from "./codecs.ts";
import {
  type ArraySpec,
  arrayType,
  chunkAt,
  chunkGrid,
  chunkIndex,
  chunkKey,
  count,
  isArrayName,
  parseSpec,
  type TypedArray,
} from "./layout.ts";
import { writeMetadata } from "./metadata.ts";
import { type ArrayRecord, type CompletionRecord, RECORD_NAME, writeRecord } from "./record.ts";
import { BUILDING_NAME, claim, sweepPartials } from "./sweep.ts";

/** How a store is built. */
export interface BuildOptions {
  /** Stops the build; what was written is removed and the signal's reason is thrown. */
  readonly signal?: AbortSignal;
  /** Whether a store of that name may be replaced; without it, one is refused. */
  readonly replace?: boolean;
}

/** Takes the content of a store while it is built. */
export interface StoreWriter {
  /** Attributes of the root group, plain JSON; may be changed until the build ends. */
  readonly attributes: Record<string, unknown>;
  /**
   * Adds an array.
   *
   * @param name Words with slashes between, for example `436x1024/flow`.
   */
  array(name: string, spec: ArraySpec): Promise<ArrayWriter>;
}

/** Takes the chunks of one array, each exactly once and in any order. */
export interface ArrayWriter {
  /**
   * Writes one chunk.
   *
   * @param chunk Coordinates in the grid of chunks.
   * @param data All elements of a chunk in row-major order, padding included.
   */
  write(chunk: number[], data: TypedArray): Promise<void>;
  /**
   * Grows the array along its first axis by one chunk, which must span the other axes.
   *
   * @returns The first row of the new chunk.
   */
  append(data: TypedArray): Promise<number>;
}

/**
 * Builds a store. Until the last moment it has another name, so that `path` never holds half of one.
 *
 * @param path Final name of the store's folder.
 * @param attributes Attributes of the root group, plain JSON.
 * @param fill Adds arrays and writes their chunks.
 * @throws {DataError} When something of that name exists and may not be replaced.
 * @throws {Error} When `fill` leaves out a chunk or writes one that does not belong.
 */
export async function buildStore(
  path: string,
  attributes: Record<string, unknown>,
  fill: (store: StoreWriter) => Promise<void>,
  options: BuildOptions = {},
): Promise<void> {
  if (!options.replace) await refuseExisting(path);
  await sweepPartials(path);
  const partial = partialName(path);
  await Deno.mkdir(partial, { recursive: true });
  try {
    {
      using _claim = await claim(partial);
      const builder = new Builder(path, partial, { ...attributes }, options.signal);
      await fill(builder);
      await builder.finish();
    }
    await publish(partial, path, options.replace ?? false);
  } catch (error) {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    throw error;
  }
}

async function refuseExisting(path: string): Promise<void> {
  if (await exists(path)) {
    throw new DataError(path, "it exists already", `Delete ${path} first to make it again`);
  }
}

/** Gives the finished store its name; a store that is replaced keeps it until then. */
async function publish(partial: string, path: string, replace: boolean): Promise<void> {
  const old = replace && await exists(path) ? partialName(path) : null;
  if (old !== null) await Deno.rename(path, old);
  try {
    await Deno.rename(partial, path);
  } catch (error) {
    if (old !== null) await Deno.rename(old, path);
    else await refuseExisting(path);
    throw error;
  }
  if (old !== null) await Deno.remove(old, { recursive: true });
}

class Builder implements StoreWriter {
  private readonly arrays = new Map<string, ArrayBuilder>();

  constructor(
    /** Final name, for messages. */
    readonly path: string,
    readonly partial: string,
    readonly attributes: Record<string, unknown>,
    readonly signal: AbortSignal | undefined,
  ) {}

  async array(name: string, spec: ArraySpec): Promise<ArrayWriter> {
    this.signal?.throwIfAborted();
    if (!isArrayName(name)) {
      throw new Error(`Cannot add array "${name}" to ${this.path}: not a plain array name`);
    }
    for (const other of this.arrays.keys()) {
      if (`${other}/`.startsWith(`${name}/`) || `${name}/`.startsWith(`${other}/`)) {
        throw new Error(`Cannot add array "${name}" to ${this.path}: there is "${other}"`);
      }
    }
    const array = new ArrayBuilder(this, name, parseSpec(spec));
    this.arrays.set(name, array);
    await Deno.mkdir(join(this.partial, name), { recursive: true });
    return array;
  }

  async finish(): Promise<void> {
    const specs = new Map([...this.arrays].map(([name, array]) => [name, array.spec]));
    const metadata = await writeMetadata(this.attributes, specs);
    for (const [key, bytes] of metadata) await Deno.writeFile(join(this.partial, key), bytes);
    const names = [...specs.keys()].sort();
    const record: CompletionRecord = {
      schema: 1,
      metadata: Object.fromEntries([...metadata].map(([key, bytes]) => [key, sha256(bytes)])),
      arrays: Object.fromEntries(names.map((name) => [name, this.arrays.get(name)!.summary()])),
    };
    // Synced together and not one by one as they are written: file systems commit in batches.
    for (const key of metadata.keys()) await sync(join(this.partial, key));
    for (const array of this.arrays.values()) await array.sync();
    this.signal?.throwIfAborted();
    await Deno.remove(join(this.partial, BUILDING_NAME));
    await writeFileAtomic(join(this.partial, RECORD_NAME), writeRecord(record));
  }
}

class ArrayBuilder implements ArrayWriter {
  /** Bytes and crc32c of the chunk files by chunk index; holes are chunks not written yet. */
  private readonly written: { bytes: number; crc32c: number }[] = [];

  constructor(
    private readonly store: Builder,
    private readonly name: string,
    readonly spec: ArraySpec,
  ) {}

  async write(chunk: number[], data: TypedArray): Promise<void> {
    this.store.signal?.throwIfAborted();
    const index = chunkIndex(this.grid, chunk);
    const { dtype, chunks } = this.spec;
    if (index < 0) throw this.fault(chunk, "it lies outside the array");
    if (this.written[index]) throw this.fault(chunk, "it was written before");
    if (!(data instanceof arrayType(dtype)) || data.length !== count(chunks)) {
      throw this.fault(chunk, `it must be ${count(chunks)} elements of ${dtype}`);
    }
    const file = encodeChunk(data);
    this.written[index] = { bytes: file.length, crc32c: storedChecksum(file) };
    await Deno.writeFile(this.fileOf(chunk), file, { createNew: true });
  }

  async append(data: TypedArray): Promise<number> {
    const { shape, chunks } = this.spec;
    const chunk = this.grid.map((n, axis) => axis === 0 ? n : n - 1);
    if (chunk.some((at, axis) => axis > 0 && at !== 0)) {
      throw this.fault(chunk, "only chunks that span all axes but the first can be appended");
    }
    const row = chunk[0] * chunks[0];
    shape[0] = row + chunks[0];
    await this.write(chunk, data);
    return row;
  }

  /** The record's entry; fails while a chunk is missing. */
  summary(): ArrayRecord {
    const total = count(this.grid);
    for (let index = 0; index < total; index++) {
      if (!this.written[index]) throw this.fault(chunkAt(this.grid, index), "it was never written");
    }
    return {
      bytes: this.written.map(({ bytes }) => bytes),
      crc32c: this.written.map(({ crc32c }) => crc32c.toString(16).padStart(8, "0")).join(""),
    };
  }

  async sync(): Promise<void> {
    for (const index of this.written.keys()) await sync(this.fileOf(chunkAt(this.grid, index)));
  }

  private get grid(): number[] {
    return chunkGrid(this.spec);
  }

  private fileOf(chunk: number[]): string {
    return join(this.store.partial, chunkKey(this.name, chunk));
  }

  private fault(chunk: number[], reason: string): Error {
    const what = `chunk [${chunk}] of array "${this.name}"`;
    return new Error(`Cannot write ${what} in ${this.store.path}: ${reason}`);
  }
}

async function sync(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.sync();
}
