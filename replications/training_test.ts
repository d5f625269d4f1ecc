import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Interrupted, ReflowError } from "../base/errors.ts";
import { randomStream } from "../base/random.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { useBackend } from "../nn/backend.ts";
import { normal } from "../nn/initializers.ts";
import { Network, Scope } from "../nn/network.ts";
import { adamwDefaults } from "../nn/optimizer_config.ts";
import { type Stage, train, type TrainingJob } from "./training.ts";
import type { Batch } from "./training_step.ts";

await useBackend("webgpu");

/** Two stages that fit a line of two parameters to noisy points. */
function lineJob(
  spoil?: { step: number; name: "x" | "y" },
): TrainingJob & { values(): Promise<number[]> } {
  const network = new Network(randomStream(1, "line"));
  const scope = new Scope(network);
  const slope = scope.parameter("slope", [1], normal(1));
  const offset = scope.parameter("offset", [1], normal(1));
  const stage = (name: string, steps: number): Stage => ({
    name,
    steps,
    optimizer: { ...adamwDefaults, weightDecay: 0 },
    schedule: () => 0.05,
    begin() {},
    batch(step): Promise<Batch> {
      const draws = randomStream(2, name, step);
      const x = Float32Array.from({ length: 8 }, () => draws.normal());
      const y = x.map((v) => 3 * v - 1 + 0.01 * draws.normal());
      if (spoil?.step === step) (spoil.name === "x" ? x : y)[3] = NaN;
      return Promise.resolve({ x: tf.tensor1d(x), y: tf.tensor1d(y) });
    },
    loss: ({ x, y }) =>
      tf.mean(tf.square(tf.sub(tf.add(tf.mul(x, slope), offset), y))) as tf.Scalar,
  });
  return {
    network,
    stages: [stage("first", 30), stage("second", 20)],
    configHash: "line",
    async values() {
      return [...await slope.data(), ...await offset.data()];
    },
  };
}

async function inFolder(use: (folder: RunFolder) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir({ prefix: "reflow-training-" });
  try {
    await use(await RunFolder.create(runs, "line"));
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

Deno.test("train() learns through all stages and keeps curves", async () => {
  await inFolder(async (folder) => {
    const job = lineJob();
    const before = tf.memory().numTensors;
    const { steps, finalLoss } = await train(job, { folder, resume: false, checkpointEvery: 7 });
    assertEquals(tf.memory().numTensors, before, "no tensor is left behind");
    const curves = await folder.readCurves();
    assertEquals([steps, curves.length], [50, 50]);
    assert(finalLoss! < curves[0].values.loss);
    const files = [...Deno.readDirSync(join(folder.path, "checkpoints"))].map(({ name }) => name);
    assertEquals(files.sort(), ["step-00000049.safetensors", "step-00000050.safetensors"]);
  });
});

Deno.test("train() stopped in either stage resumes to the same bits", async () => {
  let whole: number[] = [];
  await inFolder(async (folder) => {
    const job = lineJob();
    await train(job, { folder, resume: false, checkpointEvery: 7 });
    whole = await job.values();
  });
  for (const at of [1, 29, 30, 31, 44]) {
    await inFolder(async (folder) => {
      const stop = new AbortController();
      await assertRejects(
        () =>
          train(lineJob(), {
            folder,
            resume: false,
            checkpointEvery: 7,
            signal: stop.signal,
            onStep: (done) => done === at && stop.abort(),
          }),
        Interrupted,
        `step ${at} of 50`,
      );
      const job = lineJob();
      const { resumed } = await train(job, { folder, resume: true, checkpointEvery: 7 });
      assertEquals(await job.values(), whole, `stopped at ${at}`);
      assertEquals(resumed, 1);
      const steps = (await folder.readCurves()).map(({ step }) => step);
      assertEquals(steps, Array.from({ length: 50 }, (_, i) => i + 1));
    });
  }
});

Deno.test("train() hands a stage's last parameters over, also where it is stopped right there", async () => {
  const at = async (stops: number | null, checkpointEvery: number) => {
    const kept: [string, number[]][] = [];
    const onStageEnd = (job: ReturnType<typeof lineJob>) => async ({ name }: Stage) => {
      kept.push([name, await job.values()]);
    };
    await inFolder(async (folder) => {
      const begun = lineJob(), stop = new AbortController();
      const shared = { folder, checkpointEvery };
      const first = train(begun, {
        ...shared,
        resume: false,
        signal: stop.signal,
        onStep: (done) => done === stops && stop.abort(),
        onStageEnd: onStageEnd(begun),
      });
      if (stops === null) return void await first;
      await assertRejects(() => first, Interrupted);
      const job = lineJob();
      await train(job, { ...shared, resume: true, onStageEnd: onStageEnd(job) });
    });
    return kept;
  };
  const [[name, values], ...others] = await at(null, 7);
  assertEquals([name, others.length], ["first", 0], "the last stage's are the run's own");
  for (const [stops, every] of [[29, 7], [30, 7], [30, 10], [31, 7], [31, 10]]) {
    assertEquals(await at(stops, every), [["first", values]], `stopped at ${stops}`);
  }
});

Deno.test("train() scores in a stage what the stage says, else what the job says", async () => {
  await inFolder(async (folder) => {
    const job = lineJob();
    const [first, second] = job.stages;
    await train({
      ...job,
      stages: [first, { ...second, validate: () => Promise.resolve({ own: 2 }) }],
      validation: { every: 20, run: () => Promise.resolve({ shared: 1 }) },
    }, { folder, resume: false, checkpointEvery: 50 });
    const curves = await folder.readCurves();
    const scored = curves.filter(({ values }) => "own" in values || "shared" in values)
      .map(({ step, values: { own, shared } }) => [step, own ?? shared]);
    assertEquals(scored, [[20, 1], [40, 2], [50, 2]]);
  });
});

Deno.test("train() passes a damaged checkpoint over and says so", async () => {
  await inFolder(async (folder) => {
    const job = lineJob();
    await train(job, { folder, resume: false, checkpointEvery: 7 });
    const whole = await job.values();
    const newest = join(folder.path, "checkpoints", "step-00000050.safetensors");
    const bytes = await Deno.readFile(newest);
    bytes[bytes.length - 5] ^= 1;
    await Deno.writeFile(newest, bytes);
    const notes: string[] = [];
    const again = lineJob();
    await train(again, {
      folder,
      resume: true,
      checkpointEvery: 7,
      onNote: (note) => notes.push(note),
    });
    assertEquals(await again.values(), whole);
    assertEquals(notes.length, 1);
    assertStringIncludes(notes[0], "step-00000050");
  });
});

Deno.test("train() refuses a checkpoint of another configuration", async () => {
  await inFolder(async (folder) => {
    await train(lineJob(), { folder, resume: false, checkpointEvery: 7 });
    const other = { ...lineJob(), configHash: "another" };
    await assertRejects(
      () => train(other, { folder, resume: true, checkpointEvery: 7 }),
      ReflowError,
      "another configuration",
    );
  });
});

Deno.test("train() stops at a number that is not finite and names its tensor", async () => {
  for (const name of ["x", "y"] as const) {
    await inFolder(async (folder) => {
      const job = lineJob({ step: 4, name });
      await assertRejects(
        () => train(job, { folder, resume: false, checkpointEvery: 7 }),
        ReflowError,
        `input "${name}" is not finite at step 5`,
      );
      assert((await job.values()).every(Number.isFinite), "parameters stay sound");
    });
  }
});
