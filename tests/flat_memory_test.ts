/**
 * Training holds the same memory at its last step as at its first ones: tensors, bytes on the
 * device, and the process as a whole.
 *
 * With `REFLOW_LONG=1` it trains for 1,000 steps, which takes a few minutes, and prints what it
 * found; the process' memory says something only then. It is looked at past a garbage collection:
 * what commands leave behind (bind groups, encoders) goes with the collector, which sees only how
 * little of it is JavaScript's.
 */
import v8 from "node:v8";
import vm from "node:vm";
import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { useBackend } from "../nn/backend.ts";
import { adamwDefaults } from "../nn/optimizer_config.ts";
import { deviceMemory } from "../nn/speed.ts";
import { Raft, type RaftConfig, small } from "../replications/raft/model.ts";
import { lossOf, noiseBatch } from "../replications/raft/speed_training.ts";
import { type Stage, train } from "../replications/training.ts";

await useBackend("webgpu");

const LONG = Deno.env.get("REFLOW_LONG") === "1";
const STEPS = LONG ? 1000 : 30;
/** Steps until pipelines are compiled and pools filled. */
const WARM = LONG ? 100 : 10;
/** Steps between checkpoints, before which no step is begun ahead. */
const CHECKPOINT = LONG ? 100 : 10;
/** Steps between two looks at the process. */
const LOOK = 25;

/** RAFT-small at a quarter of its widths. */
const narrow: RaftConfig = {
  ...small,
  encoder: [8, 8, 16, 24],
  features: 32,
  hidden: 24,
  context: 16,
  levels: 2,
  motion: { convc1: 24, convc2: 0, convf1: 16, convf2: 8, conv: 22 },
  head: 32,
};

/** What is on the device after a step. */
interface Moment {
  readonly tensors: number;
  readonly used: number;
  readonly held: number;
}

const now = (): Moment => ({ tensors: tf.memory().numTensors, ...deviceMemory() });

/** Frees what nobody refers to any more. */
function collectGarbage(): void {
  v8.setFlagsFromString("--expose-gc");
  vm.runInNewContext("gc")();
}

Deno.test(`memory is flat over ${STEPS} training steps`, async () => {
  const model = new Raft(narrow);
  const resident: number[] = []; // after every LOOK steps
  const stage: Stage = {
    name: "noise",
    steps: STEPS,
    optimizer: adamwDefaults,
    schedule: () => 1e-4,
    begin() {},
    batch: () => Promise.resolve(noiseBatch(32, 32)),
    loss: (batch) => lossOf(model, batch as ReturnType<typeof noiseBatch>, 3),
  };
  const before = tf.memory().numTensors;
  const moments: Moment[] = [];
  const runs = await Deno.makeTempDir({ prefix: "reflow-flat-" });
  try {
    await train({ network: model.network, stages: [stage], configHash: "flat" }, {
      folder: await RunFolder.create(runs, "flat"),
      resume: false,
      checkpointEvery: CHECKPOINT,
      onStep(done) {
        if (done % CHECKPOINT !== 0) moments.push(now());
        if (!LONG || done % LOOK !== 0) return;
        collectGarbage();
        resident.push(Deno.memoryUsage().rss);
      },
    });
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
  assertEquals(tf.memory().numTensors, before);
  model.dispose();

  // Before the last step no further batch lies ready.
  const steady = moments.slice(WARM, -1);
  const { tensors, used, held } = steady[0];
  assertGreater(used, 2 ** 20);
  for (const moment of steady) {
    assertEquals([moment.tensors, moment.used], [tensors, used]);
    assertLess(Math.abs(moment.held - held), 0.01 * held);
  }
  if (!LONG) return;
  const heldTo = steady.at(-1)!.held;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const most = (from: number, to: number) =>
    Math.max(...resident.slice(from * STEPS / LOOK, to * STEPS / LOOK));
  const [middle, end] = [most(0.4, 0.6), most(0.8, 1)];
  console.error(
    `steps ${WARM + 1} to ${STEPS - 1}: ${tensors} tensors, ${mib(used)} in use throughout; ` +
      `${mib(held)} held, then ${mib(heldTo)}; ` +
      `process at most ${mib(middle)} in steps 400 to 600, ${mib(end)} in the last 200`,
  );
  assertLess(end, 1.03 * middle);
});
