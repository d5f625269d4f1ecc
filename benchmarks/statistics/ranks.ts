/**
 * Rank tests: whether one set of measurements tends to be larger than another, whatever their
 * distribution. For times and bytes, whose outliers would decide a test of means.
 *
 * Both are exact (the distribution over all ways to deal the same ranks out, ties included) up to
 * {@link EXACT_UP_TO} values, and normal beyond, with the usual corrections for ties and continuity.
 *
 * @module
 */
import { normalTail } from "./distributions.ts";

/** Values up to which the distribution is counted out. */
export const EXACT_UP_TO = 60;

/** What a rank test found. */
export interface RankTest {
  /** Chance of ranks at least this high if there were no difference: small where larger. */
  readonly larger: number;
  /** The same for ranks at most this high: small where smaller. */
  readonly smaller: number;
  /**
   * Share of pairs (or of pairwise averages of differences) in which the candidate's value is the
   * larger, ties counting half: 0.5 where neither tends to be larger.
   */
  readonly effect: number;
}

/**
 * The Mann–Whitney U test of two independent sets (Ann. Math. Stat. 18, 1947).
 *
 * @param base One value a measurement.
 * @param candidate The same of the other side.
 * @returns Null where a side has no values.
 */
export function mannWhitney(
  base: ArrayLike<number>,
  candidate: ArrayLike<number>,
): RankTest | null {
  const n = candidate.length, total = base.length + n;
  if (n === 0 || base.length === 0) return null;
  const ranks = doubledRanks([...Array.from(candidate), ...Array.from(base)]);
  const sum = ranks.slice(0, n).reduce((a, b) => a + b, 0);
  const effect = (sum / 2 - n * (n + 1) / 2) / (n * base.length);
  if (total <= EXACT_UP_TO) return { ...tails(subsetSums(ranks, n), sum), effect };
  const ties = tieTerm(ranks);
  const variance = n * base.length / 12 * (total + 1 - ties / (total * (total - 1)));
  return { ...normalTails(sum / 2, n * (total + 1) / 2, variance), effect };
}

/**
 * The Wilcoxon signed-rank test of paired differences (Biometrics Bulletin 1, 1945); differences of
 * exactly 0 are left out.
 *
 * @param differences Candidate minus base, one a pair.
 * @returns Null where no difference is left.
 */
export function signedRank(differences: ArrayLike<number>): RankTest | null {
  const kept = Array.from(differences).filter((difference) => difference !== 0);
  const n = kept.length;
  if (n === 0) return null;
  const ranks = doubledRanks(kept.map(Math.abs));
  const sum = ranks.reduce((total, rank, i) => total + (kept[i] > 0 ? rank : 0), 0);
  const effect = sum / (n * (n + 1));
  if (n <= EXACT_UP_TO) return { ...tails(signSums(ranks), sum), effect };
  const variance = n * (n + 1) * (2 * n + 1) / 24 - tieTerm(ranks) / 48;
  return { ...normalTails(sum / 2, n * (n + 1) / 4, variance), effect };
}

/** Twice the rank of each value, from the smallest; ties share their mean rank, so twice is whole. */
function doubledRanks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) ranks[order[i]] = from + to + 1;
    from = to;
  }
  return ranks;
}

/** Sum of t³ - t over the groups of t tied values. */
function tieTerm(ranks: readonly number[]): number {
  const sizes = Map.groupBy(ranks, (rank) => rank).values();
  return [...sizes].reduce((sum, { length: t }) => sum + t ** 3 - t, 0);
}

/** How many of the subsets of `size` ranks have each sum. */
function subsetSums(ranks: readonly number[], size: number): Float64Array {
  const most = ranks.reduce((a, b) => a + b, 0);
  const counts = Array.from({ length: size + 1 }, () => new Float64Array(most + 1));
  counts[0][0] = 1;
  for (const rank of ranks) {
    for (let taken = size; taken > 0; taken--) {
      const without = counts[taken - 1], into = counts[taken];
      for (let sum = rank; sum <= most; sum++) into[sum] += without[sum - rank];
    }
  }
  return counts[size];
}

/** How many of the choices of signs give each sum of the positive ranks. */
function signSums(ranks: readonly number[]): Float64Array {
  const most = ranks.reduce((a, b) => a + b, 0);
  const counts = new Float64Array(most + 1);
  counts[0] = 1;
  for (const rank of ranks) {
    for (let sum = most; sum >= rank; sum--) counts[sum] += counts[sum - rank];
  }
  return counts;
}

function tails(counts: Float64Array, at: number): Pick<RankTest, "larger" | "smaller"> {
  let below = 0, above = 0, all = 0;
  counts.forEach((count, sum) => {
    all += count;
    if (sum <= at) below += count;
    if (sum >= at) above += count;
  });
  return { larger: above / all, smaller: below / all };
}

function normalTails(
  at: number,
  mean: number,
  variance: number,
): Pick<RankTest, "larger" | "smaller"> {
  if (variance === 0) return { larger: 1, smaller: 1 };
  const deviation = Math.sqrt(variance);
  return {
    larger: normalTail((at - mean - 0.5) / deviation),
    smaller: normalTail((mean - at - 0.5) / deviation),
  };
}
