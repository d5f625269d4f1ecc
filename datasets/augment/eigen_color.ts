/**
 * Changes of colour along the directions in which colours of pictures vary most, and plain changes of
 * gamma, brightness, contrast and colour, as FlowNet 2's data layers make them
 * (`data_augmentation_layer.cu` of lmb-freiburg/flownet2).
 *
 * Pixels are RGB in 0…1. Statistics are those of the picture at hand; the original takes them over a
 * batch.
 *
 * @module
 */

/** Rows: brightness and two directions of colour, over red, green and blue. */
const EIGENVECTORS = [
  [0.65, 0.56, 0.51],
  [-0.62, 0.01, 0.79],
  [0.44, -0.83, 0.35],
];

/** Below this nothing is scaled by it. */
const TINY = 1e-2;

/** x → mult · (x^pow + add), of the absolute value; the sign stays. */
export interface Curve {
  readonly pow: number;
  readonly add: number;
  readonly mult: number;
}

/** The curve that changes nothing. */
export const STRAIGHT: Curve = { pow: 1, add: 0, mult: 1 };

/** Changes in the space of {@link EIGENVECTORS}, each axis relative to its largest value. */
export interface EigenChange {
  /** Of each axis, about the mean. */
  readonly axes: readonly [Curve, Curve, Curve];
  /** Of the distance from grey. */
  readonly saturation: Curve;
  /** Of the distance from black. */
  readonly length: Curve;
  /** Turn of the colours around grey in radians. */
  readonly rotation: number;
}

/** What a change is relative to. */
export interface EigenStatistics {
  /** Largest absolute coordinate along each axis. */
  readonly largest: readonly number[];
  /** Mean along red, green and blue. */
  readonly mean: readonly number[];
}

function coordinates(r: number, g: number, b: number): [number, number, number] {
  const along = ([x, y, z]: readonly number[]) => x * r + y * g + z * b;
  return [along(EIGENVECTORS[0]), along(EIGENVECTORS[1]), along(EIGENVECTORS[2])];
}

/** Statistics of bytes, 0…255, RGB after RGB. */
export function eigenStatistics(bytes: Uint8Array): EigenStatistics {
  const largest = [0, 0, 0], sum = [0, 0, 0];
  for (let i = 0; i < bytes.length; i += 3) {
    const [r, g, b] = [bytes[i] / 255, bytes[i + 1] / 255, bytes[i + 2] / 255];
    const at = coordinates(r, g, b);
    for (let axis = 0; axis < 3; axis++) {
      largest[axis] = Math.max(largest[axis], Math.abs(at[axis]));
    }
    sum[0] += r;
    sum[1] += g;
    sum[2] += b;
  }
  return { largest, mean: sum.map((s) => s / (bytes.length / 3)) };
}

const signed = (x: number, { pow, add, mult }: Curve) =>
  (Math.sign(x) * Math.abs(x) ** pow + add) * mult;
const positive = (x: number, { pow, add, mult }: Curve) => Math.max(x ** pow + add, 0) * mult;

/** Applies a change in place to pixels in 0…1, RGB after RGB; the result is in 0…1 as well. */
export function changeEigenColors(
  pixels: Float32Array,
  { axes, saturation, length, rotation }: EigenChange,
  { largest, mean }: EigenStatistics,
): void {
  const meanAt = coordinates(mean[0], mean[1], mean[2]);
  const scales = largest.map((most) => most > TINY);
  const longest = Math.hypot(...largest);
  const cos = Math.cos(rotation), sin = Math.sin(rotation);
  for (let i = 0; i < pixels.length; i += 3) {
    const e = coordinates(pixels[i] - mean[0], pixels[i + 1] - mean[1], pixels[i + 2] - mean[2]);
    for (let axis = 0; axis < 3; axis++) {
      if (scales[axis]) e[axis] = signed(e[axis] / largest[axis], axes[axis]);
      e[axis] += scales[axis] ? meanAt[axis] / largest[axis] : meanAt[axis];
    }
    const s = Math.hypot(e[1], e[2]);
    const turned = s > TINY ? positive(s, saturation) : s;
    [e[1], e[2]] = [cos * e[1] - sin * e[2], sin * e[1] + cos * e[2]];
    for (let axis = 0; axis < 3; axis++) if (scales[axis]) e[axis] *= largest[axis];
    const before = longest > TINY ? Math.hypot(...e) / longest : 0;
    if (s > TINY) {
      e[1] *= turned / s;
      e[2] *= turned / s;
    }
    if (longest > TINY) {
      const now = Math.hypot(...e);
      const wanted = positive(before, length) * longest;
      if (now > TINY) {
        for (let axis = 0; axis < 3; axis++) {
          e[axis] = Math.min(e[axis] / now * wanted, largest[axis]);
        }
      }
    }
    for (let c = 0; c < 3; c++) {
      const value = EIGENVECTORS[0][c] * e[0] + EIGENVECTORS[1][c] * e[1] +
        EIGENVECTORS[2][c] * e[2];
      pixels[i + c] = Math.min(Math.max(value, 0), 1);
    }
  }
}

/** A plain change of colours. */
export interface PlainChange {
  /** Factors of red, green and blue; the sum of the three stays. */
  readonly color: readonly [number, number, number];
  readonly gamma: number;
  /** Added. */
  readonly brightness: number;
  /** Factor of the distance from ½. */
  readonly contrast: number;
}

/** Applies a change in place to pixels in 0…1, RGB after RGB; the result is in 0…1 as well. */
export function changeColors(
  pixels: Float32Array,
  { color, gamma, brightness, contrast }: PlainChange,
): void {
  const clamp = (x: number) => Math.min(Math.max(x, 0), 1);
  for (let i = 0; i < pixels.length; i += 3) {
    let before = 0, after = 0;
    for (let c = 0; c < 3; c++) {
      before += pixels[i + c];
      after += pixels[i + c] * color[c];
    }
    const balance = before / (after + 0.01);
    for (let c = 0; c < 3; c++) {
      const value = clamp(pixels[i + c] * color[c] * balance) ** gamma + brightness;
      pixels[i + c] = clamp(0.5 + (value - 0.5) * contrast);
    }
  }
}
