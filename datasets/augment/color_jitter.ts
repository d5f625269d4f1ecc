/**
 * Random brightness, contrast, saturation and hue, as torchvision's `ColorJitter` applies them to
 * 8-bit RGB pictures through Pillow.
 *
 * The arithmetic is Pillow's, in single precision where Pillow uses it and with its truncations
 * (`ImageEnhance` over `Image.blend`, and the 8-bit HSV round trip of `Image.convert`), so that equal
 * factors give equal bytes. Factors themselves are drawn in double precision, where torch draws them
 * in single: they are rounded to single at the blend, and a hue shift counts in whole 255ths anyway.
 *
 * @module
 */
import { ndarray, packed, type Picture } from "../../base/arrays.ts";
import type { RandomStream } from "../../base/random.ts";

/** How far each property may move; 0 leaves the property alone. */
export interface JitterRanges {
  /** Factor drawn from U(max(0, 1 - x), 1 + x). */
  readonly brightness: number;
  /** Factor drawn from U(max(0, 1 - x), 1 + x). */
  readonly contrast: number;
  /** Factor drawn from U(max(0, 1 - x), 1 + x). */
  readonly saturation: number;
  /** Shift drawn from U(-x, x), in turns of the colour circle; at most 0.5. */
  readonly hue: number;
}

/** One adjustment: a factor (1 changes nothing), or for `hue` a shift in turns (-0.5…0.5). */
export interface JitterStep {
  /** What is adjusted. */
  readonly property: keyof JitterRanges;
  /** By how much. */
  readonly amount: number;
}

const PROPERTIES = ["brightness", "contrast", "saturation", "hue"] as const;
const single = Math.fround;

/**
 * Draws the adjustments of one jitter, in the random order in which they apply.
 *
 * @throws {RangeError} When a range is negative, or a hue range exceeds half a turn.
 */
export function drawJitter(ranges: JitterRanges, stream: RandomStream): JitterStep[] {
  const steps: JitterStep[] = [];
  for (const index of stream.permutation(PROPERTIES.length)) {
    const property = PROPERTIES[index];
    const range = ranges[property];
    if (!(range >= 0) || (property === "hue" && range > 0.5)) {
      throw new RangeError(`a ${property} range of ${range}`);
    }
    if (range === 0) continue;
    const amount = property === "hue"
      ? stream.uniform(-range, range)
      : stream.uniform(Math.max(0, 1 - range), 1 + range);
    steps.push({ property, amount });
  }
  return steps;
}

/**
 * Applies adjustments in order to pictures as if they were one: contrast is taken about the mean
 * grey of all of them together.
 *
 * @returns Copies; the given pictures stay as they are.
 */
export function applyJitter(
  pictures: readonly Picture[],
  steps: readonly JitterStep[],
): Picture[] {
  const copies = pictures.map((picture) => packed(picture).slice());
  for (const { property, amount } of steps) adjust[property](copies, amount);
  return copies.map((copy, i) => ndarray(copy, [...pictures[i].shape]));
}

/** Draws one jitter and applies it to all pictures alike, as to one stacked picture. */
export function jitterColors(
  pictures: readonly Picture[],
  ranges: JitterRanges,
  stream: RandomStream,
): Picture[] {
  return applyJitter(pictures, drawJitter(ranges, stream));
}

/** The adjustments, each in place on packed RGB pixels. */
const adjust: Record<keyof JitterRanges, (pictures: Uint8Array[], amount: number) => void> = {
  brightness: (pictures, factor) => blendWithGrey(pictures, 0, factor),

  contrast(pictures, factor) {
    let sum = 0, count = 0;
    for (const pixels of pictures) {
      for (let i = 0; i < pixels.length; i += 3) {
        sum += grey(pixels[i], pixels[i + 1], pixels[i + 2]);
      }
      count += pixels.length / 3;
    }
    blendWithGrey(pictures, Math.trunc(sum / count + 0.5), factor);
  },

  saturation(pictures, factor) {
    const alpha = single(factor);
    for (const pixels of pictures) {
      for (let i = 0; i < pixels.length; i += 3) {
        const base = grey(pixels[i], pixels[i + 1], pixels[i + 2]);
        pixels[i] = blend(base, pixels[i], alpha);
        pixels[i + 1] = blend(base, pixels[i + 1], alpha);
        pixels[i + 2] = blend(base, pixels[i + 2], alpha);
      }
    }
  },

  hue(pictures, turns) {
    const shift = Math.trunc(turns * 255) & 255;
    for (const pixels of pictures) shiftHue(pixels, shift);
  },
};

/** Pillow's luma (ITU-R 601-2 in 16-bit fixed point). */
function grey(r: number, g: number, b: number): number {
  return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
}

/** Pillow's `Image.blend` of two bytes: `from` at 0, `to` at 1, clamped and truncated. */
function blend(from: number, to: number, alpha: number): number {
  const value = single(from + single(alpha * (to - from)));
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
}

function blendWithGrey(pictures: Uint8Array[], level: number, factor: number): void {
  const alpha = single(factor);
  const table = Uint8Array.from({ length: 256 }, (_, value) => blend(level, value, alpha));
  for (const pixels of pictures) {
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i]];
  }
}

/** Sixth of the colour circle (0…5) each 8-bit hue lies in, and how far into it (0…1). */
const sixth = new Uint8Array(256), intoSixth = new Float32Array(256);
for (let hue = 0; hue < 256; hue++) {
  const position = hue * 6 / 255;
  sixth[hue] = Math.floor(position) % 6;
  intoSixth[hue] = position - Math.floor(position);
}

/** Along the colour circle a channel is at its height, on its way, or at its low. */
const VALUE = 0, RISING = 1, FALLING = 2, LOW = 3;
/** Which of these each channel takes, by sixth of the circle. */
const RED = [VALUE, FALLING, LOW, LOW, RISING, VALUE];
const GREEN = [RISING, VALUE, VALUE, FALLING, LOW, LOW];
const BLUE = [LOW, LOW, RISING, VALUE, VALUE, FALLING];

/** RGB to Pillow's 8-bit HSV, hue plus `shift` modulo 256, and back. */
function shiftHue(pixels: Uint8Array, shift: number): void {
  const levels = new Uint8Array(4);
  for (let i = 0; i < pixels.length; i += 3) {
    const r = pixels[i], g = pixels[i + 1], b = pixels[i + 2];
    const value = Math.max(r, g, b);
    const range = value - Math.min(r, g, b);
    if (range === 0) continue;

    const redGap = single((value - r) / range);
    const greenGap = single((value - g) / range);
    const blueGap = single((value - b) / range);
    const turn = r === value
      ? single(blueGap - greenGap) / 6 + 1
      : g === value
      ? single(2 + redGap - blueGap) / 6 + 1
      : single(4 + greenGap - redGap) / 6 + 1;
    const hue = (Math.trunc(single(turn >= 1 ? turn - 1 : turn) * 255) + shift) & 255;
    const saturation = single(Math.trunc(single(range / value) * 255) / 255);

    // Pillow rounds half up here, where its other steps truncate.
    const into = intoSixth[hue];
    levels[VALUE] = value;
    levels[RISING] = value * (1 - saturation * (1 - into)) + 0.5;
    levels[FALLING] = value * (1 - single(saturation * into)) + 0.5;
    levels[LOW] = value * (1 - saturation) + 0.5;
    pixels[i] = levels[RED[sixth[hue]]];
    pixels[i + 1] = levels[GREEN[sixth[hue]]];
    pixels[i + 2] = levels[BLUE[sixth[hue]]];
  }
}
