/**
 * Pictures of a report as data URIs: frames, flow in colours, error maps, and their legends.
 *
 * @module
 */
import { encode } from "fast-png";
import {
  type FlowField,
  type Mask,
  type NdArray,
  ndarray,
  packed,
  type Picture,
} from "../base/arrays.ts";
import { colorWheel, flowToColor } from "../base/flow_color.ts";

/** Wider pictures are shrunk by a whole factor, which keeps a report small enough to send. */
export const MAX_WIDTH = 400;

/** Grey of pixels whose ground truth is unknown; the error colours have no grey. */
const UNKNOWN = [128, 128, 128];

/** A picture ready for `<img>`. */
export interface Rendered {
  /** PNG as a data URI. */
  readonly uri: string;
  /** Pixels after shrinking. */
  readonly width: number;
  /** Pixels after shrinking. */
  readonly height: number;
  /** The whole factor it was shrunk by; 1 where it was not. */
  readonly shrunk: number;
}

/** Encodes a picture, shrunk by box averaging to at most {@link MAX_WIDTH}. */
export function renderPicture(picture: Picture): Rendered {
  const shrunk = Math.ceil(picture.shape[1] / MAX_WIDTH);
  const small = shrunk > 1 ? shrink(picture, shrunk) : picture;
  const [height, width] = small.shape;
  return { uri: png(width, height, packed(small), 3), width, height, shrunk };
}

/** A picture that is dimmed and grey but on a mask. */
export function renderOverlay(picture: Picture, mask: Mask): Rendered {
  const pixels = packed(picture).slice(), flags = packed(mask);
  for (let i = 0; i < flags.length; i++) {
    if (flags[i]) continue;
    const [r, g, b] = pixels.subarray(3 * i, 3 * i + 3);
    pixels.fill(Math.round(0.12 * (r + g + b)), 3 * i, 3 * i + 3);
  }
  return renderPicture(ndarray(pixels, picture.shape));
}

/** Colours of segments, told apart with any colour vision (Okabe & Ito). */
const SEGMENTS = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [86, 180, 233],
  [213, 94, 0],
  [240, 228, 66],
  [90, 90, 90],
];

/** A picture under the colours of its segments. */
export function renderSegments(picture: Picture, segments: Mask): Rendered {
  const pixels = packed(picture), labels = packed(segments);
  const out = Uint8Array.from(pixels, (value, i) => {
    const color = SEGMENTS[labels[Math.floor(i / 3)] % SEGMENTS.length];
    return Math.round(0.35 * value + 0.65 * color[i % 3]);
  });
  return renderPicture(ndarray(out, picture.shape));
}

/** Flow in Middlebury colours; `maxFlow` pixels are fully saturated, unknown pixels black. */
export function renderFlow(flow: FlowField, maxFlow: number, valid?: Mask): Rendered {
  return renderPicture(flowToColor(flow, { maxFlow, valid }).picture);
}

/** End-point error in {@link inferno} colours from 0 to `top` pixels; NaN pixels are grey. */
export function renderError(error: NdArray<Float32Array>, top: number): Rendered {
  const colors = Array.from({ length: 256 }, (_, i) => inferno(i / 255));
  const values = packed(error);
  const out = new Uint8Array(3 * values.length);
  values.forEach((value, i) => {
    const known = colors[Math.round(255 * Math.min(value / top, 1))];
    out.set(Number.isNaN(value) ? UNKNOWN : known, 3 * i);
  });
  return renderPicture(ndarray(out, [...error.shape, 3]));
}

/** The error colours from left (0) to right (top of the scale), for a legend. */
export function renderErrorScale(): Rendered {
  const width = 256;
  const row = Uint8Array.from(
    { length: 3 * width },
    (_, i) => inferno(Math.floor(i / 3) / (width - 1))[i % 3],
  );
  return { uri: png(width, 1, row, 3), width, height: 1, shrunk: 1 };
}

/** The key to the flow colours, cut out as a disc. */
export function renderWheel(size = 160): Rendered {
  const colors = packed(colorWheel(size));
  const out = new Uint8Array(4 * size * size);
  const middle = (size - 1) / 2;
  for (let i = 0; i < size * size; i++) {
    out.set(colors.subarray(3 * i, 3 * i + 3), 4 * i);
    const distance = Math.hypot(i % size - middle, Math.floor(i / size) - middle);
    out[4 * i + 3] = Math.round(255 * Math.min(Math.max(middle - distance, 0), 1));
  }
  return { uri: png(size, size, out, 4), width: size, height: size, shrunk: 1 };
}

/** Length of `prediction - truth` a pixel, [height, width]; NaN where the truth is unknown. */
export function endPointError(
  truth: FlowField,
  prediction: FlowField,
  valid: Mask,
): NdArray<Float32Array> {
  const [height, width] = valid.shape;
  const [a, b, known] = [packed(truth), packed(prediction), packed(valid)];
  const error = Float32Array.from(
    known,
    (v, i) => v ? Math.hypot(a[2 * i] - b[2 * i], a[2 * i + 1] - b[2 * i + 1]) : NaN,
  );
  return ndarray(error, [height, width]);
}

/** The longest motion of the ground truth, which sets the scale of its colours; never 0. */
export function longestFlow(truth: FlowField, valid: Mask): number {
  const lengths = packed(endPointError(truth, zeros(truth), valid));
  const longest = lengths.reduce((a, b) => b > a ? b : a, 0);
  return longest > 0 ? longest : 1;
}

/** A round top for an error scale: 1, 2 or 5 times a power of ten that 98 % of pixels stay under. */
export function errorScale(error: NdArray<Float32Array>): number {
  const sorted = packed(error).filter((value) => !Number.isNaN(value)).sort();
  const high = sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 0;
  const power = 10 ** Math.floor(Math.log10(Math.max(high, 0.01)));
  const tops = [1, 2, 5, 10].map((step) => Number((step * power).toPrecision(1)));
  return tops.find((top) => top >= high)!;
}

/**
 * The inferno color map (perceptually ordered: lightness rises throughout) as a polynomial of
 * degree 6, fitted to the original by S. van der Walt and N. Smith.
 *
 * @param t 0…1.
 * @returns Red, green and blue, 0…255.
 */
export function inferno(t: number): number[] {
  return INFERNO.map((coefficients) => {
    const value = coefficients.reduceRight((sum, c) => sum * t + c, 0);
    return Math.round(255 * Math.min(Math.max(value, 0), 1));
  });
}

/** Coefficients of t^0…t^6 for red, green and blue (fit by M. Zucker, CC0). */
const INFERNO = [
  [0.000219, 0.106513, 11.602493, -41.703996, 77.162936, -71.319428, 25.131126],
  [0.001651, 0.563956, -3.972854, 17.436399, -33.402359, 32.626064, -12.242669],
  [-0.019481, 3.932712, -15.942394, 44.354145, -81.807309, 73.209520, -23.070325],
];

function zeros(flow: FlowField): FlowField {
  return ndarray(new Float32Array(flow.size), flow.shape);
}

function shrink(picture: Picture, factor: number): Picture {
  const [height, width, channels] = picture.shape;
  const size = [Math.ceil(height / factor), Math.ceil(width / factor), channels];
  const out = ndarray(new Uint8Array(size[0] * size[1] * channels), size);
  for (let y = 0; y < size[0]; y++) {
    for (let x = 0; x < size[1]; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0, n = 0;
        for (let i = y * factor; i < Math.min((y + 1) * factor, height); i++) {
          for (let j = x * factor; j < Math.min((x + 1) * factor, width); j++, n++) {
            sum += picture.get(i, j, c);
          }
        }
        out.set(y, x, c, Math.round(sum / n));
      }
    }
  }
  return out;
}

function png(width: number, height: number, data: Uint8Array, channels: number): string {
  const file = encode({ width, height, data, channels, depth: 8 }, { zlib: { level: 9 } });
  return `data:image/png;base64,${file.toBase64()}`;
}
