import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { settle, useBackend } from "../../nn/backend.ts";
import { backward } from "../../nn/backward.ts";
import { adamwDefaults } from "../../nn/optimizer_config.ts";
import { createOptimizer } from "../../nn/optimizers.ts";
import { GpuMeter, MemoryMeter } from "../../nn/speed.ts";
import { trainStep } from "../training_step.ts";
import { large, Raft, type RaftConfig } from "./model.ts";
import { recipes } from "./recipes.ts";
import { lossOf, noiseBatch } from "./speed_training.ts";

await useBackend("webgpu");

const MIB = 2 ** 20;

/** A step's loss and gradients, and the most that it used beyond what was there before. */
async function step(raft: Raft, batch: ReturnType<typeof noiseBatch>, iterations: number) {
  const parameters = raft.network.trainable.map(({ tensor }) => tensor);
  const meter = new MemoryMeter();
  const { value, grads } = backward(() => lossOf(raft, batch, iterations), parameters);
  meter.close();
  const values = await Promise.all([value, ...grads].map((tensor) => tensor.data()));
  tf.dispose([value, grads]);
  return { bytes: meter.beyond, values };
}

/** RAFT (large) at a quarter of its widths. */
const narrow: RaftConfig = {
  ...large,
  encoder: [16, 16, 24, 32],
  features: 64,
  hidden: 32,
  context: 32,
  motion: { convc1: 64, convc2: 48, convf1: 32, convf2: 16, conv: 30 },
  head: 64,
};

for (const [kind, config] of Object.entries({ small: recipes.demo.model, large: narrow })) {
  Deno.test(`recomputing (${kind}) gives the same bits in less memory, flat in iterations`, async () => {
    const raft = new Raft(config);
    const batch = noiseBatch(64, 96);
    await step(raft, batch, 1); // the parameters come to the device
    const bytes: Record<string, number> = {};
    for (const iterations of [2, 6]) {
      raft.memoryMode.recompute = false;
      const kept = await step(raft, batch, iterations);
      raft.memoryMode.recompute = true;
      const again = await step(raft, batch, iterations);
      assertEquals(again.values, kept.values);
      assert(again.values.every((part) => part.some((value) => value !== 0)));
      bytes[`kept ${iterations}`] = kept.bytes;
      bytes[`again ${iterations}`] = again.bytes;
    }
    const growth = (mode: string) => bytes[`${mode} 6`] - bytes[`${mode} 2`];
    assertLess(bytes["again 6"], 0.6 * bytes["kept 6"]);
    assertLess(growth("again"), 0.2 * growth("kept"));
    tf.dispose(Object.values(batch));
    raft.dispose();
  });
}

Deno.test("recomputing leaves the running statistics of batch normalisation the same bits", async () => {
  const batch = noiseBatch(64, 96, 2);
  const after = async (recompute: boolean) => {
    const raft = new Raft(narrow);
    raft.batchNormMode.batchStatistics = true;
    raft.memoryMode.recompute = recompute;
    const { values } = await step(raft, batch, 2);
    raft.network.afterStep();
    const state = await raft.network.stateDict();
    raft.dispose();
    const buffers = [...state].filter(([name]) => /running_|num_batches/.test(name));
    return { values, buffers: new Map(buffers.map(([name, { data }]) => [name, data])) };
  };
  const kept = await after(false);
  assertEquals(await after(true), kept);
  assertEquals(kept.buffers.get("cnet.norm1.num_batches_tracked"), BigInt64Array.of(1n));
  for (const [name, data] of kept.buffers) {
    if (name.includes("running_mean")) assert(data.some((value) => value !== 0), name);
  }
  tf.dispose(Object.values(batch));
});

/** The demo's model, and a batch in the shape of its own. */
function demo() {
  const { model, iterations, stages: [{ batch, data: [{ augmentation }] }] } = recipes.demo;
  const { height, width } = augmentation.crop;
  return { raft: new Raft(model), batch: noiseBatch(height, width, batch), iterations };
}

Deno.test("activations of the demo's training step stay within 80 MiB", async () => {
  const { raft, batch, iterations } = demo();
  await step(raft, batch, 1);
  const { bytes } = await step(raft, batch, iterations);
  assertLess(bytes, 80 * MIB);
  assertGreater(bytes, 20 * MIB);
  tf.dispose(Object.values(batch));
  raft.dispose();
});

Deno.test("a training step of the demo takes at most 600 dispatches and 3 submits", async () => {
  const { raft, batch, iterations } = demo();
  const optimizer = createOptimizer(raft.network, adamwDefaults);
  const loss = () => lossOf(raft, batch, iterations);
  await trainStep(raft.network, optimizer, loss, batch, 0);
  await settle();
  const meter = new GpuMeter();
  await trainStep(raft.network, optimizer, loss, batch, 0);
  await settle();
  meter.close();
  assertLessOrEqual(meter.dispatches, 600);
  assertGreater(meter.dispatches, 200);
  assertLessOrEqual(meter.submits, 3);
  tf.dispose(Object.values(batch));
  optimizer.dispose();
  raft.dispose();
});
