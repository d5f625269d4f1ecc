/**
 * Flow fields with their unknown pixels, between files and arrays.
 *
 * @module
 */
import { type FlowField, type Mask, ndarray, packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";

/** A flow field as files hold it: some pixels may be unknown. */
export interface MaskedFlow {
  /** Shape [height, width, 2], pixels; (0, 0) where unknown. */
  readonly flow: FlowField;
  /** Shape [height, width]; 1 where the flow is known. */
  readonly valid: Mask;
}

/** A component larger than this says "unknown" (Middlebury's flowIO.h, `UNKNOWN_FLOW_THRESH`). */
export const UNKNOWN_ABOVE = 1e9;

/** Where the pixel with a row-major index lies, for messages. */
export function pixelName(index: number, width: number): string {
  return `column ${index % width}, row ${Math.floor(index / width)}`;
}

/**
 * Separates known flow from Middlebury's marker for unknown flow.
 *
 * @param values Row-major (u, v) pairs; kept, and set to 0 where unknown.
 * @throws {DataError} When a value is NaN or infinite: neither is a marker, so something went wrong.
 */
export function maskUnknown(
  values: Float32Array,
  height: number,
  width: number,
  path: string,
): MaskedFlow {
  const valid = new Uint8Array(height * width);
  for (let i = 0; i < valid.length; i++) {
    const u = values[2 * i], v = values[2 * i + 1];
    if (!Number.isFinite(u) || !Number.isFinite(v)) {
      throw new DataError(
        path,
        `the flow at ${pixelName(i, width)} is (${u}, ${v}), not finite`,
        "Write unknown flow as 1e10.",
      );
    }
    if (Math.abs(u) > UNKNOWN_ABOVE || Math.abs(v) > UNKNOWN_ABOVE) {
      values[2 * i] = values[2 * i + 1] = 0;
    } else {
      valid[i] = 1;
    }
  }
  return { flow: ndarray(values, [height, width, 2]), valid: ndarray(valid, [height, width]) };
}

/** A flow field laid out for writing. */
export interface PackedFlow {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** Row-major (u, v) pairs. */
  readonly values: Float32Array;
  /** Row-major flags; 0 where the flow is unknown. */
  readonly valid: Uint8Array;
}

/**
 * Lays a flow field out for writing.
 *
 * @param valid Shape [height, width]; without it every pixel is known.
 * @throws {TypeError} When a shape is not what it has to be.
 */
export function packFlow(flow: FlowField, valid?: Mask): PackedFlow {
  const [height, width, components] = flow.shape;
  if (flow.shape.length !== 3 || components !== 2 || height * width === 0) {
    throw new TypeError(`flow of shape [${flow.shape}] is not [height, width, 2]`);
  }
  if (valid && (valid.shape.length !== 2 || `${valid.shape}` !== `${height},${width}`)) {
    throw new TypeError(`a mask of shape [${valid.shape}] does not fit flow of [${flow.shape}]`);
  }
  const known = valid ? packed(valid) : new Uint8Array(height * width).fill(1);
  return { height, width, values: packed(flow), valid: known };
}
