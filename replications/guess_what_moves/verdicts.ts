/**
 * Guess What Moves' published numbers beside ours.
 *
 * @module
 */
import {
  type SegmentationProtocol,
  segmentationProtocol,
  segmentationStamp,
} from "../../benchmarks/protocols/segmentation.ts";
import type { ScoredModel } from "../../benchmarks/published.ts";
import type {
  Evaluation,
  PublishedComparison,
  PublishedNumber,
  Verdict,
} from "../../benchmarks/record.ts";
import { judge } from "../../benchmarks/verdict.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";

/**
 * The published numbers. Those called "nb" are printed in the official repository's notebooks; the
 * paper's text could not be read.
 */
export const PUBLISHED: readonly PublishedNumber[] = PUBLISHED_BY_MODEL["guess-what-moves"];

/** Where a published number was measured, in our names. */
interface Place {
  readonly dataset: string;
  readonly split: string;
  /** Frames that count in a complete split. */
  readonly samples: number;
  readonly protocol: SegmentationProtocol;
}

/** The literature's datasets in our names. DAVIS: 1,376 frames less three of each of 20 videos. */
const PLACES = new Map<string, Place>(Object.entries({
  "DAVIS-2016, val (20 sequences)": {
    dataset: "davis-2016",
    split: "val",
    samples: 1316,
    protocol: segmentationProtocol("davis16-gwm"),
  },
  "SegTrackv2, all 14 sequences": {
    dataset: "segtrack-v2",
    split: "all",
    samples: 1052,
    protocol: segmentationProtocol("frames-gwm"),
  },
  "FBMS-59, test (30 sequences)": {
    dataset: "fbms-59",
    split: "test",
    samples: 338,
    protocol: segmentationProtocol("frames-gwm"),
  },
}));

const MEASURED = "mIoU (J mean), no post-processing";

/** Every published number beside the one of our evaluations that it compares with, if any does. */
export function compareWithPublished(
  scored: readonly ScoredModel[],
  training: string,
  parameters: number,
): PublishedComparison[] {
  const ours = scored.map(({ evaluation }) => evaluation)
    .filter(({ contender }) => contender.kind !== "baseline");
  return PUBLISHED.map((published) => {
    const comparisons = ours.map((evaluation) =>
      compare(published, evaluation, training, parameters)
    );
    return comparisons.find(({ verdict }) => verdict !== "not comparable") ?? comparisons[0] ??
      refused(published, "not run", "No model was scored");
  });
}

function refused(
  published: PublishedNumber,
  verdict: Verdict,
  reason: string,
): PublishedComparison {
  return { published, ours: null, evaluation: null, verdict, reason };
}

function compare(
  published: PublishedNumber,
  evaluation: Evaluation,
  training: string,
  parameters: number,
): PublishedComparison {
  const place = PLACES.get(`${published.dataset}, ${published.split}`);
  if (!place || published.metric !== MEASURED) {
    return refused(published, "not comparable", `Not measured here: ${published.metric}`);
  }
  const { dataset, split, samples, protocol, contender, metrics } = evaluation;
  const differences = [
    contender.parameters === parameters
      ? null
      : `is another model (${contender.parameters?.toLocaleString("en")} parameters)`,
    training === published.training ? null : `was trained on ${training}`,
    dataset !== place.dataset || split !== place.split
      ? `was scored on ${dataset}:${split}`
      : samples !== place.samples
      ? `was scored on ${samples} of the split's ${place.samples} frames`
      : protocol.hash !== segmentationStamp(place.protocol).hash
      ? `was scored under protocol ${protocol.id} instead of ${place.protocol.id}`
      : null,
  ].filter((difference) => difference !== null);
  if (differences.length > 0) {
    const last = differences.at(-1)!, before = differences.slice(0, -1).join(", ");
    const sentence = before === "" ? last : `${before} and ${last}`;
    return refused(published, "not comparable", `Ours ${sentence}`);
  }
  const value = metrics[place.protocol.headline];
  if (value == null) return refused(published, "not comparable", "Ours has no value");
  return { published, ours: value, evaluation: evaluation.id, ...judge(published, value) };
}
