/**
 * Tensors as weights files hold them: a dtype, a shape and row-major little-endian elements, on the
 * host and unconverted. Every reader of this folder returns them and every writer takes them.
 *
 * The dtype names are those of safetensors. Typed arrays use the byte order of the machine; every
 * machine Deno runs on is little-endian, as the files are.
 *
 * @module
 */

/**
 * The array that holds each dtype's elements, in the order in which `safetensors` lays tensors out
 * (wide ones first, so that all stay aligned). BF16 is kept as bit patterns, for want of an array of
 * its own; BOOL as bytes 0 and 1.
 */
export const DTYPE_ARRAYS = {
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
  F32: Float32Array,
  U32: Uint32Array,
  I32: Int32Array,
  BF16: Uint16Array,
  F16: Float16Array,
  U16: Uint16Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** An element type that weights files may use. */
export type Dtype = keyof typeof DTYPE_ARRAYS;

/** The elements of a tensor, in the array that {@link DTYPE_ARRAYS} names for its dtype. */
export type TensorData =
  | BigUint64Array
  | BigInt64Array
  | Float64Array
  | Float32Array
  | Uint32Array
  | Int32Array
  | Float16Array
  | Uint16Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** One tensor of a weights file. */
export interface StoredTensor {
  /** Element type. */
  dtype: Dtype;
  /** Lengths of the axes; empty for a single number. */
  shape: number[];
  /** Elements in row-major order, as many as the shape says. Tensors may share one buffer. */
  data: TensorData;
}

/**
 * Tensors by parameter name, in the file's order. `ignored` lists the entries of a PyTorch
 * checkpoint that are no weights and were left out (epoch, optimizer, ...).
 */
export type StateDict = Map<string, StoredTensor> & { ignored?: readonly string[] };

/** Whether a name read from a file is a {@link Dtype}. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(DTYPE_ARRAYS, name);
}

/** Bytes an element of this dtype takes. */
export function elementBytes(dtype: Dtype): number {
  return DTYPE_ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape: 1 for `[]`. Not a safe integer where a file claims too much. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, length) => count * length, 1);
}

/** Little-endian bytes as elements: the same memory where it is aligned, else a copy. */
export function elementsOf(dtype: Dtype, bytes: Uint8Array): TensorData {
  const width = elementBytes(dtype);
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return new DTYPE_ARRAYS[dtype](buffer as ArrayBuffer, byteOffset, bytes.byteLength / width);
}

/**
 * A tensor's elements as float32: the data itself for F32, else a copy. F16, BF16 and small integers
 * come out exact; F64 and integers beyond 2^24 are rounded to the nearest float32.
 */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const { dtype, data } = tensor;
  if (data instanceof Float32Array) return data;
  if (dtype !== "BF16") return Float32Array.from(data as ArrayLike<number | bigint>, Number);
  // A bfloat16 is the upper half of a float32.
  return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
}
