import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { withFolder } from "../datasets/store/small_store.ts";
import { writeSafetensors } from "../nn/weights/safetensors.ts";
import { armRecipe, recipeId } from "./claim.ts";
import { claims } from "./guess_what_moves/claims.ts";
import { paper as guessWhatMoves } from "./guess_what_moves/test_support.ts";
import { withOtherSteps } from "./other_steps.ts";
import { pwcNet } from "./pwc_net/pwc_net.ts";
import { readPwcNetWeights } from "./pwc_net/weights.ts";
import type { Recipe, Replication } from "./replication.ts";
import { recipeMetadata, recipeOfWeights } from "./weights_recipe.ts";

/** What a run of a recipe writes into its weights file. */
const written = (
  { paper }: Pick<Replication, "paper">,
  recipe: Recipe,
) => recipeMetadata(paper.id, { recipe: recipeId(recipe), config: recipe });

Deno.test("recipeOfWeights() gives back the recipe that was written, arms and other steps included", () => {
  const { demo } = guessWhatMoves.recipes;
  const arm = armRecipe(demo, claims[0].other);
  for (const recipe of [demo, arm, withOtherSteps(guessWhatMoves, demo, 70)]) {
    const metadata = written(guessWhatMoves, recipe);
    assertEquals(recipeOfWeights(metadata, guessWhatMoves, "w"), recipe);
  }
});

Deno.test("recipeOfWeights() knows nothing of weights that no run wrote", () => {
  const foreign: Record<string, string>[] = [{}, { format: "pt" }, { recipe: "cake" }];
  for (const metadata of foreign) {
    assertEquals(recipeOfWeights(metadata, pwcNet, "w"), null);
  }
});

Deno.test("recipeOfWeights() takes older files' recipes by name, with whatever steps", () => {
  const of = (recipe: string) => recipeOfWeights({ paper: "pwc-net", recipe }, pwcNet, "w");
  for (const name of ["demo", "small", "paper"] as const) {
    assertEquals(of(name), pwcNet.recipes[name]);
    assertEquals(of(`${name}-1300-steps`), pwcNet.recipes[name]);
  }
  for (const id of ["demo-affine", "small-1300-steps-affine", "tiny", "demo-steps"]) {
    const error = assertThrows(() => of(id), DataError, id);
    assertEquals(error.nextStep, "Score the run itself: --run ID instead of --weights.");
  }
});

Deno.test("recipeOfWeights() refuses another paper's weights and what is no recipe", () => {
  const metadata = written(guessWhatMoves, guessWhatMoves.recipes.demo);
  const error = assertThrows(() => recipeOfWeights(metadata, pwcNet, "w"), DataError);
  assertEquals(error.reason, "a run of guess-what-moves trained these weights, not one of pwc-net");
  for (const config of ["{", "3", "null"]) {
    const damaged = { paper: "pwc-net", recipe: "demo", config };
    assertThrows(() => recipeOfWeights(damaged, pwcNet, "w"), DataError, "no recipe");
  }
});

Deno.test("weights of a PWC-Net run are read with the configuration the run has", () =>
  withFolder(async (folder) => {
    const path = join(folder, "weights.safetensors");
    const one = { dtype: "F32" as const, shape: [1], data: Float32Array.of(1) };
    const config = async (metadata: Record<string, string>) => {
      await writeSafetensors(path, new Map([["w", one]]), metadata);
      return (await readPwcNetWeights(path)).config;
    };
    for (const recipe of Object.values(pwcNet.recipes)) {
      assertEquals(await config(written(pwcNet, recipe)), recipe.model);
      assertEquals(await config({ paper: "pwc-net", recipe: recipe.name }), recipe.model);
    }
    await assertRejects(() => config({}), DataError, "not PWC-Net's weights");
  }));
