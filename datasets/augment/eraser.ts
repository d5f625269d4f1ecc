/**
 * Occlusion augmentation: random rectangles painted over with the picture's mean colour.
 *
 * @module
 */
import { ndarray, packed, type Picture } from "../../base/arrays.ts";
import type { RandomStream } from "../../base/random.ts";

/** How many rectangles of which size to paint. */
export interface Rectangles {
  /** Number of rectangles: an integer in [low, high). */
  readonly count: readonly [low: number, high: number];
  /** Width and height, drawn separately: integers in [low, high) once in pixels. */
  readonly size: readonly [low: number, high: number];
  /** What `size` counts in: pixels, or fractions of the picture's shorter side. */
  readonly unit: "pixels" | "shorter side";
}

/**
 * Paints rectangles with the mean colour the picture had before (truncated to bytes).
 *
 * The top left corner is uniform over the picture, so that a rectangle may be cut at the right and
 * bottom edges. Sizes given as fractions are rounded to pixels, and are never below one.
 *
 * @returns A copy; the given picture stays as it is.
 */
export function eraseRectangles(
  picture: Picture,
  rectangles: Rectangles,
  stream: RandomStream,
): Picture {
  const [height, width] = picture.shape;
  const pixels = packed(picture).slice();
  const color = meanColor(pixels);
  const { count, size, unit } = rectangles;
  const scale = unit === "pixels" ? 1 : Math.min(height, width);
  const low = Math.max(1, Math.round(size[0] * scale));
  const high = Math.max(low + 1, Math.round(size[1] * scale));
  for (let n = stream.integer(...count); n > 0; n--) {
    const left = stream.integer(0, width);
    const top = stream.integer(0, height);
    const right = Math.min(width, left + stream.integer(low, high));
    const bottom = Math.min(height, top + stream.integer(low, high));
    for (let y = top; y < bottom; y++) {
      for (let at = 3 * (y * width + left); at < 3 * (y * width + right); at += 3) {
        pixels[at] = color[0];
        pixels[at + 1] = color[1];
        pixels[at + 2] = color[2];
      }
    }
  }
  return ndarray(pixels, [height, width, 3]);
}

function meanColor(pixels: Uint8Array): Uint8Array {
  let r = 0, g = 0, b = 0;
  for (let i = 0; i < pixels.length; i += 3) {
    r += pixels[i];
    g += pixels[i + 1];
    b += pixels[i + 2];
  }
  const count = pixels.length / 3;
  return Uint8Array.of(r / count, g / count, b / count);
}
