/**
 * Resizing pictures and flow by a factor per axis, as OpenCV's `resize(…, fx, fy, INTER_LINEAR)`.
 *
 * Pixel centres lie at half integers: output x samples the input at (x + 0.5) / factor - 0.5, clamped
 * to the picture, without smoothing when shrinking. Pictures follow OpenCV's 8-bit fixed-point
 * arithmetic to the bit (11-bit weights); flow agrees with it to single precision.
 *
 * @module
 */
import { type FlowField, type Mask, ndarray, packed, type Picture } from "../../base/arrays.ts";

/** By how much each axis grows. */
export interface Factors {
  /** Factor of the width. */
  readonly x: number;
  /** Factor of the height. */
  readonly y: number;
}

/**
 * The length `length` pixels come to under a factor: rounded, ties to even.
 *
 * @throws {RangeError} When nothing is left, or the factor is no positive number.
 */
export function resizedLength(length: number, factor: number): number {
  const resized = roundTiesToEven(length * factor);
  if (!(resized >= 1) || !Number.isFinite(resized)) {
    throw new RangeError(`cannot resize ${length} pixels by a factor of ${factor}`);
  }
  return resized;
}

/** Resizes a picture bilinearly. */
export function resizePicture(picture: Picture, factors: Factors): Picture {
  const [height, width] = picture.shape;
  const source = packed(picture);
  const columns = sampling(width, factors.x), rows = sampling(height, factors.y);
  const stretched = lineCache(
    (y, line) => stretchPixels(source.subarray(3 * y * width, 3 * (y + 1) * width), columns, line),
    () => new Int32Array(3 * columns.length),
  );
  const out = new Uint8Array(3 * rows.length * columns.length);
  for (let y = 0, at = 0; y < rows.length; y++) {
    const above = stretched(rows.first[y]), below = stretched(rows.second[y]);
    const weightBelow = fixed(rows.weight[y]);
    const weightAbove = fixed(Math.fround(1 - rows.weight[y]));
    for (let i = 0; i < above.length; i++) {
      const blended = (weightAbove * (above[i] >> 4) >> 16) + (weightBelow * (below[i] >> 4) >> 16);
      out[at++] = (blended + 2) >> 2;
    }
  }
  return ndarray(out, [rows.length, columns.length, 3]);
}

/** Resizes flow bilinearly and multiplies u and v by the factors, so that it counts in new pixels. */
export function resizeFlow(flow: FlowField, factors: Factors): FlowField {
  const [height, width] = flow.shape;
  const source = packed(flow);
  const columns = sampling(width, factors.x), rows = sampling(height, factors.y);
  const stretched = lineCache(
    (y, line) => stretchVectors(source.subarray(2 * y * width, 2 * (y + 1) * width), columns, line),
    () => new Float32Array(2 * columns.length),
  );
  const out = new Float32Array(2 * rows.length * columns.length);
  for (let y = 0, at = 0; y < rows.length; y++) {
    const above = stretched(rows.first[y]), below = stretched(rows.second[y]);
    const weight = rows.weight[y];
    for (let i = 0; i < above.length; i += 2, at += 2) {
      out[at] = factors.x * (above[i] * (1 - weight) + below[i] * weight);
      out[at + 1] = factors.y * (above[i + 1] * (1 - weight) + below[i + 1] * weight);
    }
  }
  return ndarray(out, [rows.length, columns.length, 2]);
}

/**
 * Resizes sparse flow: each known vector moves to its rounded new position (ties to even), times the
 * factors. Everything else is unknown and zero. Of vectors that meet, the last in row-major order
 * stays; those that land on row 0, on column 0 or outside are dropped (as in RAFT's reference code).
 */
export function resizeSparseFlow(
  flow: FlowField,
  valid: Mask,
  factors: Factors,
): { flow: FlowField; valid: Mask } {
  const [height, width] = flow.shape;
  const vectors = packed(flow), known = packed(valid);
  const newHeight = resizedLength(height, factors.y), newWidth = resizedLength(width, factors.x);
  const newVectors = new Float32Array(2 * newHeight * newWidth);
  const newKnown = new Uint8Array(newHeight * newWidth);
  for (let y = 0, from = 0; y < height; y++) {
    const newY = roundTiesToEven(y * factors.y);
    for (let x = 0; x < width; x++, from++) {
      if (known[from] === 0) continue;
      const newX = roundTiesToEven(x * factors.x);
      if (newX <= 0 || newX >= newWidth || newY <= 0 || newY >= newHeight) continue;
      const to = newY * newWidth + newX;
      newVectors[2 * to] = factors.x * vectors[2 * from];
      newVectors[2 * to + 1] = factors.y * vectors[2 * from + 1];
      newKnown[to] = 1;
    }
  }
  return {
    flow: ndarray(newVectors, [newHeight, newWidth, 2]),
    valid: ndarray(newKnown, [newHeight, newWidth]),
  };
}

/** Where each output position of one axis samples the input. */
interface Sampling {
  readonly length: number;
  /** The two input positions to blend. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** Weight of `second`, 0…1. */
  readonly weight: Float32Array;
}

function sampling(inputLength: number, factor: number): Sampling {
  const length = resizedLength(inputLength, factor);
  const first = new Int32Array(length), second = new Int32Array(length);
  const weight = new Float32Array(length);
  const last = inputLength - 1;
  for (let i = 0; i < length; i++) {
    // OpenCV rounds the position to single precision before it splits it.
    const position = Math.fround((i + 0.5) * (1 / factor) - 0.5);
    const floor = Math.floor(position);
    first[i] = Math.min(Math.max(floor, 0), last);
    second[i] = Math.min(Math.max(floor + 1, 0), last);
    weight[i] = position - floor;
  }
  return { length, first, second, weight };
}

/** Input lines stretched to the output's width; keeps the last two, which is all a blend needs. */
function lineCache<Line>(
  stretch: (y: number, line: Line) => void,
  allocate: () => Line,
): (y: number) => Line {
  const lines = [allocate(), allocate()];
  const held = [-1, -1];
  // Neighbouring rows differ in parity, so that neither displaces the other.
  return (y) => {
    const slot = y & 1;
    if (held[slot] !== y) {
      stretch(y, lines[slot]);
      held[slot] = y;
    }
    return lines[slot];
  };
}

/** One line of RGB pixels, each value times 2048. */
function stretchPixels(source: Uint8Array, columns: Sampling, line: Int32Array): void {
  for (let x = 0, at = 0; x < columns.length; x++, at += 3) {
    const left = 3 * columns.first[x], right = 3 * columns.second[x];
    const weightRight = fixed(columns.weight[x]);
    const weightLeft = fixed(Math.fround(1 - columns.weight[x]));
    line[at] = weightLeft * source[left] + weightRight * source[right];
    line[at + 1] = weightLeft * source[left + 1] + weightRight * source[right + 1];
    line[at + 2] = weightLeft * source[left + 2] + weightRight * source[right + 2];
  }
}

/** One line of flow vectors. */
function stretchVectors(source: Float32Array, columns: Sampling, line: Float32Array): void {
  for (let x = 0, at = 0; x < columns.length; x++, at += 2) {
    const left = 2 * columns.first[x], right = 2 * columns.second[x];
    const weight = columns.weight[x];
    line[at] = source[left] * (1 - weight) + source[right] * weight;
    line[at + 1] = source[left + 1] * (1 - weight) + source[right + 1] * weight;
  }
}

/** A weight in OpenCV's 11-bit fixed point. */
function fixed(weight: number): number {
  return roundTiesToEven(weight * 2048);
}

function roundTiesToEven(x: number): number {
  const floor = Math.floor(x), rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
