/**
 * What the test of a paper's claims came to: all that its page and its text rest on.
 *
 * @module
 */
import type { RunRecord } from "../record.ts";

/** Version of `--json`'s object. */
export const CLAIMS_SCHEMA = 1;

/** Whether the favoured arm is better beyond noise, worse beyond noise, or neither can be told. */
export type ClaimVerdict = "supported" | "contradicted" | "inconclusive";

/** An arm as a claim states it. */
export interface StatedArm {
  readonly id: string;
  readonly name: string;
  /** The paper's value in the claim's metric; null where it could not be read. */
  readonly published: number | null;
}

/** A statement that holds between two arms, without the recipes behind them. */
export interface StatedClaim {
  readonly id: string;
  readonly statement: string;
  /** Where the paper says so; where published values are missing, why. */
  readonly source: string;
  /** Name of the metric that decides. */
  readonly metric: string;
  /** The arm that is claimed to be better. */
  readonly favoured: StatedArm;
  readonly other: StatedArm;
}

/** An arm with what its runs scored. */
export interface ArmResult extends StatedArm {
  /** Mean over the runs; null where one has no value. */
  readonly mean: number | null;
  /** One a seed. */
  readonly runs: readonly {
    readonly id: string;
    readonly seed: number;
    readonly value: number | null;
  }[];
}

/** The difference held against one kind of noise. */
export interface AgainstNoise {
  /** Where the relative change might as well lie, 95 %; positive where the favoured arm is worse. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** In a few words: "better beyond noise", "4 scenes, and a verdict needs 7". */
  readonly outcome: string;
}

/** A claim and its verdict. */
export interface JudgedClaim extends Omit<StatedClaim, "favoured" | "other"> {
  readonly favoured: ArmResult;
  readonly other: ArmResult;
  readonly verdict: ClaimVerdict;
  /** The verdict's reason in one sentence, without a stop. */
  readonly reason: string;
  /** Change of the mean from the other arm to the favoured one, positive where that is worse. */
  readonly change: number | null;
  /** Had other seeds been drawn; null where nothing compares. */
  readonly overSeeds: AgainstNoise | null;
  /** Had other scenes been in the dataset; null where nothing compares. */
  readonly overScenes: AgainstNoise | null;
  /** Runs of each arm. */
  readonly seeds: number;
  /** Samples that both arms were scored on, and the scenes they come from. */
  readonly samples: number;
  readonly scenes: number;
  /** Settings that are not the same in both arms. */
  readonly differences: readonly {
    readonly name: string;
    readonly favoured: string;
    readonly other: string;
  }[];
}

/** All claims of a paper, tested with one recipe. */
export interface ClaimsReport {
  readonly schema: typeof CLAIMS_SCHEMA;
  readonly paper: RunRecord["paper"];
  readonly recipe: string;
  /** The recipe in words, and what a reader must know of it. */
  readonly scale: string;
  readonly notes: readonly string[];
  /** Training steps of each run. */
  readonly steps: number;
  readonly seeds: readonly number[];
  /** Different arms that were trained. */
  readonly arms: number;
  /** What every run was scored on; null where one was not. */
  readonly scored: {
    readonly dataset: string;
    readonly split: string;
    readonly samples: number;
    readonly protocol: { readonly id: string; readonly summary: string };
  } | null;
  readonly claims: readonly JudgedClaim[];
  /** Relative change up to which a difference is no matter. */
  readonly tolerance: number;
  /** Chance below which a difference counts as beyond noise, for each claim and kind of noise. */
  readonly level: number;
  /** What in how the runs were made may tell the arms apart beside the claims. */
  readonly warnings: readonly string[];
  /** The command that redoes it. */
  readonly command: string;
}
