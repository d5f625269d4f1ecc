/**
 * Weights after a stage of a training that goes on: where they are kept, and what they were trained on.
 *
 * Most published numbers are of models that saw some of a paper's stages, not all of them. A run of
 * several stages therefore keeps the weights after each; those after the last are the run's own.
 *
 * @module
 */
import { join } from "@std/path";
import type { PlannedStage, Recipe } from "./replication.ts";

/**
 * A run's weights file.
 *
 * @param folder The run's folder.
 * @param stage The stage that the weights are from the end of; the run's own where undefined.
 */
export function runWeights(folder: string, stage?: string): string {
  const name = stage === undefined ? "weights" : `weights-${stage.replaceAll(/[^\w.-]+/g, "-")}`;
  return join(folder, `${name}.safetensors`);
}

/**
 * What a run's weights were trained on, as comparisons with published numbers want it.
 *
 * @param plan The recipe's.
 * @param stage As of {@link runWeights}.
 */
export function trainedOnUpTo(
  recipe: Pick<Recipe, "trainedOn" | "otherSteps" | "arm">,
  plan: readonly Pick<PlannedStage, "name" | "trainedOn">[],
  stage?: string,
): string {
  const { trainedOn, otherSteps, arm } = recipe;
  if (stage === undefined) return trainedOn;
  const label = plan.find(({ name }) => name === stage)?.trainedOn;
  // A recipe that was changed is no longer the paper's in any of its stages.
  const isChanged = otherSteps !== undefined || arm !== undefined;
  return label === undefined || isChanged ? `${trainedOn}, up to its stage ${stage}` : label;
}
