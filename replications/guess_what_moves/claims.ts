/**
 * What Guess What Moves claims about its own parts.
 *
 * The paper has ablations over motion models and the number of segments. Neither their wording nor
 * their numbers could be read, so the statements are what the authors' choices imply.
 *
 * @module
 */
import type { MotionModel } from "../../nn/kernels/motion_fit.ts";
import { unchanged } from "../claim.ts";
import type { Arm, Claim } from "../replication.ts";
import type { GuessWhatMovesRecipe } from "./recipes.ts";

/** The paper's measure: J of whichever of two groups fits the truth better. */
const metric = "j";

const ablation = (over: string) =>
  `The paper has an ablation over ${over}, which could not be read: the statement is what the ` +
  "official configuration implies, the numbers are not known here.";

const quadratic = unchanged<GuessWhatMovesRecipe>("quadratic motion", null);

const motion = (model: MotionModel): Arm<GuessWhatMovesRecipe> => ({
  id: model,
  name: `${model} motion`,
  published: null,
  of: (recipe) => ({ ...recipe, motion: model }),
});

/** The claims; in each, the favoured arm is the recipe as it is. */
export const claims: readonly Claim<GuessWhatMovesRecipe>[] = [
  {
    id: "quadratic-over-affine",
    statement: "A quadratic motion model of each segment teaches segmentation better than an " +
      "affine one.",
    source: ablation("motion models"),
    metric,
    favoured: quadratic,
    other: motion("affine"),
  },
  {
    id: "quadratic-over-constant",
    statement: "A quadratic motion model of each segment teaches segmentation better than a " +
      "constant one.",
    source: ablation("motion models"),
    metric,
    favoured: quadratic,
    other: motion("constant"),
  },
  {
    id: "several-over-two-segments",
    statement: "Several segments that are merged afterwards separate figure from ground better " +
      "than two.",
    source: ablation("the number of segments"),
    metric,
    favoured: unchanged("several segments", null),
    other: {
      id: "two-segments",
      name: "two segments",
      published: null,
      of: (recipe) => ({ ...recipe, head: { ...recipe.head, segments: 2 } }),
    },
  },
  {
    id: "both-over-forward-flow",
    statement: "Flow to earlier as well as to later frames teaches segmentation better than flow " +
      "to later ones alone.",
    source:
      "The official code trains on flow in both directions, five times in six on later frames; " +
      "whether the paper measures what that brings could not be read, so no numbers are known here.",
    metric,
    favoured: unchanged("flow in both directions", null),
    other: {
      id: "forward-flow",
      name: "forward flow alone",
      published: null,
      of: (recipe) => ({ ...recipe, gaps: recipe.gaps.filter((gap) => gap > 0) }),
    },
  },
];
