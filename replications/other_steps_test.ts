import { assertEquals, assertStringIncludes } from "@std/assert";
import { armRecipe, recipeId } from "./claim.ts";
import { claims } from "./guess_what_moves/claims.ts";
import { paper as guessWhatMoves } from "./guess_what_moves/test_support.ts";
import { totalSteps, withOtherSteps } from "./other_steps.ts";
import { pwcNet } from "./pwc_net/pwc_net.ts";
import { raft } from "./raft/raft.ts";

const { small } = guessWhatMoves.recipes;

Deno.test("a recipe with fewer steps says of how many, wherever it is shown", () => {
  const shorter = withOtherSteps(guessWhatMoves, small, 1300);
  assertEquals([shorter.steps, shorter.otherSteps], [1300, { asked: 1300, own: 3000 }]);
  assertEquals(shorter.scale, `${small.scale}; but only 1,300 of the recipe's 3,000 steps`);
  assertStringIncludes(shorter.notes[0], "1,300 of the recipe's 3,000 steps");
  assertEquals(shorter.notes.slice(1), small.notes);
  // Not what any published number was trained on.
  assertEquals(shorter.trainedOn, "DAVIS-2016 val for 1,300 of the recipe's 3,000 steps");
  assertEquals([recipeId(shorter), recipeId(small)], ["small-1300-steps", "small"]);
});

Deno.test("a recipe with more steps says so too", () => {
  const longer = withOtherSteps(guessWhatMoves, small, 4000);
  assertEquals(longer.scale, `${small.scale}; 4,000 steps instead of the recipe's 3,000`);
  assertEquals(recipeId(longer), "small-4000-steps");
});

Deno.test("the recipe's own number of steps changes nothing", () => {
  for (const name of ["demo", "small", "paper"] as const) {
    const [a, b, c] = [raft.recipes[name], pwcNet.recipes[name], guessWhatMoves.recipes[name]];
    assertEquals(withOtherSteps(raft, a, totalSteps(raft.plan(a))) === a, true);
    assertEquals(withOtherSteps(pwcNet, b, totalSteps(pwcNet.plan(b))) === b, true);
    assertEquals(withOtherSteps(guessWhatMoves, c, c.steps) === c, true);
    assertEquals(withOtherSteps(raft, a, undefined) === a, true);
  }
});

Deno.test("stages are divided as the paper says, and arms keep what was said of the steps", () => {
  const shorter = withOtherSteps(pwcNet, pwcNet.recipes.paper, 2400);
  assertEquals(totalSteps(pwcNet.plan(shorter)), 2400);
  assertEquals(shorter.stages[0].steps, 1200);
  const arm = armRecipe(withOtherSteps(guessWhatMoves, small, 1300), claims[0].other);
  assertStringIncludes(arm.scale, "only 1,300 of the recipe's 3,000 steps; with affine motion");
  assertEquals(recipeId(arm), "small-1300-steps-affine");
});
