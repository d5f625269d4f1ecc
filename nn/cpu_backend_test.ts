// Every test file is a process of its own to TensorFlow.js, so that this one may choose the CPU.
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { EnvironmentError } from "../base/errors.ts";
import { backendInUse, settle, useBackend } from "./backend.ts";
import { adamwOracle, adamwUpdate, clipFactor } from "./kernels/adamw.ts";
import { convexUpsample } from "./kernels/convex_upsample.ts";
import { readSafetensors } from "./weights/safetensors.ts";
import { toFloat32 } from "./weights/tensor_file.ts";

assertEquals(backendInUse(), null);
await useBackend("cpu");

Deno.test("a process on the CPU stays there", async () => {
  assertEquals(await useBackend("cpu"), null);
  await assertRejects(() => useBackend("webgpu"), EnvironmentError, "cpu backend to webgpu");
  await settle();
});

Deno.test("operations and their gradients run by their oracles", async () => {
  const folder = new URL("../tests/reference/fixtures/raft/kernels/", import.meta.url);
  const file = new URL("upsample_convex.safetensors", folder);
  const { tensors } = await readSafetensors(fromFileUrl(file));
  const stored = (name: string) => toFloat32(tensors.get(name)!);
  const [flow, mask, dy] = ["flow", "mask", "output_gradient"].map((name) =>
    tf.tensor(stored(name), tensors.get(name)!.shape)
  );
  const upsample = (f: tf.Tensor, m: tf.Tensor): tf.Tensor =>
    convexUpsample(f as tf.Tensor4D, m as tf.Tensor4D);
  const { value, grads } = tf.valueAndGrads(upsample)([flow, mask], dy);
  const results = { output: value, flow_gradient: grads[0], mask_gradient: grads[1] };
  for (const [name, tensor] of Object.entries(results)) {
    const expected = stored(name), actual = await tensor.data();
    const largest = Math.max(...expected.map(Math.abs));
    assert(expected.every((e, i) => Math.abs(e - actual[i]) <= 1e-6 * largest), name);
  }
});

Deno.test("a dilated convolution's gradient is refused, not computed wrongly", () => {
  const [x, filter] = [tf.ones([1, 5, 5, 1]), tf.ones([3, 3, 1, 1])];
  const grad = (dilation: number) =>
    tf.grad((x) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same", "NHWC", dilation))(
      x,
    );
  assertThrows(() => grad(2), Error, "on the webgpu backend only");
  assertEquals(grad(1).dataSync()[12], 9);
});

Deno.test("AdamW updates in place", async () => {
  const [parameter, gradient, moments] = [
    tf.tensor1d([1, -2]),
    tf.tensor1d([3, 4]),
    tf.zeros([2, 2]),
  ];
  const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
  const clip = clipFactor([gradient], 1);
  assertEquals((await clip.data())[1], 5);
  adamwUpdate(parameter, gradient, moments, clip, { ...settings, step: 1 });
  const expected = Float32Array.of(1, -2);
  const factor = (await clip.data())[0];
  adamwOracle(expected, Float32Array.of(3, 4), new Float32Array(4), factor, {
    ...settings,
    step: 1,
  });
  assertEquals(await parameter.data(), expected);
});
