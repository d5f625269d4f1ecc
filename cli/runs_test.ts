import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError, Interrupted } from "../base/errors.ts";
import { exists, sha256File } from "../base/files.ts";
import { withFolder } from "../datasets/store/small_store.ts";
import { defineMovingShapes, demoConfig } from "../datasets/moving_shapes/mod.ts";
import { readSafetensors } from "../nn/weights/safetensors.ts";
import { raft } from "../replications/raft/raft.ts";
import { type RaftRecipe, recipes } from "../replications/raft/recipes.ts";
import { runWeights } from "../replications/stage_weights.ts";
import { openRun } from "./find_run.ts";
import { requireRecordedData, resumeTraining, type Setting, startTraining } from "./runs.ts";
import { score, sourceOf } from "./scoring.ts";

/** A few small videos in a store of the registry's own name. */
const shapes = (seed: number) =>
  defineMovingShapes("moving-shapes", "Tiny", {
    ...demoConfig,
    ...{ seed, height: 64, width: 64, frames: 3, tracks: 2 },
    ...{ trainVideos: 2, valVideos: 1, testVideos: 1 },
  });

const [shared] = recipes.demo.stages;
const stage = {
  ...shared,
  batch: 1,
  data: [{
    ...shared.data[0],
    augmentation: { ...shared.data[0].augmentation, crop: { height: 48, width: 48 } },
  }],
};

/** Two stages of the demo's model, of two steps each. */
const tiny: RaftRecipe = {
  ...recipes.demo,
  iterations: 1,
  stages: [
    { ...stage, name: "first", steps: 2, trainedOn: "C" },
    { ...stage, name: "second half", steps: 2 },
  ],
  heldOut: { dataset: "moving-shapes:test", samples: 1, every: 4, alsoAt: [] },
};

/** A setting in a folder; a run of it is stopped after a step. */
function settingIn(folder: string, stopAfter?: number): Setting {
  const stop = new AbortController();
  let now = 0;
  return {
    ...{ dataDir: join(folder, "data"), runsDir: join(folder, "runs") },
    ...{ backend: "webgpu", kernels: "tuned", signal: stop.signal, say: () => {} },
    sink: {
      interactive: false,
      now: () => now += 1e6, // so that no step is passed over
      write(text) {
        if (text.includes(` ${stopAfter}/4 `)) stop.abort();
      },
    },
  };
}

/** Flow that was computed beforehand, as a job reports it. */
const flowOf = (digest: string) => ({
  ...{ dataset: "moving-shapes flow", split: "train", digest, samples: 1, licence: "", source: "" },
});

/** RAFT, as if it trained on computed flow too. */
const withFlow = (digest: string): typeof raft => ({
  ...raft,
  async training(recipe, options) {
    return { ...await raft.training(recipe, options), data: [flowOf(digest)] };
  },
});

const [a, b] = ["a", "b"].map((digit) => digit.repeat(64));

Deno.test("a run of stages is stopped, refuses other data, goes on, and each stage is scored", (t) =>
  withFolder(async (folder) => {
    const data = join(folder, "data", "moving-shapes");
    const build = (seed: number) => shapes(seed).build!(data, () => {});
    const setting = settingIn(folder), { runsDir } = setting;
    const open = () => openRun("mine", "raft", runsDir);
    const weights = (stage?: string) => runWeights(join(runsDir, "mine"), stage);
    await build(1);
    const request = { recipe: tiny, seed: 0, id: "mine", checkpointEvery: 100 };
    await assertRejects(
      () => startTraining(withFlow(a), request, settingIn(folder, 3)),
      Interrupted,
      "step 3 of 4",
    );

    await t.step("the stage that ended has its weights, the run none", async () => {
      assert(await exists(weights("first")));
      assert(!await exists(weights("second half")) && !await exists(weights()));
      const { metadata } = await readSafetensors(weights("first"));
      assertEquals([metadata.recipe, metadata.stage], ["demo", "first"]);
      const source = await sourceOf(raft, { run: "mine", stage: "first", runs: runsDir }, setting);
      assertEquals(source.kind === "run" && source.stage, "first");
    });

    await t.step("it does not go on with data that have changed", async () => {
      await Deno.remove(data, { recursive: true });
      await build(2);
      const error = await assertRejects(
        async () => resumeTraining(withFlow(a), await open(), setting),
        DataError,
        "Cannot use moving-shapes:train: it is not what run mine has on record",
      );
      assert(error.nextStep.includes("start a new run"));
      const scoring = async () =>
        requireRecordedData((await open()).record, ["moving-shapes:train"], setting);
      const refused = await assertRejects(scoring, DataError, "what run mine has on record");
      assert(refused.nextStep.includes(`--weights ${weights()}`), refused.nextStep);
      await Deno.remove(data, { recursive: true });
      await build(1);
      await scoring();
      await assertRejects(
        async () => resumeTraining(withFlow(b), await open(), setting),
        DataError,
        "Cannot use moving-shapes flow:train",
      );
    });

    await t.step("it ends with the bits of one that was not stopped", async () => {
      const begun = await open();
      // As a stage that is scored meanwhile would.
      await begun.folder.writeRecord({ ...begun.record, notes: ["scored meanwhile"] });
      const { record } = await resumeTraining(withFlow(a), begun, setting);
      assertEquals([record.status, record.notes], ["complete", ["scored meanwhile"]]);
      await startTraining(withFlow(a), { ...request, id: "whole" }, setting);
      for (const stage of [undefined, "first"]) {
        const whole = runWeights(join(runsDir, "whole"), stage);
        assertEquals(await sha256File(weights(stage)), await sha256File(whole));
      }
    });

    await t.step("each stage has its own name and number", async () => {
      const scores = [];
      for (const stage of [undefined, "first", "second half"]) {
        const source = await sourceOf(raft, { run: "mine", stage, runs: runsDir }, setting);
        const request = { dataset: "moving-shapes:test" };
        scores.push((await score(raft, source, request, setting)).evaluation);
      }
      const [own, first, last] = scores;
      assertEquals(scores.map(({ contender: { name, stage } }) => [name, stage]), [
        ["RAFT (demo recipe)", undefined],
        ["RAFT (demo recipe, first)", "first"],
        ["RAFT (demo recipe)", undefined],
      ]);
      assert(first.id !== own.id && first.metrics.epe !== own.metrics.epe);
      assertEquals(last.metrics, own.metrics, "after the last stage are the run's own");
      assertEquals(first.contender.digest, await sha256File(weights("first")));
    });
  }));
