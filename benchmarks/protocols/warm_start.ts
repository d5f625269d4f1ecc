/**
 * Warm start: a pair's flow as the first guess for the next pair of its sequence.
 *
 * Source: `forward_interpolate` of RAFT's code (core/utils/utils.py), which its submission to
 * Sintel calls on the flow of 1/8 resolution.
 *
 * @module
 */
import { type FlowField, ndarray, packed } from "../../base/arrays.ts";

/**
 * Moves a flow along itself, to where it would be seen in the next pair.
 *
 * Each vector goes to the place it points at, or is dropped where that is on row 0, on column 0 or
 * outside; then every pixel takes the vector that came to lie nearest to it. Of vectors equally near,
 * the first in row-major order is taken (the original leaves that to a tree search).
 *
 * @param flow [height, width, 2], in pixels of its own resolution.
 * @returns The same shape; zero where no vector stayed inside.
 */
export function forwardInterpolate(flow: FlowField): FlowField {
  const [height, width] = flow.shape;
  const vectors = packed(flow);
  const landed = new Landed(height, width);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      // Single precision, as in the original: a place may round onto a border.
      const toX = Math.fround(x + vectors[2 * i]), toY = Math.fround(y + vectors[2 * i + 1]);
      if (toX > 0 && toX < width && toY > 0 && toY < height) landed.add(i, toX, toY);
    }
  }
  const out = new Float32Array(2 * height * width);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const nearest = landed.nearest(x, y);
      if (nearest < 0) continue;
      out[2 * i] = vectors[2 * nearest];
      out[2 * i + 1] = vectors[2 * nearest + 1];
    }
  }
  return ndarray(out, [height, width, 2]);
}

/** Points on a grid of cells one pixel wide, to search around a place. */
class Landed {
  private readonly cells: number[][];
  private readonly places = new Map<number, readonly [x: number, y: number]>();

  constructor(private readonly height: number, private readonly width: number) {
    this.cells = Array.from({ length: height * width }, () => []);
  }

  /** Takes a point, 0 < x < width and 0 < y < height. */
  add(index: number, x: number, y: number): void {
    this.places.set(index, [x, y]);
    this.cells[Math.floor(y) * this.width + Math.floor(x)].push(index);
  }

  /** Index of the point nearest to a pixel; -1 where there is no point at all. */
  nearest(x: number, y: number): number {
    if (this.places.size === 0) return -1;
    let best = -1, distance = Infinity;
    const look = (row: number, column: number) => {
      if (row < 0 || column < 0 || row >= this.height || column >= this.width) return;
      for (const index of this.cells[row * this.width + column]) {
        const [a, b] = this.places.get(index)!;
        const d = (a - x) ** 2 + (b - y) ** 2;
        if (d < distance || (d === distance && index < best)) [best, distance] = [index, d];
      }
    };
    // A point in a cell `ring` away from the pixel's is more than ring - 1 pixels away from it.
    const rings = Math.max(this.height, this.width);
    for (let ring = 0; ring <= rings && (ring - 1) ** 2 <= distance; ring++) {
      for (let row = y - ring; row <= y + ring; row++) {
        const step = Math.abs(row - y) === ring || ring === 0 ? 1 : 2 * ring;
        for (let column = x - ring; column <= x + ring; column += step) look(row, column);
      }
    }
    return best;
  }
}

/**
 * Whether a sample's pair follows another's at once: the same id but for the last number in it,
 * which is one more (`alley_1/frame_0007` after `alley_1/frame_0006`).
 */
export function follows(id: string, previous: string): boolean {
  const parts = (name: string) => /^(.*\D)(\d+)$/s.exec(name);
  const own = parts(id), before = parts(previous);
  return own !== null && before !== null && own[1] === before[1] &&
    Number(own[2]) === Number(before[2]) + 1;
}
