import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { copyNumbers } from "./in_place.ts";
import { drawn, onDevice, take } from "./kernel_test_support.ts";

Deno.test("copies keep their order among themselves and among operations", async () => {
  const x = tf.square(tf.tensor1d([1, 2, 3]));
  const y = tf.zeros([5]);
  copyNumbers([
    { from: x, fromOffset: 0, to: y, toOffset: 1, size: 3 },
    { from: x, fromOffset: 2, to: y, toOffset: 0, size: 1 },
    { from: x, fromOffset: 1, to: y, toOffset: 3, size: 2 },
  ]);
  const doubled = tf.mul(y, 2);
  x.dispose(); // before anything was submitted
  assertEquals(await doubled.data(), Float32Array.of(18, 2, 8, 8, 18));
  tf.dispose([y, doubled]);
});

Deno.test("a convolution reads a filter's new numbers after a copy into it", async () => {
  const picture = tf.ones([1, 4, 4, 1]) as tf.Tensor4D;
  const [filter, other] = [1, 3].map((value) => tf.fill([1, 1, 1, 1], value) as tf.Tensor4D);
  const convolved = async () => {
    const y = tf.conv2d(picture, filter, 1, "same");
    const [first] = await y.data();
    y.dispose();
    return first;
  };
  assertEquals(await convolved(), 1);
  copyNumbers([{ from: other, fromOffset: 0, to: filter, toOffset: 0, size: 1 }]);
  assertEquals(await convolved(), 3);
  tf.dispose([picture, filter, other]);
});

Deno.test("copies renew what textures hold of a tensor, over several of their rows", async () => {
  // 4, 4096 and 4100 texels, and rows of three channels, which lie in the texture with gaps.
  for (const shape of [[1, 1, 4, 4], [1, 1, 128, 128], [1, 1, 205, 80], [1, 1, 5, 3]]) {
    const picture = onDevice<tf.Tensor4D>(drawn("picture", [1, 3, 3, shape[2]]));
    const [filter, other, fresh] = ["filter", "other", "other"].map((name) =>
      onDevice<tf.Tensor4D>(drawn(name, shape))
    );
    const convolved = (filter: tf.Tensor4D) => take(tf.conv2d(picture, filter, 1, "same"));
    await convolved(filter);
    copyNumbers([{ from: other, fromOffset: 0, to: filter, toOffset: 0, size: other.size }]);
    assertEquals((await convolved(filter)).data, (await convolved(fresh)).data);
    tf.dispose([picture, filter, other, fresh]);
  }
});
