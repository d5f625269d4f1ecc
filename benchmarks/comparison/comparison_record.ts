/**
 * What a comparison of two sides came to: all that its page, its text and its exit code rest on.
 *
 * @module
 */

/** Version of `--json`'s object. */
export const COMPARISON_SCHEMA = 1;

/**
 * What the two sides came to, in quality: equal results, beyond noise and tolerance worse or
 * better, shown to be no worse than tolerated, or neither.
 */
export type ComparisonVerdict =
  | "same"
  | "worse"
  | "better"
  | "not worse"
  | "undecided"
  | "not comparable";

/** A side in a few words. */
export interface SideSummary {
  /** What the user named. */
  readonly name: string;
  readonly runs: readonly {
    readonly id: string;
    readonly paper: string;
    readonly scale: string;
    readonly seed: number;
    readonly startedAt: string;
    readonly commit: string | null;
  }[];
}

/** Something the sides were made with that is not the same. */
export interface Difference {
  readonly area: "configuration" | "protocol" | "data" | "code" | "environment";
  /** What differs, for example `training.iterations`. */
  readonly name: string;
  /** "–" where a side has none. */
  readonly base: string;
  readonly candidate: string;
}

/**
 * Where chance comes from. "rounding": the weights are the same, so results are, but for rounding.
 * "scenes": other scenes might have been in the dataset. "runs": other seeds might have been drawn.
 */
export type Noise = "rounding" | "scenes" | "runs";

/** A sample whose result moved by more than the tolerance. */
export interface Flip {
  readonly dataset: string;
  readonly id: string;
  readonly base: number;
  readonly candidate: number;
  /** Relative change, positive where worse. */
  readonly change: number;
}

/** Results of both sides on one split under one protocol. */
export interface ComparedEvaluation {
  readonly dataset: string;
  readonly split: string;
  readonly protocol: { readonly id: string; readonly summary: string };
  /** Names of the two contenders. */
  readonly contenders: { readonly base: string; readonly candidate: string };
  /** The metric that decides. */
  readonly metric: string;
  readonly noise: Noise;
  readonly verdict: ComparisonVerdict;
  /** The verdict in one sentence. */
  readonly reason: string;
  readonly samples: number;
  /** Scenes they come from, or runs of both sides where runs decide. */
  readonly units: number;
  readonly base: number;
  readonly candidate: number;
  /** Relative change of the mean, positive where worse. */
  readonly change: number;
  /** Where that change might as well lie, 95 %. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Chance of a result at least this bad between sides that are alike. */
  readonly chance: number | null;
  /** Chance below which it counts as beyond noise here. */
  readonly level: number;
  /** Samples that got worse, got better, and did neither, beyond the tolerance. */
  readonly counts: { readonly worse: number; readonly better: number; readonly alike: number };
  /** The samples behind the first two counts, the largest changes first. */
  readonly flips: readonly Flip[];
  /** Relative change of each sample, in order, positive where worse: for a chart. */
  readonly changes: readonly { readonly id: string; readonly change: number }[];
  /** Every metric of both sides. */
  readonly metrics: readonly {
    readonly name: string;
    readonly base: number | null;
    readonly candidate: number | null;
  }[];
}

/** All comparable evaluations taken together; absent where there is only one. */
export interface Together {
  readonly verdict: ComparisonVerdict;
  readonly reason: string;
  readonly samples: number;
  readonly units: number;
  readonly change: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly chance: number | null;
  readonly level: number;
}

/** What one side costs beside the other. */
export interface ComparedCost {
  /** "time a sample, moving-shapes:test", "training step". */
  readonly what: string;
  readonly unit: "s" | "bytes" | "dispatches" | "submits";
  readonly base: number;
  readonly candidate: number;
  /** The candidate's value over the base's. */
  readonly ratio: number;
  /** Chance of ranks at least as high between sides that are alike; null without enough values. */
  readonly chance: number | null;
  readonly outcome: "worse" | "better" | "no difference";
  /** Why it does not decide, or null where it does. */
  readonly aside: string | null;
}

/** What cannot be compared, and why. */
export interface NotCompared {
  readonly what: string;
  readonly reason: string;
}

/** The whole comparison. */
export interface ComparisonReport {
  readonly schema: typeof COMPARISON_SCHEMA;
  readonly base: SideSummary;
  readonly candidate: SideSummary;
  /** The verdict on quality and cost together. */
  readonly verdict: ComparisonVerdict;
  /** Why, the weightiest first. */
  readonly reasons: readonly string[];
  /** What a reader should know beside. */
  readonly warnings: readonly string[];
  /** 0, 1 where the candidate is worse, 2 where nothing can be told. */
  readonly exitCode: 0 | 1 | 2;
  /** Relative tolerance of quality, and of cost. */
  readonly tolerance: number;
  readonly slower: number;
  readonly differences: readonly Difference[];
  readonly evaluations: readonly ComparedEvaluation[];
  readonly together: Together | null;
  readonly notCompared: readonly NotCompared[];
  readonly costs: readonly ComparedCost[];
}
