import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import { releaseFree, submit } from "./backend.ts";
import { emptyPool } from "./buffer_pool.ts";
import { tilesInUse, tileTable, useTiles } from "./kernels/tiles.ts";
import "./kernels/kernel_test_support.ts";
import { deviceMemory } from "./speed.ts";

/** A convolution of a picture with an odd number of rows, whose operands are copied into textures. */
const convolved = (rows: number) =>
  tf.tidy(() => {
    const picture = tf.ones([1, rows, 7, 5]) as tf.Tensor4D;
    return tf.sum(tf.conv2d(picture, tf.ones([3, 3, 5, 9]) as tf.Tensor4D, 1, "valid"));
  });

Deno.test("buffers and textures that are free are gone, and the others keep their numbers", async () => {
  const before = tilesInUse();
  useTiles(tileTable.software);
  try {
    releaseFree();
    const kept = tf.range(0, 12_345);
    const doubled = tf.mul(kept, 2);
    const sizes = [31, 33, 35, 37];
    const wanted = sizes.map((rows) => (rows - 2) * 5 * 9 * 45);
    const numbers = async () => {
      const sums = sizes.map(convolved);
      const read = await Promise.all(sums.map((sum) => sum.data()));
      tf.dispose(sums);
      return read.map(([sum]) => sum);
    };
    assertEquals(await numbers(), wanted);
    submit();
    const { used } = deviceMemory();
    // Recorded and not submitted, with operands that are free already.
    const pending = convolved(39);
    assertGreater(deviceMemory().held, used + 4);
    releaseFree();
    assertEquals(deviceMemory(), { used: used + 4, held: used + 4 });
    assertEquals(await pending.data(), Float32Array.of(37 * 5 * 9 * 45));
    assertEquals((await doubled.data()).every((value, i) => value === 2 * i), true);
    assertEquals(await numbers(), wanted);
    tf.dispose([kept, doubled, pending]);
    const { numBytesInGPU } = tf.memory() as unknown as { numBytesInGPU: number };
    releaseFree();
    assertEquals(tf.memory(), { ...tf.memory(), numBytesAllocatedInGPU: numBytesInGPU });
  } finally {
    useTiles(before);
  }
});

Deno.test("a pool of another make is refused before anything is destroyed", () => {
  const pool = { freeBuffers: new Map(), numFreeBuffers: 0, numBytesAllocated: 0 };
  emptyPool(pool);
  for (
    const other of [
      {},
      { ...pool, freeBuffers: [] },
      { ...pool, freeBuffers: new Map([["4_128", [{}]]]) },
      { ...pool, numFreeBuffers: 1 },
      { ...pool, numBytesAllocated: undefined },
    ]
  ) {
    assertThrows(() => emptyPool(other), Error, "is not the one we know");
  }
});
