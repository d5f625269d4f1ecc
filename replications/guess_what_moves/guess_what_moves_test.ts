import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ndarray, packed } from "../../base/arrays.ts";
import { DataError, UsageError } from "../../base/errors.ts";
import { RunFolder } from "../../benchmarks/run_folder.ts";
import { withFolder } from "../../datasets/store/small_store.ts";
import { drawn, onDevice, take } from "../../nn/kernels/kernel_test_support.ts";
import { writeSafetensors } from "../../nn/weights/safetensors.ts";
import { randomStream } from "../../base/random.ts";
import { Network, Scope } from "../../nn/network.ts";
import { Vit } from "../../nn/vit.ts";
import { train } from "../training.ts";
import { channelsOf, FrozenVit, pyramid } from "./backbone.ts";
import { GuessWhatMovesContender, Segmenter } from "./contender.ts";
import { trainingGigaflop } from "./cost.ts";
import { type GuessWhatMovesRecipe, recipes } from "./recipes.ts";
import { paper, tinyRecipe, tinyShapes } from "./test_support.ts";

const tiny: GuessWhatMovesRecipe = {
  ...tinyRecipe,
  steps: 24,
  learningRate: 5e-3,
  warmUp: 2,
  decayOver: 100,
  heldOut: { ...tinyRecipe.heldOut, every: 12 },
};

Deno.test("training lowers the loss, repeats bit for bit, and its run can be scored", () =>
  withFolder(async (dataDir) => {
    await tinyShapes.build!(join(dataDir, "moving-shapes"), () => {});
    const run = async (name: string) => {
      const job = await paper.training(tiny, { seed: 1, dataDir });
      const [stage] = job.stages;
      const batch = await stage.batch(0);
      const lossNow = async () => (await take(tf.tidy(() => stage.loss(batch)))).data[0];
      const before = await lossNow();
      const folder = await RunFolder.create(join(dataDir, "runs"), name);
      await train(job, { folder, resume: false, checkpointEvery: 24 });
      const weights = await job.network.stateDict();
      await writeSafetensors(join(folder.path, "weights.safetensors"), weights, {});
      const after = await lossNow();
      job.dispose();
      return { folder, curves: await folder.readCurves(), weights, before, after };
    };
    const { folder, curves, weights, before, after } = await run("a");
    assert(after < before, `the loss goes from ${before} to ${after}`);
    assert("held-out J" in curves[11].values);
    // The same seed gives the same bits: drawing frames, dropout, first values.
    const again = await run("b");
    assertEquals(again.weights, weights);

    const record = { training: { config: tiny, recipe: "demo" } };
    const source = { kind: "run", id: "a", path: folder.path, record } as unknown as Parameters<
      typeof paper.contender
    >[0];
    const contender = await paper.contender(source, { dataDir });
    const scored = await paper.evaluate(contender, {
      ...paper.evaluationOf(tiny),
      dataDir,
    });
    contender.dispose?.();
    assertEquals(scored.evaluation.samples, 4);
    assertEquals(scored.samples.ids, [0, 1, 2, 3].map((i) => `val-000${i}/03`));
    const last = curves.at(-1)!.values;
    assertAlmostEquals(scored.evaluation.metrics.jFree!, last["held-out J"], 1e-6);
    assert(scored.evaluation.metrics.j! >= scored.evaluation.metrics.jFree!);
    for (const name of paper.baselines) {
      const baseline = await paper.contender({ kind: "baseline", name }, { dataDir });
      const { evaluation } = await paper.evaluate(baseline, {
        ...paper.evaluationOf(tiny),
        dataDir,
      });
      assert(evaluation.metrics.jFree! >= 0 && evaluation.metrics.jFree! <= 100, name);
    }
  }));

Deno.test("what training needs and is not there is asked for by name", () =>
  withFolder(async (dataDir) => {
    await assertRejects(
      () => paper.training(recipes.small, { seed: 0, dataDir }),
      DataError,
      "not there yet",
    );
    await assertRejects(
      () => Segmenter.open(recipes.paper, 0, dataDir),
      DataError,
      "DINO weights are not there",
    );
    await assertRejects(
      () => paper.contender({ kind: "baseline", name: "center-box" }, { dataDir }),
      UsageError,
      "no baseline",
    );
  }));

Deno.test("a frozen vision transformer gives the head its maps, and its looks merge segments", () =>
  withFolder(async (dataDir) => {
    const network = new Network(randomStream(5, "vit"));
    new Vit(new Scope(network), { patch: 8, width: 64, depth: 4, heads: 1, grid: 4 });
    await Deno.mkdir(join(dataDir, "weights"));
    const weights = join(dataDir, "weights", "tiny.pth");
    await writeSafetensors(weights, await network.stateDict(), {});
    const recipe: GuessWhatMovesRecipe = {
      ...tiny,
      resizing: "bicubic",
      views: false,
      backbone: { kind: "dino", weights: "tiny.pth", stride: 4, blocks: [0, 1, 2, 3], width: 64 },
      head: { ...tiny.head, doublings: 2 },
      merging: { kind: "features", weights: "tiny.pth", stride: 4 },
    };
    const vit = await FrozenVit.open("tiny.pth", dataDir, 4);
    const pictures = onDevice<tf.Tensor4D>(drawn("pictures", [1, 32, 32, 3], 50));
    const maps = vit.maps(pictures, [0, 1]);
    assertEquals(maps.map(({ shape }) => shape), [[1, 7, 7, 64], [1, 7, 7, 64]]);
    const segmenter = await Segmenter.open(
      {
        ...recipe,
        backbone: { ...recipe.backbone, blocks: [0, 1] } as GuessWhatMovesRecipe["backbone"],
      },
      0,
      dataDir,
    );
    const stamp = { kind: "run", name: "x", digest: null, parameters: 1 } as const;
    const contender = new GuessWhatMovesContender(segmenter, stamp, vit);
    const image = ndarray(
      Uint8Array.from({ length: 40 * 36 * 3 }, (_, i) => i % 251),
      [40, 36, 3],
    );
    const { first, foreground, segments } = await contender.segment({
      image,
      flow: () => Promise.reject(new Error("flow is not looked at")),
    });
    assertEquals([first.shape, segments!.shape, foreground], [[32, 32], [32, 32, 4], null]);
    assert(packed(first).every((share) => share >= 0 && share <= 1 + 1e-6));
    // The looks of things are never trained: a batch has the same maps before and after steps.
    await tinyShapes.build!(join(dataDir, "moving-shapes"), () => {});
    const job = await paper.training({ ...recipe, steps: 2 }, { seed: 0, dataDir });
    const mapOf = async () => await take((await job.stages[0].batch(0)).map0);
    const before = await mapOf();
    const folder = await RunFolder.create(join(dataDir, "runs"), "frozen");
    await train(job, { folder, resume: false, checkpointEvery: 2 });
    assertEquals(await mapOf(), before);
    job.dispose();
    await assertRejects(
      () => FrozenVit.open("tiny.pth", dataDir, 4, { width: 64, blocks: [0, 4] }),
      DataError,
      "of 4 blocks of width 64 on patches of 8, and 5 blocks of width 64",
    );
    await assertRejects(
      () => FrozenVit.open("tiny.pth", dataDir, 4, { width: 128 }),
      DataError,
      "blocks of width 128 on patches of 8 are wanted",
    );
    contender.dispose();
  }));

Deno.test("the pyramid halves its maps and keeps its widths", () => {
  const config = { kind: "pyramid", widths: [4, 8, 12, 16], stride: 2, group: 4 } as const;
  const run = pyramid(new Scope(new Network(randomStream(0))), config);
  const maps = tf.tidy(() => run(tf.zeros([2, 20, 28, 3])));
  assertEquals(maps.map(({ shape }) => shape), [
    [2, 10, 14, 4],
    [2, 5, 7, 8],
    [2, 3, 4, 12],
    [2, 2, 2, 16],
  ]);
  assertEquals(channelsOf(config), [4, 8, 12, 16]);
});

Deno.test("the plan names what a recipe costs and needs", () => {
  const [stage] = paper.plan(recipes.paper);
  assertEquals(stage.datasets, ["davis-2016:train", "davis-2016:val"]);
  assertEquals(stage.bytesRead, 20_000 * 8 * 480 * 854 * 4);
  // The card counts 199 GMAC for the backbone and 33.8 for the head of one picture.
  assertAlmostEquals(trainingGigaflop(recipes.paper), 2 * 8 * (199 + 3 * 33.8), 60);
  const shorter = paper.withSteps(recipes.demo, 100);
  assertEquals([shorter.steps, shorter.warmUp, shorter.decayOver], [100, 10, 100]);
});
