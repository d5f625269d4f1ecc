/**
 * What KITTI's devkits do to a prediction before they score it.
 *
 * Source: `io_flow.h` of the KITTI 2012 and 2015 development kits, `interpolateBackground` and
 * `writeFlowField`.
 *
 * @module
 */
import { type FlowField, type Mask, ndarray, packed } from "../../base/arrays.ts";
import type { Clipping } from "./protocol.ts";

/**
 * Fills in the pixels a prediction leaves out: between two known pixels of a row with the lesser u
 * and the lesser v of the two, beyond a row's first and last known pixel with theirs, and the rows
 * above the first and below the last that has any with that one. An empty row between others stays
 * as it is: zero, where it comes from a KITTI file.
 *
 * @param flow [height, width, 2].
 * @param valid [height, width]; 0 where the prediction leaves the pixel out.
 * @returns A new field; null where no pixel is known at all.
 */
export function fillBackground(flow: FlowField, valid: Mask): FlowField | null {
  const [height, width] = flow.shape;
  const known = packed(valid);
  const out = packed(flow).slice();
  const set = (pixel: number, u: number, v: number) => {
    out[2 * pixel] = u;
    out[2 * pixel + 1] = v;
  };
  const copy = (pixel: number, from: number) => set(pixel, out[2 * from], out[2 * from + 1]);
  const filled: number[] = [];
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const columns = [...known.subarray(row, row + width).keys()].filter((x) => known[row + x]);
    if (columns.length === 0) continue;
    filled.push(y);
    for (let x = 0; x < columns[0]; x++) copy(row + x, row + columns[0]);
    for (let x = columns.at(-1)! + 1; x < width; x++) copy(row + x, row + columns.at(-1)!);
    for (const [i, right] of columns.entries()) {
      const left = columns[i - 1] ?? right;
      const [a, b] = [row + left, row + right];
      const u = Math.min(out[2 * a], out[2 * b]), v = Math.min(out[2 * a + 1], out[2 * b + 1]);
      for (let x = left + 1; x < right; x++) set(row + x, u, v);
    }
  }
  if (filled.length === 0) return null;
  const [top, bottom] = [filled[0], filled.at(-1)!];
  for (let y = 0; y < height; y++) {
    if (y >= top && y <= bottom) continue;
    const from = (y < top ? top : bottom) * width;
    for (let x = 0; x < width; x++) copy(y * width + x, from + x);
  }
  return ndarray(out, [height, width, 2]);
}

/**
 * The field as a file format with such steps and such a range gives it back; a new field. What is not
 * finite stays so, for whoever scores it to find.
 */
export function clipped(flow: FlowField, { least, most, step }: Clipping): FlowField {
  const values = packed(flow).map((value) => {
    if (!Number.isFinite(value)) return value;
    // The writer counts steps in single precision, which may round up to the next one.
    const steps = Math.floor(Math.fround((value - least) / step));
    return Math.min(Math.max(least + steps * step, least), most);
  });
  return ndarray(values, flow.shape);
}
