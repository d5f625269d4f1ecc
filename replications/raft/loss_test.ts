import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../nn/backend.ts";
import { readSafetensors } from "../../nn/weights/safetensors.ts";
import { toFloat32 } from "../../nn/weights/tensor_file.ts";
import { sequenceLoss } from "./loss.ts";

await useBackend("webgpu");

Deno.test("sequenceLoss() and its gradient equal PyTorch's", async () => {
  const path = "../../tests/reference/fixtures/raft/kernels/sequence_loss.safetensors";
  const { tensors, metadata } = await readSafetensors(new URL(path, import.meta.url).pathname);
  const tensor = (name: string) => {
    const stored = tensors.get(name)!;
    return tf.tensor(toFloat32(stored), stored.shape);
  };
  const truth = tensor("truth") as tf.Tensor4D;
  const valid = tf.expandDims(tensor("valid"), 3) as tf.Tensor4D;
  const predictions = tf.unstack(tensor("flows")) as tf.Tensor4D[];
  const { value, grads } = tf.engine().gradients(
    () => sequenceLoss(predictions, truth, valid, Number(metadata.gamma)),
    predictions,
  );
  assertAlmostEquals((await value.data())[0], Number(metadata.loss), 1e-5);
  const gradient = await tf.stack(grads).data();
  const wanted = toFloat32(tensors.get("flows_gradient")!);
  assert(gradient.every((g, i) => Math.abs(g - wanted[i]) < 1e-8));
});

Deno.test("sequenceLoss() counts invalid pixels in the mean and far flows not at all", async () => {
  const truth = tf.tensor4d([3, 4, 300, 300, 0, 0, 1, 1], [1, 1, 4, 2]);
  const valid = tf.tensor4d([1, 1, 0, 1], [1, 1, 4, 1]);
  const zero = tf.zeros<tf.Rank.R4>([1, 1, 4, 2]);
  // |3| + |4| + |1| + |1| over eight numbers; 300 px in both components is beyond 400 px.
  const loss = sequenceLoss([zero, zero], truth, valid, 0.5);
  assertEquals(await loss.data(), Float32Array.of(9 / 8 * 1.5));
});
