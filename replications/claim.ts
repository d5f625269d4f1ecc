/**
 * From a recipe to the arms of a claim.
 *
 * @module
 */
import type { Arm, Claim, Recipe } from "./replication.ts";

/** Id of the arm that is the recipe as it is. */
const UNCHANGED = "unchanged";

/**
 * The recipe as it is, as an arm.
 *
 * @param name What it stands for in the claim: "quadratic motion".
 * @param published What the paper reports of it, or null.
 */
export function unchanged<R extends Recipe>(name: string, published: number | null): Arm<R> {
  return { id: UNCHANGED, name, published, of: (recipe) => recipe };
}

/** The arms of all claims, each once, in the order they come up. */
export function armsOf<R extends Recipe>(claims: readonly Claim<R>[]): Arm<R>[] {
  const byId = new Map<string, Arm<R>>();
  for (const { favoured, other } of claims) {
    for (const arm of [favoured, other]) if (!byId.has(arm.id)) byId.set(arm.id, arm);
  }
  return [...byId.values()];
}

/**
 * The recipe that an arm trains.
 *
 * One that was changed says so wherever it is shown, and in what it was trained on: it is no longer
 * the paper's, so that none of the paper's numbers may be put beside its own.
 */
export function armRecipe<R extends Recipe>(recipe: R, arm: Arm<R>): R {
  const changed = arm.of(recipe);
  if (changed === recipe) return recipe;
  return {
    ...changed,
    arm: arm.id,
    scale: `${recipe.scale}; with ${arm.name}, to test a claim`,
    trainedOn: `${recipe.trainedOn} with ${arm.name}`,
    notes: [
      `One arm of a claim: the ${recipeId(recipe)} recipe with ${arm.name}. ` +
      "What the other notes say of the recipe holds but for that.",
      ...recipe.notes,
    ],
  };
}

/**
 * A recipe's name in records and file names, with the steps it was cut or stretched to and its arm's
 * name where it has such: `demo-affine`, `small-1300-steps`.
 */
export function recipeId({ name, otherSteps, arm }: Recipe): string {
  const steps = otherSteps === undefined ? [] : [`${otherSteps.asked}-steps`];
  return [name, ...steps, ...arm === undefined ? [] : [arm]].join("-");
}
