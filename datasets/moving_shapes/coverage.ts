/**
 * How much of each pixel a polygon covers, exactly.
 *
 * Every edge adds the signed area to its right, as a difference along x, to the rows it crosses;
 * the running sum of a row is then the covered area of its pixels (the accumulation buffer of
 * font-rs, R. Levien 2016). The cost is the outline's length plus the bounding box's area.
 *
 * @module
 */
import type { Affine } from "../../base/affine.ts";
import { boundsOf, type Polygon } from "./shapes.ts";

/** A reusable buffer for the coverage of one polygon at a time over a frame. */
export class Coverage {
  /** First column of the polygon's bounding box within the frame. */
  left = 0;
  /** Its first row. */
  top = 0;
  /** Its columns. */
  width = 0;
  /** Its rows. */
  height = 0;
  /** Coverage 0…1 of the box's pixels; row `y` starts at `y * stride`. */
  readonly values: Float32Array;
  /** Distance between rows of {@link values}. */
  stride = 0;

  /** A buffer for frames of one size. */
  constructor(private readonly frameWidth: number, private readonly frameHeight: number) {
    this.values = new Float32Array((frameWidth + 2) * frameHeight);
  }

  /**
   * Computes the coverage of `polygon` under `pose`. Pixel (x, y) is the unit square about (x, y).
   *
   * @returns False where the polygon lies outside the frame; the fields are then meaningless.
   */
  compute(polygon: Polygon, pose: Affine): boolean {
    const [a, b, c, d, e, f] = pose;
    const { minX, minY, maxX, maxY } = boundsOf(polygon, pose);
    this.left = Math.max(0, Math.floor(minX + 0.5));
    this.top = Math.max(0, Math.floor(minY + 0.5));
    this.width = Math.min(this.frameWidth, Math.ceil(maxX + 0.5)) - this.left;
    this.height = Math.min(this.frameHeight, Math.ceil(maxY + 0.5)) - this.top;
    if (this.width <= 0 || this.height <= 0) return false;

    this.stride = this.width + 2;
    this.values.fill(0, 0, this.stride * this.height);
    const offsetX = 0.5 - this.left, offsetY = 0.5 - this.top, n = polygon.length;
    let fromX = a * polygon[n - 2] + b * polygon[n - 1] + c + offsetX;
    let fromY = d * polygon[n - 2] + e * polygon[n - 1] + f + offsetY;
    for (let i = 0; i < n; i += 2) {
      const toX = a * polygon[i] + b * polygon[i + 1] + c + offsetX;
      const toY = d * polygon[i] + e * polygon[i + 1] + f + offsetY;
      if (fromY < toY) this.addEdge(fromX, fromY, toX, toY, 1);
      else if (fromY > toY) this.addEdge(toX, toY, fromX, fromY, -1);
      fromX = toX;
      fromY = toY;
    }
    this.accumulate();
    return true;
  }

  /** Turns differences along x into coverage; the sign of a clockwise outline falls away. */
  private accumulate(): void {
    const { values, width, height, stride } = this;
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let at = y * stride, end = at + width; at < end; at++) {
        sum += values[at];
        values[at] = Math.min(1, Math.abs(sum));
      }
    }
  }

  /** Adds an edge with y0 < y1, cut where it crosses the box's left and right sides. */
  private addEdge(x0: number, y0: number, x1: number, y1: number, sign: number): void {
    for (const side of [0, this.width]) {
      if ((x0 < side && x1 > side) || (x0 > side && x1 < side)) {
        const y = y0 + (side - x0) * (y1 - y0) / (x1 - x0);
        this.addEdge(x0, y0, side, y, sign);
        this.addEdge(side, y, x1, y1, sign);
        return;
      }
    }
    // What lies left of the box covers all of a row, what lies right of it nothing.
    if (y0 < y1) this.addInside(clamp(x0, this.width), y0, clamp(x1, this.width), y1, sign);
  }

  /** Adds an edge with y0 < y1 that lies between the box's left and right sides. */
  private addInside(x0: number, y0: number, x1: number, y1: number, sign: number): void {
    const { values, stride, height } = this;
    const slope = (x1 - x0) / (y1 - y0);
    const lastRow = Math.min(height, Math.ceil(y1));
    for (let row = Math.max(0, Math.floor(y0)); row < lastRow; row++) {
      const upper = Math.max(row, y0), lower = Math.min(row + 1, y1);
      const area = sign * (lower - upper);
      const xUpper = x0 + (upper - y0) * slope, xLower = x0 + (lower - y0) * slope;
      const left = Math.min(xUpper, xLower), right = Math.max(xUpper, xLower);
      const first = Math.floor(left), end = Math.ceil(right), at = row * stride + first;
      if (end <= first + 1) {
        const share = 0.5 * (left + right) - first;
        values[at] += area * (1 - share);
        values[at + 1] += area * share;
        continue;
      }
      // The edge crosses several pixels of the row: the area right of it grows quadratically in
      // the first and the last of them and linearly between.
      const rate = 1 / (right - left);
      let before = 0;
      for (let x = first; x <= end; x++) {
        const filled = coveredUpTo(x + 1, left, right, rate);
        values[at + x - first] += area * (filled - before);
        before = filled;
      }
    }
  }
}

function clamp(x: number, width: number): number {
  return Math.min(width, Math.max(0, x));
}

/** Of the pixel that ends at `x`, the area right of an edge running from `left` to `right`. */
function coveredUpTo(x: number, left: number, right: number, rate: number): number {
  return distanceBehind(x, left, right, rate) - distanceBehind(x - 1, left, right, rate);
}

/** Mean distance by which `x` lies right of the edge; where it lies left of it, 0 counts. */
function distanceBehind(x: number, left: number, right: number, rate: number): number {
  if (x <= left) return 0;
  return x >= right ? x - 0.5 * (left + right) : 0.5 * rate * (x - left) ** 2;
}
