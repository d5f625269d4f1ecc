import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import type { Contest, Result, SpeedCase } from "../../base/speed_case.ts";
import { useBackend } from "../backend.ts";
import { constant } from "../initializers.ts";
import { Network, Scope } from "../network.ts";
import {
  activationCases,
  correlationCases,
  matrixProductCases,
  normalizationCases,
  optimizerCase,
  samplingCases,
  transformerCases,
} from "./operations.ts";

await useBackend("webgpu");

async function opened({ measure }: SpeedCase): Promise<Contest> {
  if (!("open" in measure)) throw new Error("no contest");
  return await measure.open();
}

/** Largest difference of two results relative to the largest number of its part. */
function apart(a: Result, b: Result): number {
  assertEquals(a.map(({ length }) => length), b.map(({ length }) => length));
  return Math.max(...b.map((part, i) => {
    let worst = 0, largest = 0;
    for (let j = 0; j < part.length; j++) {
      worst = Math.max(worst, Math.abs(a[i][j] - part[j]));
      largest = Math.max(largest, Math.abs(part[j]));
    }
    assertGreater(largest, 0);
    return worst / largest;
  }));
}

/** Opens a case, has all its ways agree, and expects it to leave nothing behind. */
async function assertSound(of: SpeedCase): Promise<void> {
  const before = tf.memory().numTensors;
  const { ours, alternative, expected, tolerance, close } = await opened(of);
  const own = await ours.result();
  for (const other of [alternative, expected]) {
    if (!other) continue;
    assertLessOrEqual(apart(own, await other.result!()), tolerance, `${of.name} ${of.shape}`);
  }
  ours.call();
  await ours.settle();
  await close();
  assertEquals(tf.memory().numTensors, before, `${of.name} leaves tensors behind`);
}

Deno.test("the smallest case of each kind is sound", async () => {
  for (
    const of of [
      matrixProductCases().at(-1)!,
      ...transformerCases(),
      ...normalizationCases().slice(4, 6),
      ...activationCases().slice(2, 4),
      ...activationCases().slice(-2),
      correlationCases()[0],
      ...samplingCases(),
    ]
  ) await assertSound(of);
});

Deno.test("an optimiser's update starts from the same parameters on both sets", async () => {
  const build = () => {
    const network = new Network(randomStream(0, "optimizer case"));
    const scope = new Scope(network);
    scope.parameter("weight", [6, 5, 3, 3], constant(1));
    scope.parameter("bias", [6], constant(1));
    return network;
  };
  const of = optimizerCase("update", "toy", build);
  await assertSound(of);
  const { ours, alternative, close } = await opened(of);
  const untouched = await Promise.all(
    build().trainable.map(({ tensor }) => tensor.data() as Promise<Float32Array>),
  );
  for (const contestant of [ours, alternative!, ours]) {
    const change = apart(await contestant.result!(), untouched);
    // A first step of AdamW moves each parameter by about the learning rate.
    assertGreater(change, 5e-4);
    assertLessOrEqual(change, 2e-3);
    for (let i = 0; i < 3; i++) contestant.call();
    await contestant.settle();
  }
  await close();
});
