import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { oracleOf, stopGradient } from "./kernel.ts";
import "./kernel_test_support.ts";

Deno.test("a kernel nobody defined has no oracle", () => {
  assertThrows(() => oracleOf("Nothing"), Error, "no kernel is called Nothing");
});

Deno.test("no gradient passes a stop, and the values do", async () => {
  const x = tf.tensor1d([1, 2, 3]);
  const gradient = tf.grad((x) => tf.mul(x, stopGradient(x)))(x);
  assertEquals(await gradient.data(), Float32Array.of(1, 2, 3));
  tf.dispose([x, gradient]);
});

Deno.test("a stopped tensor outlives the one it came from", async () => {
  const x = tf.add(tf.tensor1d([1, 2, 3]), 1);
  const before = tf.memory().numDataBuffers;
  const stopped = stopGradient(x);
  x.dispose();
  assertEquals(await stopped.data(), Float32Array.of(2, 3, 4));
  assertEquals(tf.memory().numDataBuffers, before);
  stopped.dispose();
  assertEquals(tf.memory().numDataBuffers, before - 1);
});
