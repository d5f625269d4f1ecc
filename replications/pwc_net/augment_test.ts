import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ndarray, packed } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import { randomStream } from "../../base/random.ts";
import type { FlowSample } from "../../datasets/sample.ts";
import { deterministicPicture } from "../../tests/reference/deterministic_weights.ts";
import {
  augment,
  augmentation,
  cropsAndFlips,
  type Draw,
  type PwcNetAugmentation,
} from "./augment.ts";

/** A texture that moves by (2, -1); unknown in the top left corner. */
function sample(height: number, width: number): FlowSample {
  const texture = deterministicPicture("augment", height, width);
  const image2 = ndarray(new Uint8Array(height * width * 3), [height, width, 3]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const from = texture.get((y + 1) % height, (x + width - 2) % width, c);
        image2.set(y, x, c, from);
      }
    }
  }
  const flow = ndarray(
    Float32Array.from({ length: 2 * height * width }, (_, i) => i % 2 ? -1 : 2),
    [height, width, 2],
  );
  const valid = ndarray(new Uint8Array(height * width).fill(1), [height, width]);
  for (let i = 0; i < 40; i++) valid.set(Math.floor(i / 8), i % 8, 0);
  return { id: "it", image1: texture, image2, flow, valid };
}

const stream = (n: number) => randomStream(5, "augment", n);

/** The stage's settings on small pictures, without what changes colors. */
const placesOnly = (stage: keyof typeof augmentation): PwcNetAugmentation => {
  const { relative, ...settings }: PwcNetAugmentation = augmentation[stage];
  const still = { kind: "uniform", mean: 0, spread: 0 } as const;
  const crop = { height: 40, width: 48 };
  const plain = { ...relative!, gamma: still, brightness: still, contrast: still, color: still };
  return { ...settings, crop, colors: null, noise: null, relative: plain };
};

Deno.test("augmented flow leads from a pixel to its match, rotated, zoomed, squeezed and mirrored", () => {
  const source = sample(96, 112);
  let compared = 0, off = 0, unlike = 0;
  for (let n = 0; n < 12; n++) {
    const { image1, image2, flow, valid } = augment(source, placesOnly("sintel"), stream(n), 1e6);
    for (let y = 0; y < 40; y++) {
      for (let x = 0; x < 48; x++) {
        const to = [x + flow.get(y, x, 0), y + flow.get(y, x, 1)];
        const [tx, ty] = to.map(Math.round);
        if (!valid.get(y, x) || tx < 0 || ty < 0 || tx >= 48 || ty >= 40) continue;
        compared++;
        off += Math.abs(image1.get(y, x, 1) - image2.get(ty, tx, 1));
        unlike += Math.abs(image1.get(y, x, 1) - image2.get(y, x, 1));
      }
    }
  }
  assert(compared > 10_000, `${compared}`);
  // Matches are rounded to pixels, which costs some grey levels.
  assert(off / compared < 12 && off < 0.6 * unlike, `${off / compared} ${unlike / compared}`);
});

Deno.test("crops and flips show the picture itself, at whole or broken places", () => {
  const source = sample(96, 112);
  const settings = cropsAndFlips({ height: 64, width: 64 });
  const signs = new Set<string>();
  for (let n = 0; n < 32; n++) {
    const { image1, flow, valid } = augment(source, settings, stream(n), 0);
    assertEquals([image1.shape, flow.shape, valid.shape], [[64, 64, 3], [64, 64, 2], [64, 64]]);
    assert(packed(flow).every((v) => [0, 1, 2].includes(Math.round(Math.abs(v) * 1e4) / 1e4)));
    if (valid.get(30, 30)) signs.add(`${flow.get(30, 30, 0) > 0} ${flow.get(30, 30, 1) > 0}`);
  }
  assertEquals(signs.size, 4);
});

Deno.test("the same stream gives the same sample, another one another", () => {
  const source = sample(96, 112);
  const settings = { ...augmentation.chairs, crop: { height: 40, width: 48 } };
  const [a, b, c] = [1, 1, 2].map((n) => packed(augment(source, settings, stream(n), 7).image2));
  assertEquals(a, b);
  assert(a.some((v, i) => v !== c[i]));
});

Deno.test("noise spreads as its deviation says, and is another on each picture", () => {
  const source = sample(96, 112);
  const still = { kind: "uniform", mean: 0, spread: 0 } as const;
  const settings: PwcNetAugmentation = {
    ...cropsAndFlips({ height: 64, width: 64 }),
    place: { translation: still, rotation: still, zoom: still, squeeze: still },
    flips: { horizontal: 0, vertical: 0 },
  };
  const clean = augment(source, settings, stream(1), 0);
  const noise = { ...still, mean: 0.04 };
  const noisy = augment(source, { ...settings, noise }, stream(1), 0);
  const difference = (key: "image1" | "image2") => {
    const [a, b] = [noisy[key], clean[key]].map((view) => packed(view));
    return Float32Array.from(a, (v, i) => v - b[i]);
  };
  const [first, second] = [difference("image1"), difference("image2")];
  const deviation = Math.sqrt(first.reduce((sum, d) => sum + d * d, 0) / first.length);
  assertAlmostEquals(deviation, 0.04 * 255, 0.3);
  const together = first.reduce((sum, d, i) => sum + d * second[i], 0) / first.length;
  assert(Math.abs(together) < 0.05 * deviation ** 2);
});

Deno.test("the second picture's own change grows with the steps", () => {
  const moving = sample(96, 112);
  const still = { ...moving, flow: ndarray(new Float32Array(2 * 96 * 112), [96, 112, 2]) };
  const nothing = { kind: "uniform", mean: 0, spread: 0 } as const;
  const settings: PwcNetAugmentation = {
    ...placesOnly("chairs"),
    place: { translation: nothing, rotation: nothing, zoom: nothing, squeeze: nothing },
  };
  const spread = (step: number) => {
    let sum = 0;
    for (let n = 0; n < 8; n++) {
      const { flow } = augment(still, settings, stream(n), step);
      sum += packed(flow).reduce((total, v) => total + v * v, 0);
    }
    return sum;
  };
  assertAlmostEquals(spread(1_000_000) / spread(0), 4, 0.2);
  assertAlmostEquals(spread(49_999) / spread(0), 2.25, 0.1);
});

Deno.test("a crop that is larger than the pictures is refused by name", () => {
  const settings = cropsAndFlips({ height: 100, width: 64 });
  assertThrows(() => augment(sample(96, 112), settings, stream(0), 0), UsageError, "100x64");
});

/** Every draw of some settings, by its place among them. */
function drawsOf(settings: object, at = ""): [string, Draw][] {
  return Object.entries(settings).flatMap(([name, value]): [string, Draw][] => {
    if (typeof value !== "object" || value === null) return [];
    const path = at === "" ? name : `${at}.${name}`;
    return "kind" in value ? [[path, value]] : drawsOf(value, path);
  });
}

Deno.test("KITTI's numbers are drawn every second time, the first picture's place always", () => {
  const { kitti, ...others } = augmentation;
  const draws = drawsOf(kitti);
  assertEquals(draws.length, 26);
  for (const [path, { probability }] of draws) {
    assertEquals(probability, path === "place.translation" ? undefined : 0.5, path);
  }
  // But for that, they are FlyingChairs' own.
  assertEquals(
    draws.map(([path, { kind, mean, spread }]) => [path, { kind, mean, spread }]),
    drawsOf(augmentation.chairs),
  );
  for (const settings of Object.values(others)) {
    assert(drawsOf(settings).every(([, { probability }]) => probability === undefined));
  }
});

Deno.test("as many numbers stay neutral as their probability says", () => {
  const source = sample(96, 112);
  const still = { kind: "uniform", mean: 0, spread: 0 } as const;
  const base: PwcNetAugmentation = {
    ...cropsAndFlips({ height: 32, width: 32 }),
    place: { translation: still, rotation: still, zoom: still, squeeze: still },
    flips: { horizontal: 0, vertical: 0 },
  };
  const neutral = augment(source, base, stream(0), 0);
  const times = 400;
  /** How often the first picture is as if nothing had been drawn. */
  const zeros = (settings: Partial<PwcNetAugmentation>) => {
    let count = 0;
    for (let n = 0; n < times; n++) {
      const { image1 } = augment(source, { ...base, ...settings }, stream(n), 0);
      const [a, b] = [packed(image1), packed(neutral.image1)];
      if (a.every((value, i) => value === b[i])) count++;
    }
    return count;
  };
  const { noise, place: { translation, rotation } } = augmentation.kitti;
  // Four standard deviations of 400 throws of a coin.
  const isHalf = (count: number) => assert(Math.abs(count - times / 2) < 40, `${count}`);
  isHalf(zeros({ noise }));
  isHalf(zeros({ place: { ...base.place, rotation } }));
  assertEquals(zeros({ place: { ...base.place, translation } }), 0);
  assertEquals(zeros({}), times);
});

Deno.test("a pair with flow beyond the longest is unknown throughout, and else as it was", () => {
  const { things } = augmentation;
  assertEquals(things.longest, 1000);
  const settings = { ...things, crop: { height: 40, width: 48 } };
  const plain = { ...settings, longest: undefined };
  const source = sample(96, 112);
  const usual = augment(source, plain, stream(1), 7);
  assertEquals(augment(source, settings, stream(1), 7), usual);
  assert(packed(usual.valid).some((known) => known === 1));

  /** One vector in the unknown corner, or one at the far end. */
  const withVector = (y: number, x: number, u: number, v: number) => {
    const flow = ndarray(packed(source.flow).slice(), [96, 112, 2]);
    flow.set(y, x, 0, u);
    flow.set(y, x, 1, v);
    return { ...source, flow };
  };
  const unknown = augment(withVector(95, 111, 800, -601), settings, stream(1), 7);
  assert(packed(unknown.valid).every((known) => known === 0));
  assert(packed(unknown.flow).every((value) => value === 0));
  assertEquals(packed(unknown.image2), packed(usual.image2));
  for (const kept of [withVector(95, 111, 800, -600), withVector(0, 0, 9000, 0)]) {
    assert(packed(augment(kept, settings, stream(1), 7).valid).some((known) => known === 1));
  }
});
