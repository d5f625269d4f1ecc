/**
 * Strict reader and writer of safetensors files.
 *
 * A file is a header length (8 bytes), a JSON header that gives each tensor's dtype, shape and place,
 * and the tensors' bytes. The checks are those of the reference implementation
 * (https://github.com/huggingface/safetensors, `safetensors/src/tensor.rs`), plus duplicate keys: the
 * bytes must be covered exactly once, so that a file has one meaning and hides nothing.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { FileSource } from "./byte_source.ts";
import {
  type Dtype,
  DTYPE_ARRAYS,
  elementBytes,
  elementCount,
  elementsOf,
  isDtype,
  type StateDict,
} from "./tensor_file.ts";

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** Tensors by name, in the order of their bytes. */
  tensors: StateDict;
  /** Free text by name (`__metadata__`). */
  metadata: Record<string, string>;
}

const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = "__metadata__";
const NEXT_STEP = "Fetch the file again, or export it again with the safetensors library.";

/**
 * Reads a safetensors file. The tensors share the memory the file was read into.
 *
 * @throws {DataError} See {@link decodeSafetensors}; also when the file is absent.
 */
export function readSafetensors(path: string): Promise<SafetensorsFile> {
  return Promise.try(() => {
    using source = FileSource.open(path);
    return decodeSafetensors(source.read(0, source.size), path);
  });
}

/**
 * Decodes a safetensors file. The tensors share `bytes` wherever they are aligned.
 *
 * @param bytes The whole file.
 * @param path The file's name, for messages.
 * @throws {DataError} When the header is too long, no JSON object, or has a key twice; when a dtype
 *   is unknown, a number is no whole number of 0…2^53-1, or a shape does not fit its bytes; when the
 *   tensors overlap, leave a hole or do not end with the file.
 */
export function decodeSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const fail = (reason: string) => new DataError(path, reason, NEXT_STEP);
  const header = parseHeader(headerText(bytes, fail), fail);
  const start = LENGTH_BYTES + headerLength(bytes);

  const metadata: Record<string, string> = {};
  const places: TensorPlace[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) Object.assign(metadata, checkMetadata(value, fail));
    else places.push(checkPlace(name, value, fail));
  }
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);

  const tensors: StateDict = new Map();
  let covered = 0;
  for (const { name, dtype, shape, begin, end } of places) {
    if (begin < covered) throw fail(`tensor "${name}" overlaps another`);
    if (begin > covered) throw fail(`bytes ${covered} to ${begin} belong to no tensor`);
    if (end > bytes.length - start) throw fail(`it ends early, within tensor "${name}"`);
    tensors.set(name, {
      dtype,
      shape,
      data: elementsOf(dtype, bytes.subarray(start + begin, start + end)),
    });
    covered = end;
  }
  const trailing = bytes.length - start - covered;
  if (trailing > 0) throw fail(`${trailing} bytes follow the last tensor`);
  return { tensors, metadata };
}

/**
 * Encodes tensors as a safetensors file: wide dtypes first, then by name, so that equal input gives
 * equal bytes and every tensor is aligned.
 *
 * @throws {TypeError} When a name is reserved or a tensor's data does not fit its dtype and shape.
 */
export function encodeSafetensors(
  tensors: StateDict,
  metadata: Record<string, string> = {},
): Uint8Array {
  const order = Object.keys(DTYPE_ARRAYS);
  const sorted = [...tensors].sort(([nameA, a], [nameB, b]) =>
    order.indexOf(a.dtype) - order.indexOf(b.dtype) || (nameA < nameB ? -1 : 1)
  );

  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    const names = Object.keys(metadata).sort();
    header.push([METADATA, Object.fromEntries(names.map((name) => [name, metadata[name]]))]);
  }
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === METADATA || name === "__proto__") throw new TypeError(`"${name}" is reserved`);
    if (!(data instanceof DTYPE_ARRAYS[dtype]) || data.length !== elementCount(shape)) {
      throw new TypeError(`"${name}" is not ${dtype} of shape [${shape}]`);
    }
    header.push([name, { dtype, shape, data_offsets: [end, end += data.byteLength] }]);
  }

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const padded = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(LENGTH_BYTES + padded + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + padded);
  file.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + padded;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/** Writes tensors as a safetensors file, whole or not at all. See {@link encodeSafetensors}. */
export async function writeSafetensors(
  path: string,
  tensors: StateDict,
  metadata: Record<string, string> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

type Fail = (reason: string) => DataError;

interface TensorPlace {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** First byte and the byte after the last, counted from the end of the header. */
  begin: number;
  end: number;
}

function headerLength(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

function headerText(bytes: Uint8Array, fail: Fail): string {
  if (bytes.length < LENGTH_BYTES) throw fail("it is too short for a safetensors file");
  const length = headerLength(bytes);
  if (length > MAX_HEADER_BYTES) throw fail("its header is longer than 100 MB");
  if (length > bytes.length - LENGTH_BYTES) throw fail("it ends early, within the header");
  if (length === 0 || bytes[LENGTH_BYTES] !== 0x7b) throw fail("its header does not start with {");
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    return decoder.decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
  } catch {
    throw fail("its header is not UTF-8");
  }
}

function parseHeader(json: string, fail: Fail): Record<string, unknown> {
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(json);
  } catch {
    throw fail("its header is not JSON");
  }
  checkTokens(json, fail);
  return header;
}

/** Refuses in valid JSON what `JSON.parse` lets pass: a key twice, `__proto__`, 1.0, -0, 1e3. */
function checkTokens(json: string, fail: Fail): void {
  const objects: Set<string>[] = [];
  let previous = "";
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}:]|[-\d][-+.\deE]*/g)) {
    if (token === "{") objects.push(new Set());
    else if (token === "}") objects.pop();
    else if (token === ":") {
      const key = JSON.parse(previous);
      const keys = objects[objects.length - 1];
      if (keys.has(key)) throw fail(`its header has the key "${key}" twice`);
      if (key === "__proto__") throw fail("its header has the key __proto__");
      keys.add(key);
    } else if (token[0] !== '"' && !(/^\d+$/.test(token) && isSize(Number(token)))) {
      throw fail(`its header has the number ${token}, which is not a size`);
    }
    previous = token;
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checkMetadata(value: unknown, fail: Fail): Record<string, string> {
  const isText = typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === "string");
  if (!isText) throw fail("its metadata is not text by name");
  return value as Record<string, string>;
}

function checkPlace(name: string, value: unknown, fail: Fail): TensorPlace {
  const { dtype, shape, data_offsets: place, ...rest } = Object(value) as Record<string, unknown>;
  if (!isDtype(dtype)) {
    throw fail(`tensor "${name}" has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) throw fail(`tensor "${name}" has no shape`);
  if (!Array.isArray(place) || place.length !== 2 || !place.every(isSize)) {
    throw fail(`tensor "${name}" has no data_offsets`);
  }
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw fail(`tensor "${name}" has the unknown field "${unknown}"`);
  const [begin, end] = place;
  if (begin > end) throw fail(`tensor "${name}" ends before it begins`);
  const bytes = elementCount(shape) * elementBytes(dtype);
  if (bytes !== end - begin) {
    throw fail(`tensor "${name}", ${dtype} of shape [${shape}], cannot take ${end - begin} bytes`);
  }
  return { name, dtype, shape, begin, end };
}
