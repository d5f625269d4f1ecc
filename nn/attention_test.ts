import * as tf from "@tensorflow/tfjs";
import { attention, attentionWeights } from "./attention.ts";
import {
  assertClose,
  drawn,
  fixture,
  FORWARD,
  GRADIENT,
  onDevice,
  repeated,
  take,
} from "./kernels/kernel_test_support.ts";

const attend = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, scale?: number) =>
  attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { scale });

Deno.test("attention agrees with PyTorch, gradients included", async () => {
  const { tensors } = await fixture("kernels/attention");
  const names = ["q", "k", "v"];
  const inputs = names.map((name) => onDevice(tensors[name]));
  const dy = onDevice(tensors.output_gradient);
  const gradients = tf.valueAndGrads((q, k, v): tf.Tensor => attend(q, k, v).output);
  const { value, grads } = tf.tidy(() => gradients(inputs, dy));
  assertClose(await take(value), tensors.output, FORWARD);
  for (const [i, name] of names.entries()) {
    assertClose(await take(grads[i]), tensors[`${name}_gradient`], GRADIENT, name);
  }
});

Deno.test("the weights add up to one, mix the values, and carry a gradient", async () => {
  const [q, k] = ["q", "k"].map((label) => onDevice<tf.Tensor4D>(drawn(label, [2, 3, 5, 7])));
  const v = onDevice<tf.Tensor4D>(drawn("v", [2, 3, 5, 4]));
  const result = (compute: () => tf.Tensor) => repeated("attention", compute);
  const sums = await result(() => tf.sum(attentionWeights(q, k), -1));
  assertClose(sums, { shape: [2, 3, 5], data: new Float64Array(30).fill(1) }, FORWARD);
  assertClose(
    await result(() => tf.matMul(attend(q, k, v, 0.3).weights, v)),
    await result(() => attend(q, k, v, 0.3).output),
    0,
  );
  const peak = (x: tf.Tensor) =>
    tf.sum(tf.square(attentionWeights(x as tf.Tensor4D, k, { scale: 0.3 })));
  const plain = (x: tf.Tensor) =>
    tf.sum(tf.square(tf.softmax(tf.mul(tf.matMul(x, k, false, true), 0.3))));
  assertClose(
    await result(() => tf.grad(peak)(q)),
    await result(() => tf.grad(plain)(q)),
    FORWARD,
  );
});
