import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { MODEL_SIZE } from "../../benchmarks/record.ts";
import { zeroFlow } from "../../benchmarks/contenders/zero.ts";
import { UsageError } from "../../base/errors.ts";
import { withFolder } from "../../datasets/store/small_store.ts";
import { useBackend } from "../../nn/backend.ts";
import { halvings } from "../../nn/schedules.ts";
import { writeSafetensors } from "../../nn/weights/safetensors.ts";
import type { Source } from "../replication.ts";
import { scoredOnSintel } from "../test_support.ts";
import { recipeMetadata } from "../weights_recipe.ts";
import type { PwcNetContender } from "./contender.ts";
import { PwcNet } from "./model.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";
import { pwcNet } from "./pwc_net.ts";
import { recipes } from "./recipes.ts";

await useBackend("cpu");

Deno.test("compare() takes the numbers of the model that was scored, and its size", () => {
  for (
    const [parameters, model] of [[8_749_280, "pwc-net"], [9_374_340, "pwc-net-released"]] as const
  ) {
    const comparisons = pwcNet.compare([scoredOnSintel(parameters, 2.6, "pwc")], "C+T");
    const own = new Set(PUBLISHED_BY_MODEL[model].map(({ id }) => id));
    const ofModel = comparisons.filter(({ published }) => own.has(published.id));
    assertEquals(ofModel.length, own.size);
    const size = ofModel.find(({ published }) => published.metric === MODEL_SIZE)!;
    assertEquals([size.verdict, size.ours], ["reproduced", parameters]);
  }
  const paper = pwcNet.compare([scoredOnSintel(8_749_280, 2.6, "pwc")], "C+T");
  assert(
    paper.some(({ published, verdict }) => published.value === 2.55 && verdict === "reproduced"),
  );
});

Deno.test("a run and its weights file are the same model, down to what no shape tells", () =>
  withFolder(async (folder) => {
    const config = recipes.demo;
    const trained = new PwcNet(config.model, 3);
    const weights = join(folder, "weights.safetensors");
    const metadata = recipeMetadata("pwc-net", { recipe: "demo", config });
    await writeSafetensors(weights, await trained.network.stateDict(), metadata);
    trained.dispose();
    const record = { training: { recipe: "demo", config } };
    const sources = [
      { kind: "run", id: "it", path: folder, record } as unknown as Source,
      { kind: "weights", path: weights } as const,
    ];
    for (const source of sources) {
      const contender = await pwcNet.contender(source) as PwcNetContender;
      assertEquals(contender.model.config, config.model);
      contender.dispose();
    }
  }));

Deno.test("update iterations are refused, by number, where a paper has none", async () => {
  const request = { dataset: "moving-shapes", dataDir: "nowhere", iterations: 12 };
  await assertRejects(
    async () => await pwcNet.evaluate(zeroFlow(), request),
    UsageError,
    "12 iterations",
  );
  const prediction = { pictures: ["a", "b"], out: "c", iterations: 12 } as const;
  assertThrows(() => pwcNet.predict!(zeroFlow(), prediction), UsageError, "one pass");
});

Deno.test("fewer steps halve the rate at the same shares of a stage", () => {
  const short = pwcNet.withSteps(recipes.paper, 2400);
  assertEquals(short.stages.map(({ steps }) => steps), [1200, 600, 150, 150, 150, 150]);
  const rate = halvings(short.stages[0].learningRate, short.stages[0].halvings);
  assertEquals([399, 400, 1199].map(rate), [1e-4, 5e-5, 1e-4 / 16]);
});

Deno.test("plan() has the paper's stages with their data", () => {
  const plan = pwcNet.plan(recipes.paper);
  assertEquals(plan.map(({ steps }) => steps).reduce((a, b) => a + b), 2_400_000);
  assertEquals(plan[0].crop, "384×448");
  assertEquals(plan.at(-1)!.data, "kitti-2012:train + kitti-2015:train");
});
