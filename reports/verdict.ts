/**
 * Verdicts in words: one sentence for a run, one mark for a badge.
 *
 * @module
 */
import type { Comparison, Verdict } from "../benchmarks/record.ts";

/** What a run's comparisons come to. */
export interface Headline {
  /** The least favourable verdict among numbers that compare; else why none does. */
  readonly verdict: Verdict;
  /** The verdict as a sentence. */
  readonly sentence: string;
  /** Counts, where verdicts differ, and the reason where one reason covers the verdict. */
  readonly detail: string;
}

/** From least to most favourable; the last two say that nothing was compared. */
const ORDER: readonly Verdict[] = [
  "not reproduced",
  "close",
  "reproduced",
  "better",
  "not comparable",
  "not run",
];

const SENTENCES: Record<Verdict, string> = {
  "reproduced": "The published numbers are reproduced.",
  "better": "The numbers are better than the published ones.",
  "close": "Close to the published numbers, but not within tolerance.",
  "not reproduced": "Published numbers are not reproduced.",
  "not comparable": "Not comparable with the published numbers.",
  "not run": "No published number was put to the test.",
};

/** A sign for each verdict, so that colour never carries it alone. */
export const VERDICT_MARKS: Record<Verdict, string> = {
  "reproduced": "✓",
  "better": "▲",
  "close": "≈",
  "not reproduced": "✕",
  "not comparable": "≠",
  "not run": "·",
};

/** Sums up comparisons without hiding an unfavourable one. */
export function headline(comparisons: readonly Comparison[]): Headline {
  const verdict = ORDER.find((v) => comparisons.some((c) => c.verdict === v)) ?? "not run";
  const counts = ORDER
    .map((v) => [comparisons.filter((c) => c.verdict === v).length, v] as const)
    .filter(([n]) => n > 0);
  const listed = counts.map(([n, v]) => `${n} ${v}`).join(", ");
  const detail = counts.length > 1
    ? [`Of ${comparisons.length} published numbers: ${listed}.`]
    : [];
  const reasons = new Set(comparisons.filter((c) => c.verdict === verdict).map((c) => c.reason));
  if (reasons.size === 1) detail.push(...reasons);
  return { verdict, sentence: SENTENCES[verdict], detail: detail.join(" ") };
}
