/**
 * Colored textures that can be looked up at any real position.
 *
 * A texture is *defined* as the uniform cubic B-spline surface over its lattice of colors, so that
 * a warped picture of it is exact: nothing is resampled twice. The spline's spectrum falls off as
 * sinc to the fourth; with at least a pixel a texel it stays well below the picture's Nyquist
 * frequency.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";
import type { MovingShapesConfig } from "./config.ts";
import { fractalNoise, type Lattice, type PatternName, patterns } from "./patterns.ts";
import type { Box } from "./shapes.ts";

/** An RGB texture over a box of a layer's own coordinates, values 0…255. */
export class Texture {
  /**
   * A texture with the given spline coefficients.
   *
   * @param coefficients Spline coefficients, [lattice.height, lattice.width, 3].
   * @param lattice Its size in texels, at least 4 x 4.
   * @param originX Where texel (1, 1) lies, in the layer's own coordinates.
   * @param originY See `originX`.
   * @param texelsPerPixel Density of the lattice.
   */
  constructor(
    private readonly coefficients: Float32Array,
    private readonly lattice: Lattice,
    private readonly originX: number,
    private readonly originY: number,
    private readonly texelsPerPixel: number,
  ) {}

  /**
   * Paints the color at (x, y) over `picture[at..at+2]` with the given opacity. Positions beyond
   * the box take the color of the nearest position within.
   */
  paint(picture: Float32Array, at: number, x: number, y: number, opacity: number): void {
    const { coefficients, lattice: { width, height } } = this;
    const u = Math.min(width - 3, Math.max(0, (x - this.originX) * this.texelsPerPixel));
    const v = Math.min(height - 3, Math.max(0, (y - this.originY) * this.texelsPerPixel));
    const i = Math.min(width - 4, Math.floor(u)), j = Math.min(height - 4, Math.floor(v));
    const s = u - i, t = v - j, r = 1 - s, q = 1 - t;
    const x0 = r * r * r / 6, x3 = s * s * s / 6;
    const x1 = 2 / 3 - s * s * (1 - 0.5 * s), x2 = 2 / 3 - r * r * (1 - 0.5 * r);
    const y0 = q * q * q / 6, y3 = t * t * t / 6;
    const y1 = 2 / 3 - t * t * (1 - 0.5 * t), y2 = 2 / 3 - q * q * (1 - 0.5 * q);
    const a = 3 * (j * width + i), b = a + 3 * width, c = b + 3 * width, d = c + 3 * width;
    const k = coefficients;
    for (let channel = 0; channel < 3; channel++) {
      const e = a + channel, f = b + channel, g = c + channel, h = d + channel;
      const color = y0 * (x0 * k[e] + x1 * k[e + 3] + x2 * k[e + 6] + x3 * k[e + 9]) +
        y1 * (x0 * k[f] + x1 * k[f + 3] + x2 * k[f + 6] + x3 * k[f + 9]) +
        y2 * (x0 * k[g] + x1 * k[g + 3] + x2 * k[g + 6] + x3 * k[g + 9]) +
        y3 * (x0 * k[h] + x1 * k[h + 3] + x2 * k[h + 6] + x3 * k[h + 9]);
      picture[at + channel] += opacity * (color - picture[at + channel]);
    }
  }
}

/**
 * Draws a texture of one kind over a box, in random colors, sharp or a little soft.
 *
 * @param look `softness`: pixels that the finest detail spans, relative to the sharpest texture;
 * `saturation`: the largest distance of a color from grey, in grey levels.
 */
export function drawTexture(
  box: Box,
  kind: PatternName,
  { softness, saturation }: Pick<MovingShapesConfig, "softness" | "saturation">,
  random: RandomStream,
): Texture {
  const blur = random.chance(0.2) ? random.uniform(1.5, 3) : random.uniform(1, 1.4);
  const texelsPerPixel = 1 / (softness * blur);
  const lattice = {
    width: Math.ceil((box.maxX - box.minX) * texelsPerPixel) + 4,
    height: Math.ceil((box.maxY - box.minY) * texelsPerPixel) + 4,
  };
  const pattern = patterns[kind](lattice, random.fork("pattern"));
  const colors = colored(pattern, lattice, saturation, random.fork("color"));
  return new Texture(colors, lattice, box.minX, box.minY, texelsPerPixel);
}

/** Colors a pattern by a random palette and adds fine grain and broad stains. */
function colored(
  pattern: Float32Array,
  lattice: Lattice,
  saturation: number,
  random: RandomStream,
): Float32Array {
  const palette = drawPalette(saturation, random);
  const grain = fractalNoise(lattice, { finest: 2.2, coarsest: 12, slope: 0.4 }, random);
  const stains = fractalNoise(lattice, { finest: 12, coarsest: 90, slope: 0.8 }, random);
  const grainDepth = random.uniform(2, 18), stainDepth = random.uniform(3, 24);
  const tint = [0, 1, 2].map(() => stainDepth * random.uniform(-0.4, 1));
  const colors = new Float32Array(3 * pattern.length);
  for (let i = 0; i < pattern.length; i++) {
    const entry = 3 * Math.round(pattern[i] * 255);
    for (let channel = 0; channel < 3; channel++) {
      const color = palette[entry + channel] + grainDepth * grain[i] + tint[channel] * stains[i];
      colors[3 * i + channel] = Math.min(255, Math.max(0, color));
    }
  }
  return colors;
}

/** 256 RGB colors along a line through 2 to 5 random ones of related hues. */
function drawPalette(largestSaturation: number, random: RandomStream): Float32Array {
  const anchors = random.integer(2, 6);
  const hue = random.uniform(0, 2 * Math.PI), hueSpread = random.pick([0.3, 1, Math.PI]);
  const light = random.uniform(60, 195), contrast = random.uniform(25, 120);
  const saturation = largestSaturation * random.uniform() ** 1.5;
  const first = random.chance(0.5) ? 1 : -1;
  const colors = Array.from({ length: anchors }, (_, i) => {
    // Neighbors along the palette differ in lightness, so that every pattern has contrast.
    const side = (i % 2 === 0 ? first : -first) * random.uniform(0.4, 1);
    const angle = hue + random.uniform(-hueSpread, hueSpread);
    return [0, 1, 2].map((channel) =>
      light + side * contrast + saturation * Math.cos(angle + channel * 2 * Math.PI / 3)
    );
  });
  const palette = new Float32Array(3 * 256);
  for (let i = 0; i < 256; i++) {
    const position = i / 255 * (anchors - 1), low = Math.min(anchors - 2, Math.floor(position));
    for (let channel = 0; channel < 3; channel++) {
      const from = colors[low][channel], to = colors[low + 1][channel];
      palette[3 * i + channel] = from + (position - low) * (to - from);
    }
  }
  return palette;
}
