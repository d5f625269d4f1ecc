import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { chunkSquares, chunkSquaresOracle, clipFactor, clipFactorOracle } from "./clip.ts";
import { chunksOnDevice, flat, type Layout, layouts, ODD } from "./flat_test_support.ts";
import { assertClose, onDevice, repeated, sweep, SWEPT, take } from "./kernel_test_support.ts";

/** Float32 through a sum of thousands. */
const TOLERANCE = 1e-6;

async function assertSquares(layout: Layout): Promise<void> {
  const values = flat(layout, "values");
  const chunks = chunksOnDevice(layout, 2);
  const x = onDevice(values);
  const actual = await repeated("squares", () => {
    const sums = tf.fill([chunks.count + 2], -1);
    chunkSquares(x, chunks, sums);
    return sums;
  });
  const expected = Float64Array.of(-1, -1, ...chunkSquaresOracle(values.data, layout.table));
  assertClose(actual, { shape: [chunks.count + 2], data: expected }, TOLERANCE);
  tf.dispose([x, chunks.table]);
}

Deno.test(`squares of chunks match their oracle in ${SWEPT} arrays, behind those of earlier ones`, () =>
  sweep(layouts, assertSquares, [ODD]));

const counts = fc.integer({ min: 1, max: 3000 });

Deno.test("clipping scales down to the norm asked for, never up", () =>
  sweep(counts, async (count) => {
    const squares = Float32Array.from({ length: count }, (_, i) => 1 + i % 7);
    const tensor = tf.tensor1d(squares);
    for (const maximum of [0.5, 1e6, Infinity]) {
      const actual = await repeated("clip", () => clipFactor(tensor, maximum));
      const expected = clipFactorOracle(squares, maximum);
      assertClose(actual, { shape: [2], data: Float64Array.from(expected) }, TOLERANCE);
      assertEquals(expected[0] < 1, maximum === 0.5);
    }
    tensor.dispose();
  }, [1, 3, 17]));

Deno.test("gradients of zero are not divided by their norm", async () => {
  for (const maximum of [1, Infinity]) {
    const { data } = await take(clipFactor(tf.zeros([3]), maximum));
    assertEquals(data, Float32Array.of(1, 0));
  }
});

Deno.test("a norm that is not finite is reported as such", async () => {
  for (const bad of [NaN, Infinity]) {
    const { data } = await take(clipFactor(tf.tensor1d([1, bad, 2]), 1));
    assertEquals(Number.isFinite(data[1]), false);
  }
});
