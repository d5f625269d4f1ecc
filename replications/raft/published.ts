/**
 * RAFT's published numbers, and those others got from its code, weights or recipe.
 *
 * @module
 */
import { type PublishedByModel, publishedByModel } from "../../benchmarks/published.ts";
import type { PublishedNumber } from "../../benchmarks/record.ts";
import numbers from "./published.json" with { type: "json" };

/** Which of the paper's two models a number is about. */
export type RaftModel = "raft" | "raft-small";

/**
 * Numbers by model, each with its source. Tables of the paper that nobody could read are quoted from
 * those who quote them, and the source says so; `verified: false` marks what is from memory.
 *
 * KITTI numbers name their averaging where it isn't RAFT's own: mmflow pools the EPE over all
 * pixels, ptlflow averages Fl per image (both as their metric code has it).
 */
export const PUBLISHED_BY_MODEL: PublishedByModel<RaftModel> = publishedByModel(numbers, [
  "raft-small",
  "raft",
]);

/** The numbers of both models. */
export const PUBLISHED: readonly PublishedNumber[] = Object.values(PUBLISHED_BY_MODEL).flat();
