/**
 * Verdicts in words: one sentence for a run, one mark for a badge.
 *
 * @module
 */
import { MODEL_SIZE, type PublishedComparison, type Verdict } from "../benchmarks/record.ts";

/** What a run's comparisons come to. */
export interface Headline {
  /** The least favourable verdict among numbers that compare; else why none does. */
  readonly verdict: Verdict;
  /** The verdict as a sentence. */
  readonly sentence: string;
  /** Counts, where verdicts differ, and the verdict's most frequent reason. */
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

/** Sums up comparisons without hiding an unfavourable one; the model's size is no result. */
export function headline(all: readonly PublishedComparison[]): Headline {
  const comparisons = all.filter(({ published }) => published.metric !== MODEL_SIZE);
  const verdict = ORDER.find((v) => comparisons.some((c) => c.verdict === v)) ?? "not run";
  const counts = ORDER
    .map((v) => [comparisons.filter((c) => c.verdict === v).length, v] as const)
    .filter(([n]) => n > 0);
  const listed = counts.map(([n, v]) => `${n} ${v}`).join(", ");
  const detail = counts.length > 1
    ? [`Of ${comparisons.length} published numbers: ${listed}.`]
    : [];
  const reasons = comparisons.filter((c) => c.verdict === verdict).map((c) => c.reason);
  const commonest = mostFrequent(reasons);
  if (commonest) {
    const { reason, times } = commonest;
    const share = times === reasons.length ? "" : `For ${times} of ${reasons.length}: `;
    detail.push(`${share}${reason}${/[.!?]$/.test(reason) ? "" : "."}`);
  }
  return { verdict, sentence: SENTENCES[verdict], detail: detail.join(" ") };
}

function mostFrequent(reasons: readonly string[]): { reason: string; times: number } | null {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const [first] = [...counts].sort(([, a], [, b]) => b - a); // stable: the earlier of equals
  return first ? { reason: first[0], times: first[1] } : null;
}
