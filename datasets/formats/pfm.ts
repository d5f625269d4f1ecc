/**
 * PFM files: 32-bit float maps, as FlyingThings3D stores flow and Middlebury stores disparity.
 *
 * `PF` has three channels and `Pf` one. The sign of the scale gives the byte order (negative:
 * little-endian); its size is a unit nobody agrees on and is not applied, as in the data sets' own
 * readers. Rows run from the bottom of the picture to its top. Source: Paul Debevec, "PFM Portable
 * FloatMap Image Format".
 *
 * @module
 */
import { type NdArray, ndarray, packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { checkSize, damaged, readBytes } from "./guard.ts";
import { type MaskedFlow, maskUnknown } from "./masked_flow.ts";
import { netpbmHeader, wholeNumber } from "./netpbm_header.ts";

const DECIMAL = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/;

/**
 * Decodes a PFM file.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @returns Shape [height, width, channels] with 3 channels (`PF`) or 1 (`Pf`), the top row first.
 * Values are as stored; NaN and infinities are kept, since some data sets mark unknown pixels so.
 * @throws {DataError} On another format, a scale of 0, an impossible size, and missing or extra bytes.
 */
export function decodePfm(bytes: Uint8Array, path: string): NdArray {
  if (bytes[0] !== 0x50 || (bytes[1] !== 0x46 && bytes[1] !== 0x66)) {
    throw new DataError(path, "not a PFM file");
  }
  const { fields: [magic, columns, rows, scale], dataAt } = netpbmHeader(bytes, 4, path);
  if (magic.length !== 2) throw damaged(path, "its magic number runs into the header");
  const width = wholeNumber(columns, "width", path), height = wholeNumber(rows, "height", path);
  if (!DECIMAL.test(scale) || Number(scale) === 0) {
    throw damaged(path, `its header gives ${JSON.stringify(scale)} as scale`);
  }
  checkSize(path, width, height);
  const channels = magic === "PF" ? 3 : 1;
  const expected = dataAt + 4 * channels * width * height;
  if (bytes.length !== expected) {
    throw damaged(path, `${bytes.length} bytes, but ${width}x${height} ${magic} takes ${expected}`);
  }
  const littleEndian = Number(scale) < 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const perRow = channels * width;
  const values = new Float32Array(perRow * height);
  for (let row = 0, at = dataAt; row < height; row++) {
    const start = (height - 1 - row) * perRow;
    for (let i = 0; i < perRow; i++, at += 4) values[start + i] = view.getFloat32(at, littleEndian);
  }
  return ndarray(values, [height, width, channels]);
}

/**
 * Decodes flow from a three-channel PFM file; the third channel is dropped.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @returns Flow in pixels; `valid` is 0 and the flow (0, 0) where |u| or |v| exceeds 1e9.
 * @throws {DataError} As {@link decodePfm}, and on one channel and values that are NaN or infinite.
 */
export function decodePfmFlow(bytes: Uint8Array, path: string): MaskedFlow {
  const map = decodePfm(bytes, path);
  const [height, width, channels] = map.shape;
  if (channels !== 3) throw new DataError(path, "one channel, but flow has two");
  return maskUnknown(packed(map.hi(height, width, 2)), height, width, path);
}

/**
 * Encodes a little-endian PFM file.
 *
 * @param map Shape [height, width, 3] or [height, width, 1]. Flow needs a third channel of zeros.
 * @throws {TypeError} On any other shape.
 */
export function encodePfm(map: NdArray): Uint8Array {
  const [height, width, channels] = map.shape;
  if (map.shape.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new TypeError(`a map of shape [${map.shape}] is not [height, width, 1 or 3]`);
  }
  const magic = channels === 3 ? "PF" : "Pf";
  const header = new TextEncoder().encode(`${magic}\n${width} ${height}\n-1.0\n`);
  const values = packed(map.step(-1));
  const bytes = new Uint8Array(header.length + 4 * values.length);
  bytes.set(header);
  const view = new DataView(bytes.buffer, header.length);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], true);
  return bytes;
}

/**
 * Reads a PFM file; see {@link decodePfm}.
 *
 * @throws {DataError} When the file is missing, damaged or no PFM file.
 */
export async function readPfm(path: string): Promise<NdArray> {
  return decodePfm(await readBytes(path), path);
}

/**
 * Reads flow from a PFM file; see {@link decodePfmFlow}.
 *
 * @throws {DataError} When the file is missing, damaged or holds no flow.
 */
export async function readPfmFlow(path: string): Promise<MaskedFlow> {
  return decodePfmFlow(await readBytes(path), path);
}

/** Writes a PFM file, whole or not at all; see {@link encodePfm}. */
export async function writePfm(path: string, map: NdArray): Promise<void> {
  await writeFileAtomic(path, encodePfm(map));
}
