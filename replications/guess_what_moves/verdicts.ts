/**
 * Guess What Moves' published numbers in our names, and beside ours.
 *
 * @module
 */
import {
  averagedOverVideos,
  type Counterpart,
  type Counterparts,
} from "../../benchmarks/counterpart.ts";
import {
  segmentationProtocol,
  segmentationStamp,
} from "../../benchmarks/protocols/segmentation.ts";
import { comparePublished, type ScoredModel } from "../../benchmarks/published.ts";
import {
  MODEL_SIZE,
  type PublishedComparison,
  type PublishedNumber,
} from "../../benchmarks/record.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";

/**
 * The published numbers. Those called "nb" are printed in the official repository's notebooks; the
 * paper's text could not be read. The model's size is what is trained of it, as a contender's is.
 */
export const PUBLISHED: readonly PublishedNumber[] = PUBLISHED_BY_MODEL["guess-what-moves"].map(
  (number) => number.id === "params-head" ? { ...number, metric: MODEL_SIZE } : number,
);

const MEASURED = "mIoU (J mean), no post-processing";

/** The literature's datasets in our names. DAVIS: 1,376 frames less three of each of 20 videos. */
const COUNTERPARTS = new Map<string, Counterpart>(Object.entries({
  "DAVIS-2016, val (20 sequences)": under("davis16-gwm", "davis-2016", "val", 1316),
  "SegTrackv2, all 14 sequences": under("frames-gwm", "segtrack-v2", "all", 1052),
  "FBMS-59, test (30 sequences)": under("frames-gwm", "fbms-59", "test", 338),
}));

/** What the paper's segmentation of videos compares with. */
export const counterparts: Counterparts = {
  samples: "frames",
  hidden: [],
  of: ({ dataset, split, metric }) =>
    metric === MEASURED ? COUNTERPARTS.get(`${dataset}, ${split}`) ?? null : null,
  averaged: averagedOverVideos,
};

/**
 * Every published number beside the one of our evaluations that it compares with, if any does.
 *
 * @param _parameters Not read: the published size is among the numbers. The caller, which is being
 *   changed elsewhere, still passes it.
 */
export function compareWithPublished(
  scored: readonly ScoredModel[],
  training: string,
  _parameters?: number,
): PublishedComparison[] {
  return comparePublished({ "guess-what-moves": PUBLISHED }, scored, training, counterparts);
}

function under(id: string, dataset: string, split: string, samples: number): Counterpart {
  const protocol = segmentationProtocol(id);
  return {
    ...{ dataset, split, samples },
    metric: protocol.headline,
    protocol: segmentationStamp(protocol),
  };
}
