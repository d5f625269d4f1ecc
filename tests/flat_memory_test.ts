/**
 * Training holds the same memory at its last step as at its first ones: tensors, bytes on the
 * device, and the process as a whole.
 *
 * With `REFLOW_LONG=1` it trains for 1,000 steps, which takes a few minutes, and prints what it
 * found; the process' memory says something only then.
 */
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { useBackend } from "../nn/backend.ts";
import { adamwDefaults } from "../nn/optimizer.ts";
import { deviceMemory } from "../nn/speed.ts";
import { Raft, type RaftConfig, small } from "../replications/raft/model.ts";
import { lossOf, noiseBatch } from "../replications/raft/speed_training.ts";
import { type Stage, train } from "../replications/training.ts";

await useBackend("webgpu");

const LONG = Deno.env.get("REFLOW_LONG") === "1";
const STEPS = LONG ? 1000 : 30;
/** Steps until pipelines are compiled and pools filled. */
const WARM = LONG ? 100 : 10;

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

/** What is there after a step. */
interface Moment {
  readonly tensors: number;
  readonly used: number;
  readonly held: number;
  readonly resident: number;
}

const now = (): Moment => ({
  tensors: tf.memory().numTensors,
  ...deviceMemory(),
  resident: Deno.memoryUsage().rss,
});

/** The least of what a stretch of steps saw: garbage comes and goes, a leak stays. */
const least = (moments: readonly Moment[], what: keyof Moment) =>
  Math.min(...moments.map((moment) => moment[what]));

Deno.test(`memory is flat over ${STEPS} training steps`, async () => {
  const model = new Raft(narrow);
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
      checkpointEvery: LONG ? 100 : 10,
      onStep: () => moments.push(now()),
    });
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
  assertEquals(tf.memory().numTensors, before);
  model.dispose();

  // After the last step no further batch lies ready.
  const steady = moments.slice(WARM, -1);
  const { tensors, used, held } = steady[0];
  assertGreater(used, 2 ** 20);
  for (const moment of steady) {
    assertEquals([moment.tensors, moment.used], [tensors, used]);
    assertLess(Math.abs(moment.held - held), 0.01 * held);
  }
  if (!LONG) return;
  const tenth = steady.length / 10 | 0;
  const [first, last] = [steady.slice(0, tenth), steady.slice(-tenth)];
  const [from, to] = [first, last].map((moments) => least(moments, "resident"));
  const heldTo = steady.at(-1)!.held;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.error(
    `steps ${WARM + 1} to ${STEPS - 1}: ${tensors} tensors, ${mib(used)} in use throughout; ` +
      `${mib(held)} held, then ${mib(heldTo)}; ` +
      `process at least ${mib(from)} in the first tenth, ${mib(to)} in the last`,
  );
  assert(to < 1.05 * from, `the process grew from ${mib(from)} to ${mib(to)}`);
});
