/**
 * PWC-Net's published numbers, and those others got from its code, weights or recipe.
 *
 * @module
 */
import { type PublishedByModel, publishedByModel } from "../../benchmarks/published.ts";
import numbers from "./published.json" with { type: "json" };

/**
 * Which model a number is about: the paper's with two convolutions a pyramid level, the released one
 * with three, or an implementation whose size nobody states.
 */
export type PwcNetModel = "pwc-net" | "pwc-net-released" | "other implementations";

/**
 * Numbers by model, each with its source. The paper's own tables could not be read: what is quoted by
 * others says "second-hand", and `verified: false` marks what is from memory.
 *
 * KITTI's EPE names its average where it is known: mmflow pools the EPE over all pixels, ptlflow
 * averages EPE and Fl per image. The paper doesn't say.
 *
 * ptlflow's metrics name its resizing, which no protocol here has, so that they compare with nothing:
 * with aligned corners, and of flow in two steps, to the network's size and then to the picture's.
 */
export const PUBLISHED_BY_MODEL: PublishedByModel<PwcNetModel> = publishedByModel(numbers, [
  "pwc-net",
  "pwc-net-released",
  "other implementations",
]);
