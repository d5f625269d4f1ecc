/**
 * Random patterns: what a texture shows, before it has colors.
 *
 * Each kind fills a lattice with values 0…1. Lengths are in texels (lattice steps). Edges may be
 * hard here; the texture's spline rounds them off to its band limit.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";
import { logUniform, PAGE_LENGTH, whiteNoise } from "./randomness.ts";

/** Size of the lattice a pattern fills, in texels. */
export interface Lattice {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** Fills a lattice with a random pattern of values 0…1. */
export type Pattern = (lattice: Lattice, random: RandomStream) => Float32Array;

/** What a fractal noise is made of. */
export interface Spectrum {
  /** Shortest wavelength, in texels. */
  readonly finest: number;
  /** Longest wavelength, in texels. */
  readonly coarsest: number;
  /** Amplitude grows as wavelength to this power: 0 is white, 1 is the spectrum of nature. */
  readonly slope: number;
}

/** Noise of mean 0 and deviation about 1, made of octaves of smoothly interpolated white noise. */
export function fractalNoise(
  lattice: Lattice,
  { finest, coarsest, slope }: Spectrum,
  random: RandomStream,
): Float32Array {
  const wavelengths: number[] = [];
  for (let wave = finest; wave <= Math.max(finest, coarsest); wave *= 1.9) wavelengths.push(wave);
  const power = wavelengths.reduce((sum, wave) => sum + wave ** (2 * slope), 0);
  const field = new Float32Array(lattice.width * lattice.height);
  // Interpolation leaves 0.55 of the white noise's variance.
  const scale = 1 / Math.sqrt(0.55 * power);
  for (const wave of wavelengths) addOctave(field, lattice, wave, scale * wave ** slope, random);
  return field;
}

/** Adds white noise on a grid of the given spacing, interpolated with smoothstep weights. */
function addOctave(
  field: Float32Array,
  { width, height }: Lattice,
  spacing: number,
  amplitude: number,
  random: RandomStream,
): void {
  const white = whiteNoise(), mask = PAGE_LENGTH - 1, rowLength = 256;
  const start = random.integer(0, PAGE_LENGTH);
  const shiftX = random.uniform(), shiftY = random.uniform();
  const cells = new Int32Array(width), weights = new Float32Array(width);
  for (let x = 0; x < width; x++) {
    const u = x / spacing + shiftX;
    cells[x] = Math.floor(u);
    weights[x] = smoothStep(u - cells[x]);
  }
  for (let y = 0, at = 0; y < height; y++) {
    const v = y / spacing + shiftY, row = Math.floor(v), down = smoothStep(v - row);
    const rowStart = start + rowLength * row;
    for (let x = 0; x < width; x++, at++) {
      const i = rowStart + cells[x], j = i + rowLength, right = weights[x];
      const upper = white[i & mask], lower = white[j & mask];
      const top = upper + right * (white[(i + 1) & mask] - upper);
      const bottom = lower + right * (white[(j + 1) & mask] - lower);
      field[at] += amplitude * (top + down * (bottom - top));
    }
  }
}

function smoothStep(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Squeezes any number into 0…1; steeper steps for larger `gain`. */
function squeeze(z: number, gain: number): number {
  const s = gain * z;
  return 0.5 + 0.5 * s / Math.sqrt(1 + s * s);
}

/** The value of a function at every texel. */
function sampled(lattice: Lattice, value: (x: number, y: number, at: number) => number) {
  const field = new Float32Array(lattice.width * lattice.height);
  for (let y = 0, at = 0; y < lattice.height; y++) {
    for (let x = 0; x < lattice.width; x++, at++) field[at] = value(x, y, at);
  }
  return field;
}

/** Fractal noise, from misty to grainy. */
const clouds: Pattern = (lattice, random) => {
  const slope = random.uniform(0.3, 1.2);
  const field = fractalNoise(lattice, { finest: 2.5, coarsest: 80, slope }, random);
  const gain = random.uniform(0.6, 1.4);
  return field.map((z) => squeeze(z, gain));
};

/** Parallel stripes, straight or wavy, soft or sharp. */
const stripes: Pattern = (lattice, random) => {
  const wave = logUniform(random, 5, 26), angle = random.uniform(0, Math.PI);
  const kx = 2 * Math.PI * Math.cos(angle) / wave, ky = 2 * Math.PI * Math.sin(angle) / wave;
  const sway = random.chance(0.6) ? random.uniform(0, 2.5) : 0;
  const bend = fractalNoise(lattice, { finest: 14, coarsest: 80, slope: 1 }, random);
  const gain = logUniform(random, 0.7, 6);
  return sampled(
    lattice,
    (x, y, at) => squeeze(Math.sin(kx * x + ky * y + sway * bend[at]), gain),
  );
};

/** Two crossing families of stripes: checks, tiles or, where they add up, weaves. */
const checks: Pattern = (lattice, random) => {
  const angle = random.uniform(0, Math.PI), skew = angle + Math.PI * random.uniform(0.35, 0.65);
  const k1 = 2 * Math.PI / logUniform(random, 7, 26), k2 = 2 * Math.PI / logUniform(random, 7, 26);
  const weave = random.chance(0.4), gain = logUniform(random, 1, 8);
  const [x1, y1, x2, y2] = [Math.cos(angle), Math.sin(angle), Math.cos(skew), Math.sin(skew)];
  const sway = random.chance(0.5) ? random.uniform(0, 1.5) : 0;
  const bend = fractalNoise(lattice, { finest: 14, coarsest: 80, slope: 1 }, random);
  return sampled(lattice, (x, y, at) => {
    const a = Math.sin(k1 * (x1 * x + y1 * y) + sway * bend[at]);
    const b = Math.sin(k2 * (x2 * x + y2 * y) - sway * bend[at]);
    return squeeze(weave ? 0.5 * (a + b) : a * b, gain);
  });
};

/** Spots of one size, bright on dark or dark on bright. */
const spots: Pattern = (lattice, random) => {
  const size = logUniform(random, 5, 18);
  const field = fractalNoise(lattice, { finest: size, coarsest: 2 * size, slope: 0.5 }, random);
  const level = random.uniform(-0.7, 0.7), gain = logUniform(random, 1.5, 7);
  return field.map((z) => squeeze(z - level, gain));
};

/** A ramp in a random direction, or rings about a point; a little uneven. */
const ramp: Pattern = (lattice, random) => {
  const span = Math.hypot(lattice.width, lattice.height), angle = random.uniform(0, 2 * Math.PI);
  const cx = random.uniform() * lattice.width, cy = random.uniform() * lattice.height;
  const round = random.chance(0.4), dx = Math.cos(angle) / span, dy = Math.sin(angle) / span;
  const uneven = fractalNoise(lattice, { finest: 8, coarsest: 64, slope: 0.8 }, random);
  const amount = random.uniform(0.02, 0.12);
  return sampled(lattice, (x, y, at) => {
    const along = round
      ? Math.hypot(x - cx, y - cy) / span
      : 0.5 + (x - lattice.width / 2) * dx + (y - lattice.height / 2) * dy;
    return Math.min(1, Math.max(0, along + amount * uneven[at]));
  });
};

/**
 * Dead leaves: flat discs and bars thrown on one another, sizes by an inverse-cube law, which gives
 * the edges and the spectrum of natural pictures (Lee, Mumford and Huang, IJCV 41, 2001).
 */
const leaves: Pattern = (lattice, random) => {
  const { width, height } = lattice;
  const field = new Float32Array(width * height).fill(random.uniform());
  const smallest = 2, largest = Math.max(6, 0.3 * Math.min(width, height));
  const ratio = (smallest / largest) ** 2;
  for (let painted = 0; painted < 10 * width * height;) {
    const radius = smallest / Math.sqrt(1 - random.uniform() * (1 - ratio));
    const cx = random.uniform(-radius, width + radius),
      cy = random.uniform(-radius, height + radius);
    const angle = random.uniform(0, Math.PI), value = random.uniform();
    const cos = Math.cos(angle), sin = Math.sin(angle);
    const bar = random.chance(0.5), thin = bar ? random.uniform(0.2, 0.8) : 1;
    painted += 4 * radius * radius;
    const x1 = Math.min(width - 1, cx + radius), y1 = Math.min(height - 1, cy + radius);
    for (let y = Math.max(0, Math.ceil(cy - radius)); y <= y1; y++) {
      for (let x = Math.max(0, Math.ceil(cx - radius)); x <= x1; x++) {
        const u = ((x - cx) * cos + (y - cy) * sin) / radius;
        const v = ((y - cy) * cos - (x - cx) * sin) / (radius * thin);
        const inside = bar ? u > -0.7 && u < 0.7 && v > -0.7 && v < 0.7 : u * u + v * v < 1;
        if (inside) field[y * width + x] = value;
      }
    }
  }
  return field;
};

/** Cobbles: cells about jittered points (S. Worley, SIGGRAPH 1996), with dark or no joints. */
const cobbles: Pattern = (lattice, random) => {
  const size = logUniform(random, 6, 22), jointWidth = random.uniform(0, 0.35);
  const white = whiteNoise(), mask = PAGE_LENGTH - 1, start = random.integer(0, PAGE_LENGTH);
  const slot = (i: number, j: number) => start + 3 * (i + 1) + 769 * (j + 1);
  return sampled(lattice, (x, y) => {
    const u = x / size, v = y / size, i0 = Math.floor(u), j0 = Math.floor(v);
    let nearest = Infinity, second = Infinity, value = 0;
    for (let j = j0 - 1; j <= j0 + 1; j++) {
      for (let i = i0 - 1; i <= i0 + 1; i++) {
        const at = slot(i, j);
        const dx = i + 0.5 + 0.22 * white[at & mask] - u;
        const dy = j + 0.5 + 0.22 * white[(at + 1) & mask] - v;
        const distance = dx * dx + dy * dy;
        if (distance < nearest) {
          second = nearest;
          nearest = distance;
          value = white[(at + 2) & mask];
        } else if (distance < second) second = distance;
      }
    }
    const joint = jointWidth > 0
      ? Math.min(1, (Math.sqrt(second) - Math.sqrt(nearest)) / jointWidth)
      : 1;
    return squeeze(value, 1) * joint;
  });
};

/** Every kind of pattern by name. */
export const patterns = { clouds, stripes, checks, spots, ramp, leaves, cobbles } as const;

/** Name of a kind of pattern. */
export type PatternName = keyof typeof patterns;

/** The names of all kinds. */
export const patternNames = Object.keys(patterns) as readonly PatternName[];
