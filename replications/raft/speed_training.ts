/**
 * What of RAFT's training is worth timing and counting: a step, what it asks of the device, and the
 * memory between its loss and its gradients.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Contest, SpeedCase } from "../../base/speed_case.ts";
import { randomStream } from "../../base/random.ts";
import { settle } from "../../nn/backend.ts";
import { backward } from "../../nn/backward.ts";
import { type KernelSet, useKernelSet } from "../../nn/kernels/selection.ts";
import { createOptimizer } from "../../nn/optimizers.ts";
import { asNew, GpuMeter, MemoryMeter } from "../../nn/speed.ts";
import { trainStep } from "../training_step.ts";
import { sequenceLoss } from "./loss.ts";
import { Raft, small } from "./model.ts";
import { raft } from "./raft.ts";

/** The demo's training step on a batch of its own, with a learning rate of zero. */
async function openDemo(dataDir: string) {
  const job = await raft.training(raft.recipes.demo, { seed: 0, dataDir });
  const [stage] = job.stages;
  const batch = await stage.batch(0);
  stage.begin();
  const optimizers = {
    tuned: createOptimizer(job.network, stage.optimizer, "tuned"),
    stock: createOptimizer(job.network, stage.optimizer, "stock"),
  };
  const tensors = Object.values(batch);
  return {
    async step(set: KernelSet) {
      useKernelSet(set);
      asNew(tensors);
      await trainStep(job.network, optimizers[set], stage.loss, batch, 0);
    },
    /** The loss and the gradients; these are one part, since some are zero but for rounding. */
    async gradients(set: KernelSet) {
      useKernelSet(set);
      const parameters = job.network.trainable.map(({ tensor }) => tensor);
      const computeLoss = () => stage.loss(batch);
      // Ours as a training step takes them; the others by TensorFlow.js' own way back.
      const { value, grads } = tf.tidy(() =>
        set === "tuned"
          ? backward(computeLoss, parameters)
          : tf.engine().gradients(computeLoss, parameters)
      );
      const values = await Promise.all([value, ...grads].map((tensor) => tensor.data()));
      tf.dispose([value, ...grads]);
      const [loss, ...gradients] = values as Float32Array[];
      return [loss, gradients.flatMap((gradient) => [...gradient])];
    },
    close() {
      useKernelSet("tuned");
      tf.dispose(tensors);
      for (const optimizer of Object.values(optimizers)) optimizer.dispose();
      job.dispose();
    },
  };
}

async function trainingContest(dataDir: string): Promise<Contest> {
  const demo = await openDemo(dataDir);
  const contestant = (set: KernelSet, name: string) => ({
    name,
    call: () => demo.step(set),
    settle,
    result: () => demo.gradients(set),
  });
  return {
    ours: contestant("tuned", "ours"),
    alternative: contestant("stock", "TensorFlow.js"),
    // A ReLU that another rounding turns on or off changes whole gradients a little.
    tolerance: 1e-2,
    close: demo.close,
  };
}

/** What a training step asks of the device. */
async function readStep(dataDir: string, unit: "dispatches" | "submits") {
  const demo = await openDemo(dataDir);
  const count = async (set: KernelSet, name: string) => {
    await demo.step(set);
    await settle();
    const meter = new GpuMeter();
    try {
      await demo.step(set);
      await settle();
    } finally {
      meter.close();
    }
    return { name, values: [meter[unit]] };
  };
  try {
    return {
      ours: await count("tuned", "ours"),
      alternative: await count("stock", "TensorFlow.js"),
    };
  } finally {
    demo.close();
  }
}

/** The demo's batch, in words. */
function demoShape(): string {
  const { demo } = raft.recipes;
  const [{ crop, batch }] = raft.plan(demo);
  return `batch ${batch} of ${crop}, ${demo.iterations} updates`;
}

/** The demo's step, and what it asks of the device. */
export function trainingCases(dataDir: string): SpeedCase[] {
  const [{ gigaflop }] = raft.plan(raft.recipes.demo);
  const shape = demoShape();
  const counted = (unit: "dispatches" | "submits", note: string): SpeedCase => ({
    name: `${unit} of a demo training step`,
    shape,
    note,
    measure: { unit, read: () => readStep(dataDir, unit) },
  });
  return [
    {
      name: "demo training step",
      shape,
      work: { amount: gigaflop * 1e9, unit: "flop" },
      goal: 8,
      most: 3,
      measure: { open: () => trainingContest(dataDir) },
    },
    counted("dispatches", "Wanted: at most 300"),
    counted("submits", "Reads of loss and norm included"),
  ];
}

/** Noise in the place of a batch: training takes as much time and memory for it. */
export function noiseBatch(height: number, width: number, batch = 1) {
  const stream = randomStream(0, "training step", batch, height, width);
  const noise = (channels: number, deviation: number) => {
    const size = batch * height * width * channels;
    const values = Float32Array.from({ length: size }, () => stream.normal(0, deviation));
    return tf.tensor4d(values, [batch, height, width, channels]);
  };
  return { image1: noise(3, 60), image2: noise(3, 60), flow: noise(2, 3), valid: noise(1, 1) };
}

/** A model's loss on such a batch. */
export function lossOf(model: Raft, batch: ReturnType<typeof noiseBatch>, updates: number) {
  const { image1, image2, flow, valid } = batch;
  return sequenceLoss(model.predictions(image1, image2, updates), flow, valid, 0.8);
}

/** RAFT-small's gradients, with what lies in between kept or recomputed. */
function openSmall(height: number, width: number, updates: number) {
  const model = new Raft(small);
  const batch = noiseBatch(height, width);
  const tensors = Object.values(batch);
  return {
    gradients(recompute: boolean): tf.Tensor[] {
      model.memoryMode.recompute = recompute;
      asNew(tensors);
      const parameters = model.network.trainable.map(({ tensor }) => tensor);
      const { value, grads } = backward(() => lossOf(model, batch, updates), parameters);
      return [value, ...grads];
    },
    close() {
      tf.dispose(tensors);
      model.dispose();
    },
  };
}

const RECOMPUTED = "recomputed", KEPT = "kept";

/** Recomputing against keeping, as the same gradients to the bit. */
function recomputingContest(height: number, width: number, updates: number): Contest {
  const work = openSmall(height, width, updates);
  const contestant = (name: string) => {
    const run = () => work.gradients(name === RECOMPUTED);
    return {
      name,
      call: () => tf.dispose(run()),
      settle,
      async result() {
        const tensors = run();
        const values = await Promise.all(tensors.map((tensor) => tensor.data()));
        tf.dispose(tensors);
        return values as Float32Array[];
      },
    };
  };
  const [ours, alternative] = [contestant(RECOMPUTED), contestant(KEPT)];
  return { ours, alternative, tolerance: 0, close: work.close };
}

/** The most that `run` uses, once whatever it needs but once is there. */
async function bytesOf(name: string, run: () => Promise<void>) {
  await run();
  const meter = new MemoryMeter();
  try {
    await run();
    return { name, values: [meter.beyond] };
  } finally {
    meter.close();
  }
}

/** Bytes of the demo's gradients on both kernel sets. */
async function readDemo(dataDir: string) {
  const demo = await openDemo(dataDir);
  try {
    return {
      ours: await bytesOf("ours", async () => void await demo.gradients("tuned")),
      alternative: await bytesOf("TensorFlow.js", async () => void await demo.gradients("stock")),
    };
  } finally {
    demo.close();
  }
}

/** Bytes of RAFT-small's gradients, recomputed and kept. */
async function readSmall(height: number, width: number, updates: number) {
  const work = openSmall(height, width, updates);
  const bytes = (name: string) =>
    bytesOf(name, async () => {
      tf.dispose(work.gradients(name === RECOMPUTED));
      await settle();
    });
  try {
    return { ours: await bytes(RECOMPUTED), alternative: await bytes(KEPT) };
  } finally {
    work.close();
  }
}

/** Memory of training. */
export function memoryCases(dataDir: string): SpeedCase[] {
  const [height, width] = [128, 256];
  const shape = (updates: number) => `batch 1 of ${height}×${width}, ${updates} updates`;
  return [
    {
      name: "demo step's gradients, bytes",
      shape: demoShape(),
      note: "Each by its own way back over the tape",
      measure: { unit: "bytes", read: () => readDemo(dataDir) },
    },
    ...[1, 4, 12].map((updates): SpeedCase => ({
      name: "RAFT-small's gradients, bytes",
      shape: shape(updates),
      measure: { unit: "bytes", read: () => readSmall(height, width, updates) },
    })),
    {
      name: "RAFT-small's gradients, time",
      shape: shape(12),
      note: "What recomputing costs",
      most: 3,
      measure: { open: () => Promise.resolve(recomputingContest(height, width, 12)) },
    },
  ];
}
