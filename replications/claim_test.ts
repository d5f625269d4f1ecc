import { assertEquals, assertStringIncludes } from "@std/assert";
import { armRecipe, armsOf, recipeId, unchanged } from "./claim.ts";
import type { Arm, Claim, Recipe } from "./replication.ts";

interface Toy extends Recipe {
  readonly depth: number;
}

const recipe: Toy = {
  name: "demo",
  scale: "A toy",
  notes: ["It is small."],
  trainedOn: "toys",
  checkpointEvery: 1,
  depth: 3,
};
const shallow: Arm<Toy> = {
  id: "shallow",
  name: "one layer",
  published: null,
  of: (recipe) => ({ ...recipe, depth: 1 }),
};

Deno.test("a changed recipe says so, and was trained on nothing the paper trains on", () => {
  const changed = armRecipe(recipe, shallow);
  assertEquals([changed.depth, changed.arm, changed.name], [1, "shallow", "demo"]);
  assertEquals(changed.scale, "A toy; with one layer, to test a claim");
  assertEquals(changed.trainedOn, "toys with one layer");
  assertStringIncludes(changed.notes[0], "the demo recipe with one layer");
  assertEquals(changed.notes.slice(1), recipe.notes);
  assertEquals(recipeId(changed), "demo-shallow");
});

Deno.test("the recipe as it is stays the very same", () => {
  assertEquals(armRecipe(recipe, unchanged("three layers", 1)) === recipe, true);
  assertEquals(recipeId(recipe), "demo");
});

Deno.test("the name of a recipe with other steps tells it from the whole one, also as an arm", () => {
  const shorter = { ...recipe, otherSteps: { asked: 1300, own: 3000 } };
  assertEquals(recipeId(shorter), "demo-1300-steps");
  const changed = armRecipe(shorter, shallow);
  assertEquals(recipeId(changed), "demo-1300-steps-shallow");
  assertStringIncludes(changed.notes[0], "the demo-1300-steps recipe with one layer");
});

Deno.test("arms that several claims share come once", () => {
  const claim = (name: string, other: Arm<Toy>): Claim<Toy> => ({
    ...{ id: name, statement: name, source: name, metric: "j", other },
    favoured: unchanged(name, null),
  });
  const arms = armsOf([claim("deep", shallow), claim("thick", { ...shallow, id: "thin" })]);
  assertEquals(arms.map(({ id, name }) => `${id}: ${name}`), [
    "unchanged: deep",
    "shallow: one layer",
    "thin: one layer",
  ]);
});
