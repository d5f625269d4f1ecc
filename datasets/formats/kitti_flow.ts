/**
 * KITTI's flow files: 16-bit RGB PNGs with sparse optical flow.
 *
 * u = (R - 2^15) / 64, v = (G - 2^15) / 64, known where B > 0. Source: the KITTI 2015 development
 * kit, "Data format" of flow maps (Menze and Geiger, CVPR 2015); HD1K uses the same format.
 *
 * @module
 */
import { encode } from "fast-png";
import { type FlowField, type Mask, ndarray } from "../../base/arrays.ts";
import { DataError, UsageError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { readBytes } from "./guard.ts";
import { type MaskedFlow, packFlow, pixelName } from "./masked_flow.ts";
import { decodePng } from "./png.ts";

const ZERO = 2 ** 15;
const STEPS_PER_PIXEL = 64;

/**
 * Decodes a KITTI flow PNG.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @returns Flow in pixels, a multiple of 1/64; (0, 0) where `valid` is 0.
 * @throws {DataError} On a damaged PNG and on one that is not 16-bit RGB.
 */
export function decodeKittiFlow(bytes: Uint8Array, path: string): MaskedFlow {
  const { width, height, channels, depth, samples } = decodePng(bytes, path);
  if (channels !== 3 || depth !== 16) {
    throw new DataError(
      path,
      `${channels} channels of ${depth} bits, but KITTI flow has 3 of 16`,
      "Was it saved again by a program that keeps 8 bits? Use the original.",
    );
  }
  const values = new Float32Array(2 * width * height);
  const valid = new Uint8Array(width * height);
  for (let i = 0; i < valid.length; i++) {
    if (samples[3 * i + 2] === 0) continue;
    valid[i] = 1;
    values[2 * i] = (samples[3 * i] - ZERO) / STEPS_PER_PIXEL;
    values[2 * i + 1] = (samples[3 * i + 1] - ZERO) / STEPS_PER_PIXEL;
  }
  return { flow: ndarray(values, [height, width, 2]), valid: ndarray(valid, [height, width]) };
}

/**
 * Encodes a KITTI flow PNG, rounding to 1/64 pixel.
 *
 * @param flow Shape [height, width, 2], pixels, -512…511.98.
 * @param valid Shape [height, width]; pixels that are 0 are written as (0, 0, 0).
 * @throws {UsageError} When a known value is outside the format's range or not a number.
 */
export function encodeKittiFlow(flow: FlowField, valid?: Mask): Uint8Array {
  const { height, width, values, valid: known } = packFlow(flow, valid);
  const data = new Uint16Array(3 * width * height);
  for (let i = 0; i < known.length; i++) {
    if (known[i] === 0) continue;
    for (const axis of [0, 1]) {
      const value = values[2 * i + axis];
      const stored = Math.round(STEPS_PER_PIXEL * value + ZERO);
      if (!(stored >= 0 && stored < 2 ** 16)) {
        throw new UsageError(
          `Cannot write KITTI flow: ${"uv"[axis]} at ${pixelName(i, width)} is ${value}, ` +
            "outside -512 to 511.98 pixels",
          "Write .flo, or mark the pixel as not valid.",
        );
      }
      data[3 * i + axis] = stored;
    }
    data[3 * i + 2] = 1;
  }
  return encode({ width, height, data, channels: 3, depth: 16 });
}

/**
 * Reads a KITTI flow PNG; see {@link decodeKittiFlow}.
 *
 * @throws {DataError} When the file is missing, damaged or no KITTI flow.
 */
export async function readKittiFlow(path: string): Promise<MaskedFlow> {
  return decodeKittiFlow(await readBytes(path), path);
}

/** Writes a KITTI flow PNG, whole or not at all; see {@link encodeKittiFlow}. */
export async function writeKittiFlow(path: string, flow: FlowField, valid?: Mask): Promise<void> {
  await writeFileAtomic(path, encodeKittiFlow(flow, valid));
}
