import * as tf from "@tensorflow/tfjs";
import { convexUpsample } from "./convex_upsample.ts";
import { hostZeros, oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  fixture,
  FORWARD,
  GRADIENT,
  onDevice,
  take,
} from "./kernel_test_support.ts";

Deno.test("logits far from zero neither overflow nor vanish", async () => {
  const flow = drawn("flow", [1, 3, 3, 2]);
  const mask = drawn("mask", [1, 3, 3, 576], 500);
  await assertMatchesOracle("ConvexUpsample", { flow, mask }, {}, FORWARD);
});

Deno.test("flow's and mask's gradients are the slopes of the oracle", async () => {
  for (const [height, width] of [[1, 1], [1, 17], [3, 3]]) {
    await assertGradients(
      `convex ${height}x${width}`,
      ({ flow, mask }) => convexUpsample(flow as tf.Tensor4D, mask as tf.Tensor4D),
      (host) => oracleOf("ConvexUpsample")(host, {}),
      { flow: drawn("flow", [2, height, width, 2]), mask: drawn("mask", [2, height, width, 576]) },
      ["flow", "mask"],
    );
  }
});

Deno.test("convex upsampling agrees with the reference, gradients included", async () => {
  const { tensors } = await fixture("kernels/upsample_convex");
  const [flow, mask] = [tensors.flow, tensors.mask].map((t) => onDevice<tf.Tensor4D>(t));
  assertClose(await take(convexUpsample(flow, mask)), tensors.output, FORWARD);
  const [dFlow, dMask] = tf.grads((f, m) => convexUpsample(f as tf.Tensor4D, m as tf.Tensor4D))(
    [flow, mask],
    onDevice(tensors.output_gradient),
  );
  assertClose(await take(dFlow), tensors.flow_gradient, GRADIENT, "flow");
  assertClose(await take(dMask), tensors.mask_gradient, GRADIENT, "mask");
});

Deno.test("a mask that picks the centre gives 8 · flow, each value 8×8 times", async () => {
  const flow = drawn("flow", [2, 3, 5, 2]);
  const mask = hostZeros([2, 3, 5, 576]);
  for (let i = 0; i < mask.data.length; i++) if (Math.floor(i % 576 / 64) === 4) mask.data[i] = 100;
  const up = await take(convexUpsample(onDevice(flow), onDevice(mask)));
  const nearest = hostZeros([2, 24, 40, 2]);
  for (let i = 0; i < nearest.data.length; i++) {
    const x = (i >> 1) % 40, y = Math.floor(i / 80);
    nearest.data[i] = 8 * flow.data[((y >> 3) * 5 + (x >> 3)) * 2 + i % 2];
  }
  assertClose(up, nearest, FORWARD);
});

Deno.test("away from the borders any mask reproduces a constant flow", async () => {
  const mask = onDevice<tf.Tensor4D>(drawn("mask", [1, 5, 6, 576], 3));
  const flow = tf.tile(tf.tensor4d([1.25, -3.5], [1, 1, 1, 2]), [1, 5, 6, 1]) as tf.Tensor4D;
  const inner = tf.slice(convexUpsample(flow, mask), [0, 8, 8, 0], [1, 24, 32, 2]);
  const expected = hostZeros([1, 24, 32, 2]);
  expected.data.forEach((_, i) => expected.data[i] = i % 2 ? -28 : 10);
  assertClose(await take(inner), expected, FORWARD);
});
