/**
 * Pictures and flow seen through affine maps, as FlowNet 2's data layers see them.
 *
 * A map says which pixel of the source a pixel of the result shows. Pixels are counted by their
 * corners: centres lie at whole numbers on both sides.
 *
 * @module
 */
import { type Affine, invert } from "../../base/affine.ts";
import {
  type FlowField,
  type Mask,
  type NdArray,
  ndarray,
  packed,
  type Picture,
} from "../../base/arrays.ts";
import type { Size } from "./crop.ts";

/** Where a map leads from pixel (x, y). */
export const through = ([a, b, c, d, e, f]: Affine, x: number, y: number): [number, number] => [
  a * x + b * y + c,
  d * x + e * y + f,
];

/**
 * A picture through a map, interpolated bilinearly; what lies outside repeats the border.
 *
 * @returns [height, width, 3], not rounded.
 */
export function transformPicture(
  picture: Picture,
  map: Affine,
  { height, width }: Size,
): NdArray<Float32Array> {
  const [rows, columns] = picture.shape;
  const pixels = packed(picture);
  const out = new Float32Array(3 * height * width);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const [px, py] = through(map, x, y);
      const sx = Math.min(Math.max(px, 0), columns - 1), sy = Math.min(Math.max(py, 0), rows - 1);
      const left = Math.floor(sx), top = Math.floor(sy);
      const fx = sx - left, fy = sy - top;
      const from = 3 * (top * columns + left);
      const right = left + 1 < columns ? 3 : 0, below = top + 1 < rows ? 3 * columns : 0;
      for (let c = from; c < from + 3; c++) {
        const above = (1 - fx) * pixels[c] + fx * pixels[c + right];
        const under = (1 - fx) * pixels[c + below] + fx * pixels[c + below + right];
        out[at + c - from] = (1 - fy) * above + fy * under;
      }
    }
  }
  return ndarray(out, [height, width, 3]);
}

/**
 * Flow between two pictures that are seen through a map each. Every pixel takes the vector nearest to
 * what it shows, so that sparse flow stays what it is.
 *
 * @param first The first picture's map.
 * @param second The second picture's.
 * @returns Vectors in pixels of the result, zero where unknown.
 */
export function transformFlow(
  flow: FlowField,
  valid: Mask,
  first: Affine,
  second: Affine,
  { height, width }: Size,
): { flow: FlowField; valid: Mask } {
  const [rows, columns] = flow.shape;
  const vectors = packed(flow), known = packed(valid);
  const back = invert(second);
  const out = new Float32Array(2 * height * width), kept = new Uint8Array(height * width);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const [px, py] = through(first, x, y);
      const column = Math.floor(px + 0.5), row = Math.floor(py + 0.5);
      if (column < 0 || row < 0 || column >= columns || row >= rows) continue;
      const from = row * columns + column;
      if (known[from] === 0) continue;
      const [tx, ty] = through(back, px + vectors[2 * from], py + vectors[2 * from + 1]);
      out[2 * at] = tx - x;
      out[2 * at + 1] = ty - y;
      kept[at] = 1;
    }
  }
  return { flow: ndarray(out, [height, width, 2]), valid: ndarray(kept, [height, width]) };
}
