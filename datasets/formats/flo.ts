/**
 * Middlebury's `.flo` files: optical flow as 32-bit floats.
 *
 * A little-endian float 202021.25 (the letters "PIEH"), width and height as 32-bit integers, then
 * (u, v) pairs row by row, all little-endian. Source: flowIO.cpp by Daniel Scharstein, published
 * with Baker et al., "A database and evaluation methodology for optical flow", IJCV 2011.
 *
 * @module
 */
import type { FlowField, Mask } from "../../base/arrays.ts";
import { DataError, UsageError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { checkSize, damaged, readBytes } from "./guard.ts";
import { type MaskedFlow, maskUnknown, packFlow, pixelName, UNKNOWN_ABOVE } from "./masked_flow.ts";

const MAGIC = 202021.25;
const HEADER_BYTES = 12;
const UNKNOWN = 1e10;

/**
 * Decodes a `.flo` file.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @returns Flow in pixels; `valid` is 0 and the flow (0, 0) where |u| or |v| exceeds 1e9.
 * @throws {DataError} On a wrong magic number, big-endian data, an impossible size, missing or extra
 * bytes, and values that are NaN or infinite.
 */
export function decodeFlo(bytes: Uint8Array, path: string): MaskedFlow {
  if (bytes.length < HEADER_BYTES) {
    throw damaged(path, `${bytes.length} bytes are too few for a .flo file`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getFloat32(0, true) !== MAGIC) {
    throw view.getFloat32(0, false) === MAGIC
      ? new DataError(path, "big-endian .flo data", "Write it again in little-endian order.")
      : new DataError(path, "not a .flo file (it does not start with the magic number 202021.25)");
  }
  const width = view.getInt32(4, true), height = view.getInt32(8, true);
  checkSize(path, width, height);
  const expected = HEADER_BYTES + 8 * width * height;
  if (bytes.length !== expected) {
    throw damaged(path, `${bytes.length} bytes, but ${width}x${height} flow takes ${expected}`);
  }
  const values = new Float32Array(2 * width * height);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(HEADER_BYTES + 4 * i, true);
  return maskUnknown(values, height, width, path);
}

/**
 * Encodes a `.flo` file.
 *
 * @param flow Shape [height, width, 2], pixels.
 * @param valid Shape [height, width]; pixels that are 0 are written as unknown (1e10).
 * @throws {UsageError} When a known value is not finite or so large that it would mean "unknown".
 */
export function encodeFlo(flow: FlowField, valid?: Mask): Uint8Array {
  const { height, width, values, valid: known } = packFlow(flow, valid);
  const bytes = new Uint8Array(HEADER_BYTES + 4 * values.length);
  const view = new DataView(bytes.buffer);
  view.setFloat32(0, MAGIC, true);
  view.setInt32(4, width, true);
  view.setInt32(8, height, true);
  for (let i = 0; i < values.length; i++) {
    const pixel = i >> 1;
    if (known[pixel] !== 0 && !(Math.abs(values[i]) <= UNKNOWN_ABOVE)) {
      throw new UsageError(
        `Cannot write .flo: the flow at ${pixelName(pixel, width)} is ${values[i]}`,
        "Mark the pixel as not valid.",
      );
    }
    view.setFloat32(HEADER_BYTES + 4 * i, known[pixel] === 0 ? UNKNOWN : values[i], true);
  }
  return bytes;
}

/**
 * Reads a `.flo` file; see {@link decodeFlo}.
 *
 * @throws {DataError} When the file is missing, damaged or no `.flo` file.
 */
export async function readFlo(path: string): Promise<MaskedFlow> {
  return decodeFlo(await readBytes(path), path);
}

/** Writes a `.flo` file, whole or not at all; see {@link encodeFlo}. */
export async function writeFlo(path: string, flow: FlowField, valid?: Mask): Promise<void> {
  await writeFileAtomic(path, encodeFlo(flow, valid));
}
