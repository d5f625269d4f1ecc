import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ndarray, packed } from "../base/arrays.ts";
import { EnvironmentError } from "../base/errors.ts";
import { largestBinding, useBackend } from "../nn/backend.ts";
import { pictureTensor, requireRoom, takeFlows } from "./flow_tensors.ts";

await useBackend("webgpu");

Deno.test("pictureTensor() keeps values and order of a picture, and of a part of one", async () => {
  const picture = ndarray(Uint8Array.from({ length: 3 * 17 * 3 }, (_, i) => 5 * i), [3, 17, 3]);
  for (const part of [picture, picture.lo(1, 2).hi(1, 3), picture.step(-1, 1)]) {
    const tensor = pictureTensor(part);
    assertEquals(tensor.shape, [1, ...part.shape]);
    assertEquals(Array.from(await tensor.data()), Array.from(packed(part)));
    tensor.dispose();
  }
});

Deno.test("takeFlows() reads flows in their order and frees them, also where it fails", async () => {
  const before = tf.memory().numTensors;
  const flow = (values: number[], height: number, width: number) =>
    tf.tensor4d(values, [1, height, width, 2]);
  const fields = await takeFlows([flow([1, 2, 3, 4, 5, 6], 3, 1), flow([7, 8], 1, 1)]);
  assertEquals(fields.map(({ shape }) => shape), [[3, 1, 2], [1, 1, 2]]);
  assertEquals(fields.map((field) => Array.from(packed(field))), [[1, 2, 3, 4, 5, 6], [7, 8]]);
  const gone = flow([1, 2], 1, 1);
  gone.dispose();
  await assertRejects(() => takeFlows([flow([1, 2], 1, 1), gone]), Error, "disposed");
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("requireRoom() refuses from one number beyond the adapter's limit on", () => {
  const limit = largestBinding();
  requireRoom([20, 30, 3], limit / 4, "");
  const error = assertThrows(
    () => requireRoom([20, 30, 3], limit / 4 + 1, "Do this."),
    EnvironmentError,
    `on 30×20 pictures: a feature map of ${Math.ceil((limit + 4) / 2 ** 20)} MiB exceeds`,
  );
  assertEquals(error.nextStep, "Do this.");
});
