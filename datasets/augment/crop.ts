/**
 * Cropping arrays of shape [height, width, …].
 *
 * @module
 */
import type { NdArray } from "../../base/arrays.ts";
import type { RandomStream } from "../../base/random.ts";

/** Height and width in pixels. */
export interface Size {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** A rectangle of pixels: where its top left corner lies, and its size. */
export interface CropWindow extends Size {
  /** First row. */
  readonly top: number;
  /** First column. */
  readonly left: number;
}

/** How far beyond the picture a crop's start is drawn, in pixels, before it is clamped back. */
export interface Overshoot {
  /** Rows above the picture. */
  readonly top: number;
  /** Rows below. */
  readonly bottom: number;
  /** Columns to the left. */
  readonly left: number;
  /** Columns to the right. */
  readonly right: number;
}

/** No overshoot: the crop's start is uniform. */
export const NO_OVERSHOOT: Overshoot = { top: 0, bottom: 0, left: 0, right: 0 };

/**
 * The part of a view inside a window: a view of the same data.
 *
 * @throws {RangeError} When the window leaves the view.
 */
export function crop<T extends Uint8Array | Float32Array>(
  view: NdArray<T>,
  window: CropWindow,
): NdArray<T> {
  const { top, left, height, width } = window;
  const [rows, columns] = view.shape;
  if (top < 0 || left < 0 || top + height > rows || left + width > columns) {
    throw new RangeError(
      `a crop of ${height}x${width} at (${top}, ${left}) leaves a picture of ${rows}x${columns}`,
    );
  }
  return view.lo(top, left).hi(height, width);
}

/**
 * Draws where to crop: the start is uniform in [-top, height - crop + bottom) and likewise across,
 * then clamped into the picture. An overshoot thus favours the borders; without one, the very last
 * position is never drawn unless it is the only one (NumPy's half-open `randint` in RAFT's code).
 */
export function drawWindow(
  picture: Size,
  size: Size,
  overshoot: Overshoot,
  stream: RandomStream,
): CropWindow {
  const start = (room: number, before: number, after: number) =>
    Math.min(Math.max(stream.integer(-before, room + after), 0), room);
  return {
    top: start(picture.height - size.height, overshoot.top, overshoot.bottom),
    left: start(picture.width - size.width, overshoot.left, overshoot.right),
    ...size,
  };
}
