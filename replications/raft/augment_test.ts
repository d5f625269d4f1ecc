import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type FlowField, type Mask, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import { randomStream } from "../../base/random.ts";
import type { FlowSample } from "../../datasets/sample.ts";
import {
  augmentation,
  augmentDense,
  augmentSparse,
  type DenseAugmentation,
  type SparseAugmentation,
} from "./augment.ts";

const noJitter = { brightness: 0, contrast: 0, saturation: 0, hue: 0 };
const noEraser = { ...augmentation.chairs.eraser, probability: 0 };
const crop = { height: 40, width: 48 };
const dense: DenseAugmentation = { ...augmentation.chairs, crop };
const sparse: SparseAugmentation = { ...augmentation.kittiInSintel, crop };
const denseGeometry: DenseAugmentation = { ...dense, jitter: noJitter, eraser: noEraser };
const sparseGeometry: SparseAugmentation = { ...sparse, jitter: noJitter, eraser: noEraser };
/** Only what each test switches on. */
const still: DenseAugmentation = {
  ...denseGeometry,
  resizeProbability: 0,
  flips: { horizontal: 0, vertical: 0 },
};

type Vector = [u: number, v: number];

/** A smooth colour texture, and a picture pair that moves by the flow exactly. */
function sample(
  height: number,
  width: number,
  flowAt: (x: number, y: number) => Vector = (x, y) => [
    3 + 0.04 * (x - 40) - 0.02 * y,
    -2 + 0.03 * x + 0.05 * (y - 30),
  ],
): FlowSample {
  const texture = (x: number, y: number, channel: number) =>
    128 + 60 * Math.sin(0.21 * x + 0.09 * y + channel) +
    50 * Math.sin(0.17 * y - 0.1 * x + channel);
  const pixels1: number[] = [], pixels2: number[] = [], vectors: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = flowAt(x, y);
      vectors.push(u, v);
      for (let channel = 0; channel < 3; channel++) {
        pixels1.push(Math.round(texture(x + u, y + v, channel)));
        pixels2.push(Math.round(texture(x, y, channel)));
      }
    }
  }
  return {
    id: "analytic",
    image1: ndarray(Uint8Array.from(pixels1), [height, width, 3]),
    image2: ndarray(Uint8Array.from(pixels2), [height, width, 3]),
    flow: ndarray(Float32Array.from(vectors), [height, width, 2]),
    valid: ndarray(new Uint8Array(height * width).fill(1), [height, width]),
  };
}

/** Mean grey difference between image 1 and image 2 warped by `sign` times the flow. */
function warpError({ image1, image2, flow, valid }: FlowSample, sign: Vector = [1, 1]): number {
  const [height, width] = valid.shape;
  let sum = 0, count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const toX = x + sign[0] * flow.get(y, x, 0), toY = y + sign[1] * flow.get(y, x, 1);
      const left = Math.floor(toX), top = Math.floor(toY);
      const inside = left >= 0 && top >= 0 && left < width - 1 && top < height - 1;
      if (!inside || valid.get(y, x) === 0) continue;
      const a = toX - left, b = toY - top;
      for (let channel = 0; channel < 3; channel++) {
        const at = (dy: number, dx: number) => image2.get(top + dy, left + dx, channel);
        const warped = (1 - b) * ((1 - a) * at(0, 0) + a * at(0, 1)) +
          b * ((1 - a) * at(1, 0) + a * at(1, 1));
        sum += Math.abs(warped - image1.get(y, x, channel));
        count++;
      }
    }
  }
  assert(count > 0);
  return sum / count;
}

/** All arrays of a sample as plain row-major data. */
function contents({ image1, image2, flow, valid }: FlowSample) {
  return [image1, image2, flow, valid].map((array) => ({
    shape: array.shape,
    data: packed<Uint8Array | Float32Array>(array).slice(),
  }));
}

const variants = {
  augmentDense: (given: FlowSample, seed: number) =>
    augmentDense(given, dense, randomStream(seed, "augment")),
  augmentSparse: (given: FlowSample, seed: number) =>
    augmentSparse(given, sparse, randomStream(seed, "augment")),
};

Deno.test("augmentation holds the published settings of each stage", () => {
  const { chairs, things, sintel, kittiInSintel, hd1k, kitti } = augmentation;
  assertEquals([chairs, things, sintel, kittiInSintel, hd1k, kitti].map((s) => [...s.scale]), [
    [-0.1, 1],
    [-0.4, 0.8],
    [-0.2, 0.6],
    [-0.3, 0.5],
    [-0.5, 0.2],
    [-0.2, 0.4],
  ]);
  assertEquals(
    [chairs, things, sintel, kittiInSintel, hd1k, kitti].map((s) => [s.crop.height, s.crop.width]),
    [[368, 496], [400, 720], [368, 768], [368, 768], [368, 768], [288, 960]],
  );
  assertEquals([kittiInSintel, hd1k, kitti].map((s) => s.horizontalFlip), [0.5, 0.5, 0]);
});

Deno.test("augmentDense() keeps flow and pictures consistent through scale, stretch, flips, crop", () => {
  const given = sample(72, 90);
  for (let seed = 0; seed < 25; seed++) {
    const augmented = augmentDense(given, denseGeometry, randomStream(seed, "geometry"));
    const error = warpError(augmented);
    assert(error < 1.5, `seed ${seed}: ${error}`);
    assert(warpError(augmented, [-1, 1]) > 3 * error, `seed ${seed}: the sign of u matters`);
    assert(warpError(augmented, [1, -1]) > 3 * error, `seed ${seed}: the sign of v matters`);
  }
});

Deno.test("augmentSparse() keeps flow and pictures consistent", () => {
  const given = sample(72, 90);
  for (let seed = 0; seed < 25; seed++) {
    const augmented = augmentSparse(given, sparseGeometry, randomStream(seed, "geometry"));
    const error = warpError(augmented);
    assert(error < 1.5, `seed ${seed}: ${error}`);
    assert(warpError(augmented, [-1, 1]) > 3 * error, `seed ${seed}: the sign of u matters`);
  }
});

Deno.test("both variants return samples of exactly the crop's size", () => {
  const side = fc.integer({ min: 9, max: 40 });
  fc.assert(
    fc.property(side, side, fc.nat(12), fc.nat(12), fc.nat(), (h, w, roomY, roomX, seed) => {
      const given = sample(h + roomY, w + roomX);
      const size = { height: h, width: w };
      for (
        const augmented of [
          augmentDense(given, { ...dense, crop: size }, randomStream(seed, "a")),
          augmentSparse(given, { ...sparse, crop: size }, randomStream(seed, "a")),
        ]
      ) {
        assertEquals(
          contents(augmented).map((array) => array.shape),
          [[h, w, 3], [h, w, 3], [h, w, 2], [h, w]],
        );
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("both variants repeat themselves, differ by seed, and leave the sample alone", () => {
  const given = sample(72, 90);
  const before = contents(given);
  for (const augment of Object.values(variants)) {
    for (let seed = 0; seed < 12; seed++) {
      const once = contents(augment(given, seed));
      assertEquals(once, contents(augment(given, seed)));
      assert(
        once[0].data.some((value, i) => value !== contents(augment(given, seed + 1))[0].data[i]),
      );
    }
  }
  assertEquals(contents(given), before);
});

Deno.test("both variants read views as they read packed arrays", () => {
  const whole = sample(80, 100);
  const views: FlowSample = {
    id: whole.id,
    image1: whole.image1.lo(4, 6).hi(72, 90),
    image2: whole.image2.step(1, -1).lo(4, 6).hi(72, 90),
    flow: whole.flow.lo(4, 6).hi(72, 90),
    valid: whole.valid.lo(4, 6).hi(72, 90),
  };
  const [image1, image2, flow, valid] = contents(views)
    .map(({ data, shape }) => ndarray(data, [...shape]));
  const copies: FlowSample = {
    id: whole.id,
    image1: image1 as Picture,
    image2: image2 as Picture,
    flow: flow as FlowField,
    valid: valid as Mask,
  };
  for (const augment of Object.values(variants)) {
    for (let seed = 0; seed < 6; seed++) {
      assertEquals(contents(augment(views, seed)), contents(augment(copies, seed)));
    }
  }
});

/** Share of 1500 augmentations of a small sample for which something holds. */
function share(
  settings: DenseAugmentation,
  given: FlowSample,
  holds: (augmented: FlowSample) => boolean,
): number {
  const stream = randomStream(5, "share");
  const small = { ...settings, crop: { height: 12, width: 12 } };
  let count = 0;
  for (let i = 0; i < 1500; i++) count += Number(holds(augmentDense(given, small, stream)));
  return count / 1500;
}

Deno.test("augmentDense() does each thing as often as the paper says", () => {
  const given = sample(30, 30, () => [2, 3]);
  const alike: FlowSample = { ...given, image2: given.image1 };
  const { flips, jitter, eraser, resizeProbability } = dense;
  const same = ({ image1, image2 }: FlowSample) =>
    packed(image1).every((value, i) => value === packed(image2)[i]);
  const within = 0.05;

  assertAlmostEquals(share({ ...still, flips }, given, (s) => s.flow.data[0] < 0), 0.5, within);
  assertAlmostEquals(share({ ...still, flips }, given, (s) => s.flow.data[1] < 0), 0.1, within);
  assertAlmostEquals(share({ ...still, jitter }, alike, (s) => !same(s)), 0.2, within);
  const resized = (s: FlowSample) => s.flow.data[0] !== 2;
  assertAlmostEquals(share({ ...still, resizeProbability }, given, resized), 0.8, within);
  const stretched = (s: FlowSample) => Math.abs(s.flow.data[0] / 2 - s.flow.data[1] / 3) > 1e-4;
  assertAlmostEquals(share({ ...still, resizeProbability }, given, stretched), 0.64, within);

  // A crop of the whole picture shows every rectangle.
  const whole: FlowSample = sample(12, 12, () => [0, 0]);
  const erased = (s: FlowSample) =>
    packed(s.image2).some((value, i) => value !== whole.image2.data[i]);
  assertAlmostEquals(share({ ...still, eraser }, whole, erased), 0.5, within);
});

Deno.test("augmentDense() draws scales from the whole range, stretch included", () => {
  const given = sample(30, 30, () => [1, 1]);
  const settings: DenseAugmentation = {
    ...still,
    resizeProbability: 1,
    crop: { height: 8, width: 8 },
  };
  const stream = randomStream(6, "scale");
  const logs: Vector[] = [];
  for (let i = 0; i < 1500; i++) {
    const { flow } = augmentDense(given, settings, stream);
    logs.push([Math.log2(flow.data[0]), Math.log2(flow.data[1])]);
  }
  for (const axis of [0, 1]) {
    const least = Math.min(...logs.map((log) => log[axis]));
    const most = Math.max(...logs.map((log) => log[axis]));
    assert(least > -0.3001 && least < -0.2, `${least}`);
    assert(most < 1.2001 && most > 1.1, `${most}`);
  }
});

Deno.test("scales are raised until the crop and its margin fit", () => {
  const given = sample(20, 40, () => [1, 1]);
  const [low, size] = [[-3, -3] as const, { height: 18, width: 18 }];
  const raised = augmentDense(given, {
    ...still,
    scale: low,
    resizeProbability: 1,
    crop: size,
  }, randomStream(7, "scale"));
  assertAlmostEquals(raised.flow.data[0], (18 + 8) / 20, 1e-5);
  assertAlmostEquals(raised.flow.data[1], (18 + 8) / 20, 1e-5);
  const raisedSparse = augmentSparse(given, {
    ...sparseGeometry,
    scale: low,
    resizeProbability: 1,
    horizontalFlip: 0,
    crop: size,
  }, randomStream(7, "scale"));
  const known = [...raisedSparse.flow.data].filter((value) => value !== 0);
  for (const value of known) assertAlmostEquals(value, (18 + 1) / 20, 1e-5);
});

Deno.test("augmentDense() marks every vector that an unknown one was blended into", () => {
  const given = sample(60, 60, () => [3, 3]);
  for (const [x, y] of [[20, 20], [33, 41]]) {
    given.valid.set(y, x, 0);
    given.flow.set(y, x, 0, NaN);
    given.flow.set(y, x, 1, 0);
  }
  const stream = randomStream(8, "unknown");
  let unknown = 0;
  for (let i = 0; i < 40; i++) {
    const { flow, valid } = augmentDense(given, denseGeometry, stream);
    const vectors = new Set<string>();
    for (let at = 0; at < valid.data.length; at++) {
      const vector = [flow.data[2 * at], flow.data[2 * at + 1]];
      if (valid.data[at] === 0) {
        assertEquals(vector, [0, 0]);
        unknown++;
      } else {
        vectors.add(vector.map((value) => value.toFixed(3)).join());
      }
    }
    assertEquals(vectors.size, 1, "a constant flow stays constant wherever it is known");
  }
  assert(unknown > 0);
});

Deno.test("augmentDense() takes components from 1000 px on for unknown", () => {
  const given = sample(12, 12, () => [3, 3]);
  given.flow.set(5, 4, 1, 1000);
  given.flow.set(6, 4, 0, -1001);
  given.flow.set(7, 4, 0, 999);
  const settings = { ...still, crop: { height: 12, width: 12 } };
  const { flow, valid } = augmentDense(given, settings, randomStream(8, "unknown"));
  assertEquals([5, 6, 7, 8].map((y) => valid.get(y, 4)), [0, 0, 1, 1]);
  assertEquals([5, 6, 7].map((y) => flow.get(y, 4, 0)), [0, 0, 999]);
});

Deno.test("augmentSparse() keeps the known vectors and nothing else", () => {
  const given = sample(60, 60, () => [3, 5]);
  given.valid.data.forEach((_, i) => given.valid.data[i] = Number(i % 7 === 0));
  given.flow.data.forEach((_, i) => {
    if (given.valid.data[i >> 1] === 0) given.flow.data[i] = NaN;
  });
  const stream = randomStream(9, "sparse");
  for (let i = 0; i < 20; i++) {
    const { flow, valid } = augmentSparse(given, sparseGeometry, stream);
    const known = valid.data.reduce((sum, flag) => sum + flag, 0);
    assert(known > 0 && known < valid.data.length / 2);
    for (let at = 0; at < valid.data.length; at++) {
      const [u, v] = [flow.data[2 * at], flow.data[2 * at + 1]];
      if (valid.data[at] === 0) assertEquals([u, v], [0, 0]);
      else assertAlmostEquals(Math.abs(u) / v, 3 / 5, 1e-5);
    }
  }
});

Deno.test("both variants refuse a crop larger than the pictures", () => {
  const given = sample(39, 60);
  for (const augment of Object.values(variants)) {
    assertThrows(() => augment(given, 1), UsageError, "40x48");
  }
});
