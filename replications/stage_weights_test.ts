import { assert, assertEquals } from "@std/assert";
import { paper as guessWhatMoves } from "./guess_what_moves/test_support.ts";
import { withOtherSteps } from "./other_steps.ts";
import { pwcNet } from "./pwc_net/pwc_net.ts";
import { PUBLISHED_BY_MODEL as ofPwcNet } from "./pwc_net/published.ts";
import { raft } from "./raft/raft.ts";
import { PUBLISHED_BY_MODEL as ofRaft } from "./raft/published.ts";
import { recipeNames } from "./replication.ts";
import { runWeights, trainedOnUpTo } from "./stage_weights.ts";

Deno.test("no two weights of a run share a file, and none leaves its folder", () => {
  assertEquals(runWeights("run"), "run/weights.safetensors");
  assertEquals(runWeights("run", "sintel 1"), "run/weights-sintel-1.safetensors");
  for (const name of recipeNames) {
    for (
      const plan of [
        raft.plan(raft.recipes[name]),
        pwcNet.plan(pwcNet.recipes[name]),
        guessWhatMoves.plan(guessWhatMoves.recipes[name]),
      ]
    ) {
      const files = [undefined, ...plan.map(({ name }) => name)].map((s) => runWeights("run", s));
      assertEquals(new Set(files).size, files.length);
      assert(files.every((file) => /^run\/[\w.-]+$/.test(file)));
    }
  }
});

Deno.test("stages of the papers' recipes name published numbers", () => {
  assertEquals(raft.plan(raft.recipes.paper).map(({ name, trainedOn }) => [name, trainedOn]), [
    ["chairs", "C"],
    ["things", "C+T"],
    ["sintel", "C+T+S+K+H"],
    ["kitti", "C+T+S+K+H, then KITTI"],
  ]);
  assertEquals(pwcNet.plan(pwcNet.recipes.paper).map(({ name, trainedOn }) => [name, trainedOn]), [
    ["chairs", "C"],
    ["things", "C+T"],
    ["sintel 1", undefined],
    ["sintel 2", "C+T, then Sintel"],
    ["kitti 1", undefined],
    ["kitti 2", undefined],
  ]);
  for (
    const [plan, published] of [
      [raft.plan(raft.recipes.paper), ofRaft],
      [pwcNet.plan(pwcNet.recipes.paper), ofPwcNet],
    ] as const
  ) {
    const numbers = Object.values(published).flat();
    const known = new Set(numbers.map(({ training }) => training.replace(/ \(.*\)$/, "")));
    for (const { trainedOn } of plan) assert(trainedOn === undefined || known.has(trainedOn));
  }
});

Deno.test("weights say what they were trained on, and a changed recipe's compare with nothing", () => {
  const { paper } = raft.recipes;
  const of = (recipe: typeof paper, stage?: string) =>
    trainedOnUpTo(recipe, raft.plan(recipe), stage);
  assertEquals(of(paper), "C+T+S+K+H, then KITTI");
  assertEquals(of(paper, "kitti"), of(paper));
  assertEquals(of(paper, "things"), "C+T");
  const shorter = withOtherSteps(raft, paper, 350);
  assertEquals(of(shorter, "things"), `${shorter.trainedOn}, up to its stage things`);
  assertEquals(of({ ...paper, arm: "a" }, "chairs"), `${paper.trainedOn}, up to its stage chairs`);
  const ofPwc = trainedOnUpTo(pwcNet.recipes.paper, pwcNet.plan(pwcNet.recipes.paper), "kitti 1");
  assertEquals(ofPwc, "C+T+S+K, up to its stage kitti 1");
});
