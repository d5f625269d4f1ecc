import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertGreater } from "@std/assert";
import { settle, useBackend } from "../backend.ts";
import { GpuMeter } from "./gpu_meter.ts";

await useBackend("webgpu");
const device = (tf.backend() as unknown as { device: GPUDevice }).device;

Deno.test("buffers and textures count while they live", () => {
  const meter = new GpuMeter();
  try {
    const usage = GPUBufferUsage.STORAGE;
    const buffer = device.createBuffer({ size: 1024, usage });
    const texture = device.createTexture({
      size: [4, 8],
      format: "rgba32float",
      usage: GPUTextureUsage.TEXTURE_BINDING,
    });
    assertEquals([meter.bytes, meter.peakBytes], [1024 + 512, 1024 + 512]);
    buffer.destroy();
    buffer.destroy();
    texture.destroy();
    device.createBuffer({ size: 256, usage }).destroy();
    assertEquals([meter.bytes, meter.peakBytes], [0, 1024 + 512]);
  } finally {
    meter.close();
  }
});

Deno.test("dispatches and submits are counted until the meter is closed", async () => {
  const x = tf.ones([8, 8]);
  await x.data();
  await settle();
  const meter = new GpuMeter();
  let y: tf.Tensor;
  try {
    y = tf.tidy(() => tf.mul(tf.add(x, x), x));
    await settle();
  } finally {
    meter.close();
  }
  assertEquals([meter.dispatches, meter.submits], [2, 1]);
  assertGreater(meter.peakBytes, 2 * 4 * 64 - 1);
  tf.dispose([y, tf.add(x, x)]);
  await settle();
  assertEquals([meter.dispatches, meter.submits], [2, 1]);
});
