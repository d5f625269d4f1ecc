// Every test file is a process of its own to TensorFlow.js, so that this one may choose the CPU.
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { EnvironmentError } from "../base/errors.ts";
import { randomStream } from "../base/random.ts";
import { settle, useBackend } from "./backend.ts";
import { Ema } from "./ema.ts";
import { convexUpsample } from "./kernels/convex_upsample.ts";
import { Network, Scope } from "./network.ts";
import { adamwDefaults, larsDefaults, type OptimizerConfig } from "./optimizer_config.ts";
import { createOptimizer } from "./optimizers.ts";
import { readSafetensors } from "./weights/safetensors.ts";
import { toFloat32 } from "./weights/tensor_file.ts";

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

Deno.test("optimisers and averages work on the numbers in place", async () => {
  const first = [1, -2, 2];
  const gradient = Float32Array.of(3, 0, 4);
  const step = async (config: OptimizerConfig) => {
    const network = new Network(randomStream(1, "cpu"));
    const scope = new Scope(network);
    const [w, teacher] = ["w", "teacher"].map((name) =>
      scope.parameter(name, [3, 1], () => Float32Array.from(first))
    );
    const optimizer = createOptimizer(network, config);
    const clip = optimizer.clip([tf.tensor2d(gradient, [3, 1]), tf.zeros([3, 1])]);
    optimizer.update(clip, 0.5);
    const ema = new Ema([[network.trainable[1], network.trainable[0]]]);
    const before = (await teacher.data()).slice();
    ema.update(0.75);
    const after = await w.data();
    const expected = before.map((x, i) => 0.75 * x + 0.25 * after[i]);
    close(await teacher.data(), expected);
    assertEquals((await clip.data())[1], 5);
    for (const thing of [optimizer, ema, network]) thing.dispose();
    return after;
  };
  const close = (actual: ArrayLike<number>, expected: ArrayLike<number>) =>
    assert(Array.from(expected).every((x, i) => Math.abs(x - actual[i]) < 1e-6), `${actual}`);

  // The first step of AdamW has length 1 wherever there is a gradient.
  const adamw = { ...adamwDefaults, weightDecay: 0.1 };
  close(await step(adamw), first.map((x, i) => x * 0.95 - 0.5 * Math.sign(gradient[i])));
  const common = { momentum: 0.9, weightDecay: 0, clipNorm: 1 };
  close(await step({ ...common, kind: "sgd" }), first.map((x, i) => x - 0.1 * gradient[i]));
  // |w| = 3: LARS moves by 0.5 · 0.1 · 3 in the gradient's direction.
  const lars = { ...larsDefaults, weightDecay: 0, eta: 0.1 };
  close(await step(lars), first.map((x, i) => x - 0.15 * gradient[i] / 5));
});
