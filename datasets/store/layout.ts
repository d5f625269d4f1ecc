/**
 * What an array of a store may look like, and where its chunks lie.
 *
 * @module
 */
import { z } from "zod";

/** Element type of a stored array, by its Zarr v3 name. */
export type DType = "uint8" | "uint16" | "int32" | "float32" | "float64";

/** The data of a stored array. */
export type TypedArray = Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array;

/** Makes the data of a stored array. */
export interface TypedArrayType {
  /** Bytes of one element. */
  readonly BYTES_PER_ELEMENT: number;
  /** Makes an array of zeros. */
  new (length: number): TypedArray;
  /** Makes an array of these elements. */
  of(...elements: number[]): TypedArray;
}

const TYPES: Readonly<Record<DType, TypedArrayType>> = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Largest chunk, unpacked; a file that claims more is refused before anything is allocated. */
export const MAX_CHUNK_BYTES = 2 ** 28;

/** Largest metadata file or completion record that is read. */
export const MAX_METADATA_BYTES = 2 ** 26;

/** Plain names only, so that no key leaves the store's folder or meets a file of Zarr's own. */
const ARRAY_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\/[A-Za-z0-9][A-Za-z0-9_-]{0,99}){0,7}$/;

/** The shape of an array and of its chunks; the three lists have one entry an axis. */
export interface ArraySpec {
  /** Element type. */
  dtype: DType;
  /** Elements along each axis; at least one axis. */
  shape: number[];
  /** Elements of one chunk along each axis. Chunks that reach past the end are padded. */
  chunks: number[];
  /** What each axis means, for example `["sample", "height", "width", "channel"]`. */
  dimensionNames: string[];
}

const Schema = z.strictObject({
  dtype: z.enum(Object.keys(TYPES) as DType[]),
  shape: z.array(z.int().nonnegative()).min(1).max(16),
  chunks: z.array(z.int().positive()),
  dimensionNames: z.array(z.string().min(1)),
}).refine(
  ({ shape, chunks, dimensionNames }) =>
    shape.length === chunks.length && shape.length === dimensionNames.length,
  "shape, chunks and dimension names differ in length",
).refine(
  ({ dtype, chunks }) => chunkBytes(dtype, chunks) <= MAX_CHUNK_BYTES,
  `a chunk holds more than ${MAX_CHUNK_BYTES} bytes`,
);

/**
 * A checked copy of what should be a specification.
 *
 * @throws {Error} When it makes no sense or asks for an unreasonable chunk.
 */
export function parseSpec(spec: unknown): ArraySpec {
  return Schema.parse(spec);
}

/** Whether this names an array within its store: at most eight plain words, slashes between. */
export function isArrayName(name: string): boolean {
  return ARRAY_NAME.test(name);
}

/** The typed array that holds elements of a type. */
export function arrayType(dtype: DType): TypedArrayType {
  return TYPES[dtype];
}

/** How many elements a shape holds. */
export function count(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Bytes of a chunk (or of any block) of this type and shape, unpacked. */
export function chunkBytes(dtype: DType, shape: readonly number[]): number {
  return count(shape) * TYPES[dtype].BYTES_PER_ELEMENT;
}

/** Number of chunks along each axis. */
export function chunkGrid({ shape, chunks }: Pick<ArraySpec, "shape" | "chunks">): number[] {
  return shape.map((n, axis) => Math.ceil(n / chunks[axis]));
}

/** A chunk's place in row-major order, or -1 for coordinates outside the grid. */
export function chunkIndex(grid: readonly number[], chunk: readonly number[]): number {
  const inside = chunk.length === grid.length &&
    chunk.every((at, axis) => Number.isInteger(at) && at >= 0 && at < grid[axis]);
  return inside ? chunk.reduce((index, at, axis) => index * grid[axis] + at, 0) : -1;
}

/** The coordinates of the chunk at `index` in row-major order. */
export function chunkAt(grid: readonly number[], index: number): number[] {
  const chunk = new Array<number>(grid.length);
  for (let axis = grid.length - 1; axis >= 0; axis--) {
    chunk[axis] = index % grid[axis];
    index = Math.floor(index / grid[axis]);
  }
  return chunk;
}

/**
 * The file of a chunk within the store, for example `436x1024/flow/c.7.0.0.0`. Zarr's default key
 * encoding with dots, which spares three nested folders a chunk.
 */
export function chunkKey(array: string, chunk: readonly number[]): string {
  return `${array}/${["c", ...chunk].join(CHUNK_SEPARATOR)}`;
}

/** See {@link chunkKey}. */
export const CHUNK_SEPARATOR = ".";
