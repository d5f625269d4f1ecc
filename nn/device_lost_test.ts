/**
 * What a lost device does to those who wait for it. In a file of its own, which has a device of its
 * own: no test can follow.
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { EnvironmentError } from "../base/errors.ts";
import { readLater, settle, submit, useBackend } from "./backend.ts";
import "./kernels/kernel_test_support.ts";

/** The error says what happened, and how to go on. */
async function assertLost(what: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(what, EnvironmentError, "lost");
  assertEquals(error.exitCode, 4);
  assertStringIncludes(error.nextStep, "--resume");
}

Deno.test("who waits for a lost device is told so, and how to go on", async () => {
  await useBackend("webgpu");
  const [x, y] = [tf.fill([5], 2), tf.tensor1d([1, 2, 3])];
  assertEquals(await x.data(), new Float32Array(5).fill(2));
  const early = readLater([x]);
  submit();
  (tf.backend() as WebGPUBackend).device.destroy();
  await assertLost(early);
  await assertLost(() => x.data());
  await assertLost(settle);
  await assertLost(readLater([x]));
  // What is still on the host cannot be brought to the device.
  const error = assertThrows(() => tf.square(y), EnvironmentError, "lost");
  assertStringIncludes(error.nextStep, "--resume");
});
