/**
 * What the test of a paper's claims came to: all that its page, its text and its rows in README's
 * table rest on.
 *
 * @module
 */
import { z } from "zod";
import { check, parseJson, refuseLater } from "../checked_json.ts";
import { RunRecord } from "../record.ts";

/** Version of the schema below; a reader refuses reports of a later one. */
export const CLAIMS_SCHEMA = 1;

const finite = z.number();

/** Whether the favoured arm is better beyond noise, worse beyond noise, or neither can be told. */
export const ClaimVerdict = z.enum(["supported", "contradicted", "inconclusive"]);
/** See {@link ClaimVerdict}. */
export type ClaimVerdict = z.infer<typeof ClaimVerdict>;

/** An arm as a claim states it. */
export const StatedArm = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** The paper's value in the claim's metric; null where it could not be read. */
  published: finite.nullable(),
});
/** See {@link StatedArm}. */
export type StatedArm = z.infer<typeof StatedArm>;

/** A statement that holds between two arms, without the recipes behind them. */
export const StatedClaim = z.strictObject({
  id: z.string(),
  statement: z.string(),
  /** Where the paper says so; where published values are missing, why. */
  source: z.string(),
  /** Name of the metric that decides. */
  metric: z.string(),
  /** The arm that is claimed to be better. */
  favoured: StatedArm,
  other: StatedArm,
});
/** See {@link StatedClaim}. */
export type StatedClaim = z.infer<typeof StatedClaim>;

/** An arm with what its runs scored. */
export const ArmResult = z.strictObject({
  ...StatedArm.shape,
  /** Mean over the runs; null where one has no value. */
  mean: finite.nullable(),
  /** One a seed. */
  runs: z.array(z.strictObject({
    id: z.string(),
    seed: z.number().int(),
    value: finite.nullable(),
  })),
});
/** See {@link ArmResult}. */
export type ArmResult = z.infer<typeof ArmResult>;

/** The difference held against one kind of noise. */
export const AgainstNoise = z.strictObject({
  /** Where the relative change might as well lie, 95 %; positive where the favoured arm is worse. */
  interval: z.strictObject({ low: finite, high: finite }).nullable(),
  /** In a few words: "better beyond noise", "4 scenes, and a verdict needs 7". */
  outcome: z.string(),
});
/** See {@link AgainstNoise}. */
export type AgainstNoise = z.infer<typeof AgainstNoise>;

/** A claim and its verdict. */
export const JudgedClaim = z.strictObject({
  ...StatedClaim.shape,
  favoured: ArmResult,
  other: ArmResult,
  verdict: ClaimVerdict,
  /** The verdict's reason in one sentence, without a stop. */
  reason: z.string(),
  /** Change of the mean from the other arm to the favoured one, positive where that is worse. */
  change: finite.nullable(),
  /** Had other seeds been drawn; null where nothing compares. */
  overSeeds: AgainstNoise.nullable(),
  /** Had other scenes been in the dataset; null where nothing compares. */
  overScenes: AgainstNoise.nullable(),
  /** Runs of each arm. */
  seeds: z.number().int(),
  /** Samples that both arms were scored on, and the scenes they come from. */
  samples: z.number().int(),
  scenes: z.number().int(),
  /** Settings that are not the same in both arms. */
  differences: z.array(
    z.strictObject({ name: z.string(), favoured: z.string(), other: z.string() }),
  ),
});
/** See {@link JudgedClaim}. */
export type JudgedClaim = z.infer<typeof JudgedClaim>;

/** All claims of a paper, tested with one recipe. */
export const ClaimsReport = z.strictObject({
  schema: z.literal(CLAIMS_SCHEMA),
  paper: RunRecord.shape.paper,
  recipe: z.string(),
  /** The recipe in words, and what a reader must know of it. */
  scale: z.string(),
  notes: z.array(z.string()),
  /** Training steps of each run. */
  steps: z.number().int(),
  seeds: z.array(z.number().int()),
  /** Different arms that were trained. */
  arms: z.number().int(),
  /** What every run was scored on; null where one was not. */
  scored: z.strictObject({
    dataset: z.string(),
    split: z.string(),
    samples: z.number().int(),
    protocol: z.strictObject({ id: z.string(), summary: z.string() }),
  }).nullable(),
  claims: z.array(JudgedClaim),
  /** Relative change up to which a difference is no matter. */
  tolerance: finite,
  /** Chance below which a difference counts as beyond noise, for each claim and kind of noise. */
  level: finite,
  /** What in how the runs were made may tell the arms apart beside the claims. */
  warnings: z.array(z.string()),
  /** The command that redoes it. */
  command: z.string(),
});
/** See {@link ClaimsReport}. */
export type ClaimsReport = z.infer<typeof ClaimsReport>;

/**
 * Reads a report that was pinned.
 *
 * @param path Where the text is from, for the error.
 * @throws {DataError} When it is none, of a later schema, or damaged.
 */
export function parseClaims(path: string, text: string): ClaimsReport {
  const value = parseJson(path, text);
  refuseLater(path, value, CLAIMS_SCHEMA);
  return check(ClaimsReport, value, path, "report of claims");
}
