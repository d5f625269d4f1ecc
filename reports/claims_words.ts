/**
 * The test of claims in words: for a terminal and for the head of its page.
 *
 * @module
 */
import type {
  ClaimsReport,
  ClaimVerdict,
  JudgedClaim,
} from "../benchmarks/claims/claims_record.ts";
import { count, integer } from "./format.ts";

/** A sign for each verdict, so that colour never carries it alone. */
export const CLAIM_MARKS: Readonly<Record<ClaimVerdict, string>> = {
  "supported": "✓",
  "contradicted": "✕",
  "inconclusive": "≈",
};

/** How many claims came to which verdict: `Of 4 claims, 1 is supported, 3 are inconclusive.` */
export function claimsSentence(claims: readonly JudgedClaim[]): string {
  const parts = (Object.keys(CLAIM_MARKS) as ClaimVerdict[]).flatMap((verdict) => {
    const n = claims.filter((claim) => claim.verdict === verdict).length;
    return n === 0 ? [] : [`${n} ${n === 1 ? "is" : "are"} ${verdict}`];
  });
  return `Of ${count(claims.length, "claim")}, ${parts.join(", ")}.`;
}

/** What was run: `Tested with 5 arms of the demo recipe, 3 seeds each, 800 steps a run; …` */
export function testedWith({ recipe, arms, seeds, steps, scored }: ClaimsReport): string {
  const on = scored === null
    ? "not every run was scored alike"
    : `scored on ${scored.dataset}:${scored.split}, ${count(scored.samples, "sample")}`;
  return `Tested with ${count(arms, "arm")} of the ${recipe} recipe, ` +
    `${count(seeds.length, "seed")} each, ${integer(steps)} steps a run; ${on}.`;
}
