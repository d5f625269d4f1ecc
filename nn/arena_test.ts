import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { EnvironmentError } from "../base/errors.ts";
import { Arena, Layout } from "./arena.ts";
import { useBackend } from "./backend.ts";
import { CHUNK } from "./kernels/chunks.ts";

await useBackend("webgpu");

const SIZES = [1, 3, 17, 64, 65, 200, 128];
/** 256 numbers. */
const LIMIT = 1024;

/** Tensor k holds k + 1, k + 1.001, ... */
const values = (offset = 0) =>
  SIZES.map((size, k) => Float32Array.from({ length: size }, (_, i) => k + 1 + offset + i / 1000));

Deno.test("tensors start where a binding may, and no array exceeds the limit", () => {
  const { places, lengths } = new Layout(SIZES, LIMIT);
  assertEquals(lengths, [256, 128, 256, 128]);
  assertEquals(places.map(({ part }) => part), [0, 0, 0, 0, 1, 2, 3]);
  assertEquals(places.map(({ offset }) => offset), [0, 64, 128, 192, 0, 0, 0]);
  assertEquals(new Layout(SIZES).lengths, [4 * 64 + 128 + 256 + 128]);
});

Deno.test("a tensor beyond the limit is refused", () => {
  assertThrows(() => new Layout([1, 257], LIMIT), EnvironmentError, "257 numbers");
});

Deno.test("chunks are numbered through all arrays", () => {
  const sizes = [CHUNK + 1, 3, 2 * CHUNK];
  const layout = new Layout(sizes, 4 * (2 * CHUNK));
  const chunks = layout.chunks();
  assertEquals(chunks.map(({ before, count }) => [before, count]), [[0, 3], [3, 2]]);
  assertEquals([...layout.chunkRanges()], [0, 2, 2, 3, 3, 5]);
  tf.dispose(chunks.map(({ table }) => table));
});

for (const limit of [undefined, LIMIT]) {
  Deno.test(`tensors go in and come out, limit ${limit ?? "of the adapter"}`, async () => {
    const before = tf.memory().numTensors;
    const arena = new Arena(new Layout(SIZES, limit));
    const [there, back] = [values(), values(0.5)].map((all) => all.map((v) => tf.tensor1d(v)));
    arena.gather(there);
    assertEquals(await arena.read(), values());
    arena.scatter(back);
    for (const [i, tensor] of back.entries()) assertEquals(await tensor.data(), values()[i]);
    arena.write(values(7));
    assertEquals(await arena.read(), values(7));
    for (const [i, { size }] of back.entries()) {
      const { array, offset } = arena.slot(i);
      const all = await array.data();
      assertEquals(all.slice(offset, offset + size), values(7)[i]);
      const gap = all.slice(offset + size, Math.ceil((offset + size) / 64) * 64);
      assertEquals(gap.every((x) => x === 0), true, "gaps stay zero");
    }
    tf.dispose([there, back]);
    arena.dispose();
    assertEquals(tf.memory().numTensors, before);
  });
}

Deno.test("tensors of other sizes are refused", () => {
  const arena = new Arena(new Layout([2, 3]));
  const tensors = [tf.zeros([2]), tf.zeros([4])];
  assertThrows(() => arena.gather(tensors), Error, "sizes 2,3, not 2,4");
  assertThrows(() => arena.scatter(tensors.slice(0, 1)), Error, "sizes 2,3, not 2");
  tf.dispose(tensors);
  arena.dispose();
});
