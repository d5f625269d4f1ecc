import * as tf from "@tensorflow/tfjs";
import { assertClose, assertMatchesOracle, drawn, FORWARD, take } from "./kernel_test_support.ts";
import { shrinkFlow } from "./shrink_flow.ts";

Deno.test("shrunk flow matches its oracle, whatever is unknown", async () => {
  for (const [fine, coarse] of [[[1, 1], [1, 1]], [[17, 3], [5, 1]], [[16, 24], [4, 6]]]) {
    for (const share of [0, 1, 2]) {
      const flow = drawn("flow", [2, ...fine, 2]);
      const valid = drawn("valid", [2, ...fine, 1]);
      valid.data.forEach((v, i) => valid.data[i] = share === 2 || share === 1 && v > -0.3 ? 1 : 0);
      const [height, width] = coarse;
      const at = { height, width, factor: 0.05 };
      await assertMatchesOracle("ShrinkFlow", { flow, valid }, at, FORWARD);
    }
  }
});

Deno.test("constant flow stays constant, and unknown vectors don't enter", async () => {
  const flow = tf.tile(tf.tensor4d([2, -6], [1, 1, 1, 2]), [1, 8, 12, 1]) as tf.Tensor4D;
  const hole = tf.tidy(() => {
    const one = tf.pad(tf.ones([1, 1, 1, 1]), [[0, 0], [3, 4], [4, 7], [0, 0]]);
    return [tf.add(flow, tf.mul(one, 1e9)), tf.sub(1, one)];
  }) as tf.Tensor4D[];
  const expected = tf.tile(tf.tensor4d([1, -3, 1], [1, 1, 1, 3]), [1, 2, 3, 1]);
  const shrunk = await take(shrinkFlow(hole[0], hole[1], 2, 3, 0.5));
  assertClose(shrunk, await take(expected), FORWARD);
  tf.dispose([flow, hole]);
});
