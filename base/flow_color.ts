/**
 * Flow as colours: hue gives the direction, saturation the length.
 *
 * The colour wheel of Baker et al., "A database and evaluation methodology for optical flow", IJCV
 * 2011, as in Daniel Scharstein's colorcode.cpp and color_flow.cpp. Colours are rounded down like
 * theirs; they can differ by one level where single precision rounds differently.
 *
 * @module
 */
import { type FlowField, type Mask, ndarray, packed, type Picture } from "./arrays.ts";

/** The 55 colours: six runs, along each of which one channel rises or falls between 0 and 255. */
const WHEEL: readonly (readonly number[])[] = [
  ...run(15, (t) => [255, t, 0]), // red to yellow
  ...run(6, (t) => [255 - t, 255, 0]), // yellow to green
  ...run(4, (t) => [0, 255, t]), // green to cyan
  ...run(11, (t) => [0, 255 - t, 255]), // cyan to blue
  ...run(13, (t) => [t, 0, 255]), // blue to magenta
  ...run(6, (t) => [255, 0, 255 - t]), // magenta to red
];

function run(length: number, color: (t: number) => number[]): number[][] {
  return Array.from({ length }, (_, i) => color(Math.floor(255 * i / length)));
}

/** Settings of {@link flowToColor}. */
export interface FlowColorOptions {
  /**
   * The length in pixels that is shown fully saturated; longer flow is shown darker. Without it,
   * the longest known flow, or 1 where all is still.
   */
  readonly maxFlow?: number;
  /** Shape [height, width]; pixels that are 0 are drawn black. */
  readonly valid?: Mask;
}

/** What {@link flowToColor} drew and at which scale. */
export interface FlowColors {
  /** Shape [height, width, 3]. */
  readonly picture: Picture;
  /** The length in pixels that is shown fully saturated. */
  readonly maxFlow: number;
}

/**
 * Draws flow as colours: none is white, right is red, down is yellow, left is cyan-blue, up is
 * violet.
 *
 * @param flow Shape [height, width, 2], pixels. Values that are not finite are drawn black.
 * @throws {TypeError} When the mask does not fit the flow.
 */
export function flowToColor(flow: FlowField, options: FlowColorOptions = {}): FlowColors {
  const [height, width] = flow.shape;
  const values = packed(flow);
  const valid = options.valid && packed(options.valid);
  if (valid && valid.length !== height * width) {
    throw new TypeError(`a mask of shape [${options.valid?.shape}] does not fit [${flow.shape}]`);
  }
  const lengths = new Float64Array(height * width);
  let longest = 0;
  for (let i = 0; i < lengths.length; i++) {
    const u = values[2 * i], v = values[2 * i + 1];
    lengths[i] = valid?.[i] === 0 ? NaN : Math.hypot(u, v);
    if (lengths[i] > longest && lengths[i] < Infinity) longest = lengths[i];
  }
  const maxFlow = options.maxFlow ?? (longest || 1);
  const rgb = new Uint8Array(3 * lengths.length);
  for (let i = 0; i < lengths.length; i++) {
    if (!Number.isFinite(lengths[i])) continue;
    const turn = Math.atan2(-values[2 * i + 1], -values[2 * i]) / Math.PI;
    paint(rgb, 3 * i, turn, lengths[i] / maxFlow);
  }
  return { picture: ndarray(rgb, [height, width, 3]), maxFlow };
}

/**
 * The key to the colours: flow from the middle of a square outwards, fully saturated on the circle
 * that touches its sides and darker beyond it.
 *
 * @param size Side in pixels.
 * @returns Shape [size, size, 3].
 */
export function colorWheel(size: number): Picture {
  const flow = ndarray(new Float32Array(2 * size * size), [size, size, 2]);
  const middle = (size - 1) / 2;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      flow.set(y, x, 0, x - middle);
      flow.set(y, x, 1, y - middle);
    }
  }
  return flowToColor(flow, { maxFlow: Math.max(middle, 1) }).picture;
}

/**
 * Writes one pixel.
 *
 * @param turn Direction opposite to the flow, -1…1 in half turns.
 * @param radius Length as a share of the longest; beyond 1 the colour is darkened.
 */
function paint(rgb: Uint8Array, at: number, turn: number, radius: number): void {
  const place = (turn + 1) / 2 * (WHEEL.length - 1);
  const first = Math.floor(place);
  const share = place - first;
  const from = WHEEL[first], to = WHEEL[(first + 1) % WHEEL.length];
  for (let c = 0; c < 3; c++) {
    const hue = (1 - share) * from[c] + share * to[c];
    rgb[at + c] = Math.floor(radius <= 1 ? 255 - radius * (255 - hue) : 0.75 * hue);
  }
}
