/**
 * Guess What Moves's published numbers, and those of the methods its tables compare with.
 *
 * @module
 */
import { type PublishedByModel, publishedByModel } from "../../benchmarks/published.ts";
import numbers from "./published.json" with { type: "json" };

/**
 * All numbers, each with its source; `verified: false` marks what nobody could read there. Those called
 * "nb" are printed in the official repository's notebooks; the paper's text could not be read. The
 * model's size is what is trained of it, as a contender's is.
 */
export const PUBLISHED_BY_MODEL: PublishedByModel<"guess-what-moves"> = publishedByModel(numbers, [
  "guess-what-moves",
]);
