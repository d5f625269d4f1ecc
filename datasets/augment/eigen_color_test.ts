import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import {
  changeColors,
  changeEigenColors,
  type EigenChange,
  eigenStatistics,
  type PlainChange,
  STRAIGHT,
} from "./eigen_color.ts";

const nothing: EigenChange = {
  axes: [STRAIGHT, STRAIGHT, STRAIGHT],
  saturation: STRAIGHT,
  length: STRAIGHT,
  rotation: 0,
};

function bytes(): Uint8Array {
  const draws = randomStream(4, "colors");
  return Uint8Array.from({ length: 300 }, () => draws.integer(20, 200));
}

function changed(by: Partial<EigenChange>, from = bytes()): Float32Array {
  const pixels = Float32Array.from(from, (v) => v / 255);
  changeEigenColors(pixels, { ...nothing, ...by }, eigenStatistics(from));
  return pixels;
}

function assertNear(actual: Float32Array, expected: ArrayLike<number>, tolerance: number): void {
  actual.forEach((v, i) => assertAlmostEquals(v, expected[i], tolerance, `number ${i}`));
}

const plainly = Float32Array.from(bytes(), (v) => v / 255);

Deno.test("straight curves and no turn change nothing but what rounded axes lose", () => {
  assertNear(changed({}), plainly, 0.01);
  assertNear(changed({ rotation: 2 * Math.PI }), changed({}), 1e-6);
});

Deno.test("a factor of the length scales every channel", () => {
  assertNear(changed({ length: { ...STRAIGHT, mult: 0.5 } }), changed({}).map((v) => v / 2), 1e-5);
});

Deno.test("no saturation leaves one direction, brightness, over the length of each color", () => {
  const grey = changed({ saturation: { ...STRAIGHT, mult: 0 } });
  for (let i = 0; i < grey.length; i += 3) {
    assertAlmostEquals(grey[i + 1] / grey[i], 0.56 / 0.65, 1e-4);
    assertAlmostEquals(grey[i + 2] / grey[i], 0.51 / 0.65, 1e-4);
  }
});

Deno.test("a turn of the colors keeps the brightness' axis, and lengths until something clips", () => {
  const along = (p: ArrayLike<number>, i: number) =>
    0.65 * p[i] + 0.56 * p[i + 1] + 0.51 * p[i + 2];
  const turned = changed({ rotation: 0.5 }), straight = changed({});
  let unlike = 0;
  for (let i = 0; i < turned.length; i += 3) {
    if (turned.subarray(i, i + 3).some((v) => v === 0 || v === 1)) continue;
    assertAlmostEquals(along(turned, i) / along(straight, i), 1, 0.25);
    unlike += Math.abs(turned[i] - straight[i]);
  }
  assert(unlike > 1);
});

Deno.test("extreme draws keep colors within 0 and 1, and finite", () => {
  const wild = { pow: 3, add: -0.2, mult: 3 };
  const change = { axes: [wild, wild, wild] as const, saturation: wild, length: wild, rotation: 3 };
  for (const from of [bytes(), new Uint8Array(30), new Uint8Array(30).fill(255)]) {
    assert(changed(change, from).every((v) => v >= 0 && v <= 1));
    const flat = Float32Array.from(from, (v) => v / 255);
    changeColors(flat, { color: [3, 0.1, 1], gamma: 2, brightness: 0.3, contrast: 4 });
    assert(flat.every((v) => v >= 0 && v <= 1));
  }
});

Deno.test("plain changes: gamma, brightness and contrast by hand; colors keep the sum", () => {
  const still: PlainChange = { color: [1, 1, 1], gamma: 1, brightness: 0, contrast: 1 };
  const one = (by: Partial<PlainChange>, ...rgb: number[]) => {
    const pixels = Float32Array.from(rgb);
    changeColors(pixels, { ...still, ...by });
    return [...pixels].map((v) => Math.round(v * 1000) / 1000);
  };
  // The sum is kept but for the 0.01 that guards black.
  assertEquals(one({}, 0.5, 0.5, 0.5), [0.497, 0.497, 0.497]);
  assertEquals(one({ brightness: 0.2 }, 0.5, 0.5, 0.5), [0.697, 0.697, 0.697]);
  assertEquals(one({ contrast: 2, brightness: 0.1 }, 0.5, 0.5, 0.5), [0.693, 0.693, 0.693]);
  assertEquals(one({ gamma: 2 }, 1, 1, 1), [0.993, 0.993, 0.993]);
  const [r, g, b] = one({ color: [2, 1, 1] }, 0.2, 0.2, 0.2);
  assertAlmostEquals(r + g + b, 0.6 * 0.8 / 0.81, 0.002);
  assertAlmostEquals(r, 2 * g, 0.002);
});
