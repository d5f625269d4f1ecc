/**
 * What of ours a published number would be compared with. Each kind of number has a table from the
 * literature's names to ours: optical flow's is `flow_counterparts.ts`.
 *
 * @module
 */
import type { Evaluation, ProtocolStamp, PublishedNumber } from "./record.ts";
import type { SampleResults } from "./samples.ts";

/** Where a published number was measured, in our names. */
export interface Place {
  /** Registry name of the dataset. */
  readonly dataset: string;
  /** Name of its split. */
  readonly split: string;
  /** Samples in the whole split; a part of it does not compare. */
  readonly samples: number;
}

/** What of ours a published number would be compared with. */
export interface Counterpart extends Place {
  /** The metric that averages as the published one does. */
  readonly metric: string;
  /** Another that it may be: its source doesn't say how it averages. */
  readonly or?: string;
  /** The protocol of the published number. */
  readonly protocol: ProtocolStamp;
  /** An evaluation under another protocol that has the number too, after so many iterations. */
  readonly within?: { readonly protocol: ProtocolStamp; readonly iterations: number };
}

/** Values whose mean a metric is. */
export interface Averaged {
  /** What each value is of. */
  readonly over: "samples" | "videos";
  /** One value each; NaN where one has none. */
  readonly values: ArrayLike<number>;
  /** What each counts for; all count the same unless told. */
  readonly weights?: ArrayLike<number>;
}

/** Published numbers of one kind in our names. */
export interface Counterparts {
  /** What a sample is called. */
  readonly samples: "pairs" | "frames";
  /** Names of splits whose ground truth is not public. */
  readonly hidden: readonly string[];
  /** The counterpart of a published number, or null where nothing here measures it. */
  of(published: PublishedNumber): Counterpart | null;
  /** What an evaluation's metric is the mean of, or null where it wasn't kept. */
  averaged(metric: string, evaluation: Evaluation, samples?: SampleResults): Averaged | null;
}

/**
 * {@link Counterparts.averaged} for frames of videos: the videos' means, since neighbouring frames
 * are no independent samples. A mean of all frames weighs each video by its frames.
 */
export function averagedOverVideos(metric: string, { bySequence }: Evaluation): Averaged | null {
  if (bySequence === undefined) return null;
  const [, quantity, perFrame] = /^(.*?)(PerImage)?$/.exec(metric)!;
  return {
    over: "videos",
    values: bySequence.map(({ metrics }) => metrics[quantity] ?? NaN),
    ...perFrame && { weights: bySequence.map(({ samples }) => samples) },
  };
}
