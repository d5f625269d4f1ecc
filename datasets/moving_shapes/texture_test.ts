import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { fractalNoise, patternNames, patterns } from "./patterns.ts";
import { drawTexture, Texture } from "./texture.ts";

function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

Deno.test("every pattern varies, stays within 0…1 and repeats itself from its stream", () => {
  for (const name of patternNames) {
    for (const lattice of [{ width: 70, height: 50 }, { width: 5, height: 4 }]) {
      const field = patterns[name](lattice, randomStream(1, name));
      assertEquals(field.length, lattice.width * lattice.height);
      assert(field.every((value) => value >= 0 && value <= 1), name);
      assertEquals(field, patterns[name](lattice, randomStream(1, name)));
      assertNotEquals(field, patterns[name](lattice, randomStream(2, name)));
    }
    const { deviation } = moments(patterns[name]({ width: 70, height: 50 }, randomStream(1, name)));
    assert(deviation > 0.03, `${name} deviates by ${deviation}`);
  }
});

Deno.test("fractalNoise() has mean 0 and deviation 1", () => {
  const spectrum = { finest: 2.5, coarsest: 10, slope: 0.5 };
  const many = Array.from({ length: 8 }, (_, seed) => {
    return [...fractalNoise({ width: 100, height: 100 }, spectrum, randomStream(seed))];
  });
  const { mean, deviation } = moments(Float32Array.from(many.flat()));
  assertAlmostEquals(mean, 0, 0.1);
  assertAlmostEquals(deviation, 1, 0.1);
});

Deno.test("a texture reproduces linear colors exactly, with any opacity", () => {
  // Uniform cubic splines reproduce polynomials: color = 10 u + 3 v at lattice position (u, v).
  const width = 9, height = 7, colors = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) colors.fill(10 * x + 3 * y, 3 * (y * width + x)).fill(0, 999);
  }
  const texture = new Texture(colors, { width, height }, 20, 30, 0.5);
  const picture = new Float32Array(6).fill(100);
  // Texel (1, 1) lies at (20, 30) and texels are 2 pixels apart.
  texture.paint(picture, 3, 25, 33, 1);
  for (const color of picture.subarray(3)) assertAlmostEquals(color, 10 * 3.5 + 3 * 2.5, 1e-4);
  texture.paint(picture, 0, 25, 33, 0.25);
  assertAlmostEquals(picture[0], 75 + 0.25 * (10 * 3.5 + 3 * 2.5), 1e-4);
});

const look = { softness: 1, saturation: 90 };

Deno.test("textures are smooth: between pixels they are what cubic interpolation says", () => {
  const box = { minX: 0, minY: 0, maxX: 60, maxY: 60 };
  let error = 0, contrast = 0, n = 0;
  for (const [i, name] of patternNames.entries()) {
    const texture = drawTexture(box, name, look, randomStream(5, i));
    const red = (x: number, y: number) => {
      const picture = new Float32Array(3);
      texture.paint(picture, 0, x, y, 1);
      return picture[0];
    };
    for (let y = 5; y < 55; y += 3) {
      for (let x = 5; x < 55; x++, n++) {
        const [a, b, c, d] = [-1, 0, 1, 2].map((step) => red(x + step, y));
        error += Math.abs(red(x + 0.5, y) - (9 * (b + c) - a - d) / 16);
        contrast += Math.abs(c - b);
      }
    }
  }
  assert(contrast / n > 3, `neighbors differ by ${contrast / n}`);
  assert(error / contrast < 0.12, `interpolation misses ${error / contrast} of the contrast`);
});

Deno.test("a texture's edge colors continue beyond its box", () => {
  const texture = drawTexture(
    { minX: -4, minY: -4, maxX: 4, maxY: 4 },
    "leaves",
    look,
    randomStream(9),
  );
  const color = (x: number, y: number) => {
    const picture = new Float32Array(3);
    texture.paint(picture, 0, x, y, 1);
    return picture;
  };
  assertEquals(color(-400, 0), color(-4, 0));
  assert(color(1e6, 1e6).every(Number.isFinite));
});
