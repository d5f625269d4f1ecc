/**
 * A recipe that is trained for another number of steps than its own.
 *
 * @module
 */
import type { PlannedStage, Recipe, Replication } from "./replication.ts";

/** Training steps of all stages. */
export function totalSteps(plan: readonly Pick<PlannedStage, "steps">[]): number {
  return plan.reduce((sum, { steps }) => sum + steps, 0);
}

/**
 * The recipe with so many steps in all; the very one it is given where those are its own, or none
 * are asked for.
 *
 * One that was changed says so wherever it is shown, and in what it was trained on: it is no longer
 * the paper's, so that none of the paper's numbers may be put beside its own.
 */
export function withOtherSteps<R extends Recipe>(
  replication: Pick<Replication<R>, "withSteps" | "plan">,
  recipe: R,
  asked: number | undefined,
): R {
  const own = totalSteps(replication.plan(recipe));
  if (asked === undefined || asked === own) return recipe;
  const share = asked < own
    ? `${counted(asked)} of the recipe's ${counted(own)} steps`
    : `${counted(asked)} steps instead of the recipe's ${counted(own)}`;
  return {
    ...replication.withSteps(recipe, asked),
    otherSteps: { asked, own },
    scale: `${recipe.scale}; ${asked < own ? "but only " : ""}${share}`,
    trainedOn: `${recipe.trainedOn} for ${share}`,
    notes: [
      `Trained for ${share}. What else is said of time and steps is of the recipe as it is.`,
      ...recipe.notes,
    ],
  };
}

const counted = (steps: number) => steps.toLocaleString("en");
