import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals } from "@std/assert";
import { drawn } from "../../nn/kernels/kernel_test_support.ts";
import { assertClose, onDevice, take } from "../../nn/kernels/kernel_test_support.ts";
import {
  fitMotion,
  motionField,
  type MotionModel,
  motionModels,
} from "../../nn/kernels/motion_fit.ts";
import { moduleFixture } from "../../tests/reference/module_fixture.ts";
import { motionLoss } from "./loss.ts";

for (const [model, terms] of Object.entries(motionModels) as [MotionModel, number][]) {
  Deno.test(`${model} motion: loss, its gradient and the fitted flow agree with PyTorch`, async () => {
    const { tensors } = await moduleFixture(`guess_what_moves/loss_${terms}`);
    const logits = onDevice<tf.Tensor4D>(tensors.logits);
    const flow = onDevice<tf.Tensor4D>(tensors.flow);
    const { value, grad } = tf.valueAndGrad((logits) =>
      motionLoss(logits as tf.Tensor4D, flow, { model })
    )(logits);
    assertAlmostEquals((await take(value)).data[0], tensors.loss.data[0], 1e-5);
    assertClose(await take(grad), tensors.logits_gradient, 1e-4);
    const masks = tf.softmax(logits);
    const [, height, width] = masks.shape;
    const small = tf.slice(flow, [0, 0, 0, 0], [-1, height, width, -1]);
    const fitted = motionField(masks, fitMotion(masks, small, { model }));
    assertClose(await take(fitted), tensors.fitted, 1e-4);
  });
}

Deno.test("the fit is the published code's, whose QR has no ridge and other coordinates", async () => {
  const { tensors } = await moduleFixture("guess_what_moves/fit_qr");
  const masks = onDevice<tf.Tensor4D>(tensors.masks), flow = onDevice<tf.Tensor4D>(tensors.flow);
  const field = (ridge?: number) =>
    motionField(masks, fitMotion(masks, flow, { model: "quadratic", ridge }));
  assertClose(await take(field(0)), tensors.fitted, 1e-4);
  assertClose(await take(field()), tensors.fitted, 2e-3);
});

/** Two moving halves and the flow they make. */
function scene() {
  const height = 16, width = 24;
  const left = Array.from({ length: height * width }, (_, i) => i % width < width / 2 ? 1 : 0);
  const flow = left.flatMap((l) => l ? [3, -1] : [-2, 4]);
  return {
    logits: (scale: number, swapped = false) =>
      tf.tensor4d(
        left.flatMap((l) => [scale * (swapped ? 1 - l : l), scale * (swapped ? l : 1 - l), 0]),
        [1, height, width, 3],
      ),
    flow: tf.tensor4d(flow, [1, height, width, 2]),
  };
}

Deno.test("the true segments explain everything, and their order doesn't matter", async () => {
  const { logits, flow } = scene();
  const loss = async (x: tf.Tensor4D, model: MotionModel = "affine") =>
    (await take(motionLoss(x, flow, { model }))).data[0];
  const sure = await loss(logits(40));
  assert(sure < 1e-5, `${sure}`);
  assertAlmostEquals(await loss(logits(3)), await loss(logits(3, true)), 1e-6);
  const random = onDevice<tf.Tensor4D>(drawn("random segments", [1, 16, 24, 3], 3));
  for (const other of [logits(0), random]) assert(await loss(other) > 100 * sure);
  // A richer motion never explains less.
  const models: MotionModel[] = ["constant", "affine", "quadratic"];
  const losses = [];
  for (const model of models) losses.push(await loss(random, model));
  assert(losses[0] > losses[1] && losses[1] > losses[2], losses.join());
});

Deno.test("masks are resized to the flow, whichever is larger", async () => {
  const { logits, flow } = scene();
  for (const [height, width] of [[8, 12], [33, 41]]) {
    const resized = tf.image.resizeNearestNeighbor(flow, [height, width]);
    const { data } = await take(motionLoss(logits(40), resized, { model: "quadratic" }));
    assert(data[0] < 0.02, `${data[0]}`);
  }
});
