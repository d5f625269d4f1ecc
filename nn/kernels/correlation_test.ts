import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  correlationPyramid,
  correlationVolume,
  type Lookup,
  lookupOnDemand,
  lookupVolume,
  pyramidSize,
} from "./correlation.ts";
import { pixelGrid } from "./grid_sample.ts";
import type { HostTensor } from "./kernel.ts";
import {
  assertClose,
  drawn,
  drawnCoords,
  fixture,
  FORWARD,
  GRADIENT,
  onDevice,
  take,
} from "./kernel_test_support.ts";

type LookUp = (f1: tf.Tensor4D, f2: tf.Tensor4D, coords: tf.Tensor4D, at: Lookup) => tf.Tensor4D;

const fromVolume: LookUp = (f1, f2, coords, at) =>
  lookupVolume(correlationVolume(f1, correlationPyramid(f2, at.levels)), coords, at);

const onDemand: LookUp = (f1, f2, coords, at) =>
  lookupOnDemand(f1, correlationPyramid(f2, at.levels), coords, at);

/** On demand for any D: zeros fill up to a multiple of 4, and f1 makes good for the larger √D. */
const onDemandPadded: LookUp = (f1, f2, coords, at) => {
  const depth = f1.shape[3], missing = (4 - depth % 4) % 4;
  const fill = (x: tf.Tensor4D) => tf.pad(x, [[0, 0], [0, 0], [0, 0], [0, missing]]);
  return onDemand(fill(tf.mul(f1, Math.sqrt((depth + missing) / depth))), fill(f2), coords, at);
};

const lookups: [string, LookUp][] = [["volume", fromVolume], ["on demand", onDemandPadded]];

for (const name of ["official", "one_pixel_level", "empty_level"]) {
  Deno.test(`lookups agree with the reference: correlation_${name}`, async () => {
    const { tensors, metadata } = await fixture(`kernels/correlation_${name}`);
    const [fmap1, fmap2, dy] = [tensors.fmap1, tensors.fmap2, tensors.output_gradient]
      .map((tensor) => onDevice<tf.Tensor4D>(tensor));
    const coords = onDevice<tf.Tensor4D>(tensors.coords);
    const [, height, width] = fmap2.shape;
    const at = { height, width, levels: Number(metadata.levels), radius: Number(metadata.radius) };
    for (const [kind, lookup] of lookups) {
      const output = await take(tf.tidy(() => lookup(fmap1, fmap2, coords, at)));
      assertClose(output, tensors.output, FORWARD, kind);
      const [d1, d2] = tf.tidy(() =>
        tf.grads((a, b) => lookup(a as tf.Tensor4D, b as tf.Tensor4D, coords, at))(
          [fmap1, fmap2],
          dy,
        )
      );
      assertClose(await take(d1), tensors.fmap1_gradient, GRADIENT, `${kind}, fmap1`);
      assertClose(await take(d2), tensors.fmap2_gradient, GRADIENT, `${kind}, fmap2`);
    }
    tf.dispose([fmap1, fmap2, dy, coords]);
  });
}

/** Feature maps drawn for a test, D = 8. */
function features(batch: number, height: number, width: number): tf.Tensor4D[] {
  return ["f1", "f2"].map((label) => onDevice(drawn(label, [batch, height, width, 8])));
}

Deno.test("looking up in the volume and on demand gives the same", async () => {
  for (const [height, width] of [[3, 17], [17, 3], [9, 10]]) {
    const [f1, f2] = features(3, height, width);
    const coords = onDevice<tf.Tensor4D>(drawnCoords([3, height, width], [height, width]));
    const at = { height, width, levels: 4, radius: 3 };
    const [held, fresh] = await Promise.all(
      [fromVolume, onDemand].map((lookup) => take(tf.tidy(() => lookup(f1, f2, coords, at)))),
    );
    assertClose(fresh, held, FORWARD, `${height}x${width}`);
    tf.dispose([f1, f2, coords]);
  }
});

Deno.test("identical pictures correlate by |f|²/√D at zero offset", async () => {
  const [f] = features(2, 5, 7);
  const at = { height: 5, width: 7, levels: 1, radius: 1 };
  for (const lookup of [fromVolume, onDemand]) {
    const centre = tf.tidy(() => {
      const windows = lookup(f, f, tf.tile(pixelGrid(5, 7), [2, 1, 1, 1]), at);
      return tf.slice(windows, [0, 0, 0, 4], [-1, -1, -1, 1]);
    });
    const squares = tf.tidy(() => tf.mul(tf.sum(tf.square(f), 3, true), 1 / Math.sqrt(8)));
    assertClose(await take(centre), await take(squares), FORWARD);
  }
  f.dispose();
});

/** The position of a map's largest value among `channels` at pixel (x, y). */
function peak({ shape: [, , width, channels], data }: HostTensor, x: number, y: number): number {
  const start = (y * width + x) * channels;
  const window = data.slice(start, start + channels);
  return window.indexOf(Math.max(...window));
}

Deno.test("features shifted by whole pixels peak at the channel of that shift", async () => {
  const size = 9, radius = 2, side = 2 * radius + 1;
  // Orthogonal features: each pixel's only match is its own copy.
  const f1 = tf.tidy(() => tf.reshape(tf.eye(size * size), [1, size, size, size * size]));
  const depth = tf.tidy(() => tf.pad(f1, [[0, 0], [0, 0], [0, 0], [0, 3]])) as tf.Tensor4D;
  for (const [u, v] of [[2, -1], [-2, 0], [0, 1], [1, 2]]) {
    const f2 = tf.tidy(() => {
      const around = tf.pad(depth, [[0, 0], [2, 2], [2, 2], [0, 0]]);
      return tf.slice(around, [0, 2 - v, 2 - u, 0], [1, size, size, -1]) as tf.Tensor4D;
    });
    const at = { height: size, width: size, levels: 1, radius };
    for (const lookup of [fromVolume, onDemand]) {
      const windows = await take(tf.tidy(() => lookup(depth, f2, pixelGrid(size, size), at)));
      assertEquals(peak(windows, 4, 4), (u + radius) * side + (v + radius), `shift ${u}, ${v}`);
      assertEquals(peak(windows, 3, 5), (u + radius) * side + (v + radius), `shift ${u}, ${v}`);
    }
    f2.dispose();
  }
  tf.dispose([f1, depth]);
});

Deno.test("the pyramid is every level's mean, row-major, one level after the other", async () => {
  const f2 = drawn("pyramid", [1, 5, 7, 4]);
  const pyramid = await take(tf.tidy(() => correlationPyramid(onDevice(f2), 3)));
  assertEquals(pyramid.shape, [1, 35 + 6 + 1, 4]);
  assertEquals(pyramidSize({ height: 5, width: 7, levels: 3, radius: 1 }), 42);
  assertEquals(pyramid.data.slice(0, f2.data.length), f2.data);
  const mean = (rows: number, columns: number, y: number, x: number) => {
    let sum = 0;
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) sum += f2.data[((y + j) * 7 + x + i) * 4 + 1];
    }
    return sum / (rows * columns);
  };
  assertAlmostEquals(pyramid.data[(35 + 5) * 4 + 1], mean(2, 2, 2, 4), 1e-6);
  assertAlmostEquals(pyramid.data[41 * 4 + 1], mean(4, 4, 0, 0), 1e-6);
});
