/**
 * Guess What Moves at a size for tests: tiny videos, a tiny recipe, and the paper without a flow model.
 *
 * @module
 */
import { defineMovingShapes, demoConfig } from "../../datasets/moving_shapes/mod.ts";
import { guessWhatMoves } from "./guess_what_moves.ts";
import { type GuessWhatMovesRecipe, recipes } from "./recipes.ts";

/** The paper's part of the command line; it cannot compute flow. */
export const paper = guessWhatMoves({
  paper: { id: "raft" },
  contender: () => Promise.reject(new Error("no flow is asked for")),
});

/** Six small videos in a store of the registry's own name. */
export const tinyShapes = defineMovingShapes("moving-shapes", "Tiny", {
  ...demoConfig,
  ...{ height: 32, width: 32, frames: 4, tracks: 2 },
  ...{ trainVideos: 1, valVideos: 4, testVideos: 1 },
});

/** The demo, so small that a step takes no time. */
export const tinyRecipe: GuessWhatMovesRecipe = {
  ...recipes.demo,
  picture: { height: 32, width: 32 },
  flow: { height: 32, width: 32 },
  backbone: { kind: "pyramid", widths: [8, 8, 16, 16], stride: 2, group: 4 },
  head: {
    ...recipes.demo.head,
    ...{ segments: 4, width: 8, mask: 8, groups: 2 },
    decoder: { heads: 2, hidden: 16, layers: 1, dropout: 0.1 },
  },
  batch: 2,
};
