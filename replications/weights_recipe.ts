/**
 * What a run's weights file says of the recipe that trained it. Shapes don't tell everything: two
 * models of the same tensors may run otherwise, so that the file alone must give the run's own.
 *
 * @module
 */
import { DataError } from "../base/errors.ts";
import { type Recipe, recipeNames, type Replication } from "./replication.ts";

/**
 * Metadata for the weights file of a run.
 *
 * @param paper The paper's id.
 * @param training What the run's record keeps: the recipe's id, and the recipe itself.
 */
export function recipeMetadata(
  paper: string,
  { recipe, config }: { readonly recipe: string; readonly config: unknown },
): Record<string, string> {
  return { paper, recipe, config: JSON.stringify(config) };
}

/**
 * The recipe that trained a file's weights, or null where the file says nothing, as official weights
 * don't.
 *
 * Files written before they held the recipe itself have its id: what a number of steps does not
 * change is then taken from the recipe as it is today.
 *
 * @param metadata The file's, see {@link recipeMetadata}.
 * @param path The file, for messages.
 * @throws {DataError} When the weights are another paper's, or nothing can be made of what is said.
 */
export function recipeOfWeights<R extends Recipe>(
  metadata: Readonly<Record<string, string>>,
  { paper, recipes }: Pick<Replication<R>, "recipes"> & { readonly paper: { readonly id: string } },
  path: string,
): R | null {
  const { paper: trained, recipe: id, config } = metadata;
  if (trained === undefined || id === undefined) return null;
  if (trained !== paper.id) {
    throw new DataError(
      path,
      `a run of ${trained} trained these weights, not one of ${paper.id}`,
      `Use them with: deno task ${trained}`,
    );
  }
  const unclear = (reason: string) =>
    new DataError(path, reason, "Score the run itself: --run ID instead of --weights.");
  if (config === undefined) {
    const name = recipeNames.find((name) => new RegExp(`^${name}(-\\d+-steps)?$`).test(id));
    if (name === undefined) throw unclear(`it doesn't say what the ${id} recipe is`);
    return recipes[name];
  }
  try {
    const recipe = JSON.parse(config);
    if (typeof recipe === "object" && recipe !== null) return recipe;
  } catch {
    // What is no JSON is no recipe either.
  }
  throw unclear("what it says of its recipe is no recipe");
}
