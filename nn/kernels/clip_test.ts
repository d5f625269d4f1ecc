import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { chunkSquares, chunkSquaresOracle, clipFactor, clipFactorOracle } from "./clip.ts";
import { chunksOnDevice, flat, table } from "./flat_test_support.ts";
import { assertClose, onDevice, repeated, take } from "./kernel_test_support.ts";

/** Float32 through a sum of thousands. */
const TOLERANCE = 1e-6;
const CHUNKS = table.length / 3;

Deno.test("chunks' squares match their oracle, and go behind those of earlier arrays", async () => {
  const values = flat("values");
  const chunks = chunksOnDevice(2);
  const x = onDevice(values);
  const actual = await repeated("squares", () => {
    const sums = tf.fill([CHUNKS + 2], -1);
    chunkSquares(x, chunks, sums);
    return sums;
  });
  const expected = Float64Array.of(-1, -1, ...chunkSquaresOracle(values.data, table));
  assertClose(actual, { shape: [CHUNKS + 2], data: expected }, TOLERANCE);
  tf.dispose([x, chunks.table]);
});

for (const count of [1, 3, 17, 1000]) {
  Deno.test(`clipping ${count} chunks scales down to the norm asked for, never up`, async () => {
    const squares = Float32Array.from({ length: count }, (_, i) => 1 + i % 7);
    const tensor = tf.tensor1d(squares);
    for (const maximum of [0.5, 1e6, Infinity]) {
      const actual = await repeated("clip", () => clipFactor(tensor, maximum));
      const expected = clipFactorOracle(squares, maximum);
      assertClose(actual, { shape: [2], data: Float64Array.from(expected) }, TOLERANCE);
      assertEquals(expected[0] < 1, maximum === 0.5);
    }
    tensor.dispose();
  });
}

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
