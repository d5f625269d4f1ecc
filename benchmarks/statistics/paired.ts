/**
 * Whether a candidate scores worse than a base on the same samples.
 *
 * Samples of one scene look alike and go wrong together, so what is compared, drawn and flipped is
 * the scene: neighbouring frames of one video count as one, not as many. See
 * `docs/decisions/0014-when-a-model-is-worse.md`.
 *
 * @module
 */
import { type RandomStream, randomStream } from "../../base/random.ts";
import { bootstrapRatio } from "./bootstrap.ts";
import { fewestPairs, signFlipTest } from "./sign_flip.ts";

/** Chance of calling two models that are alike worse. */
export const LEVEL = 0.01;

/** Scenes below which nothing can be told: with fewer, not even all of them agreeing is rare. */
export const FEWEST_SCENES = fewestPairs(LEVEL);

/** What two sets of results came to. */
export type Outcome = "same" | "worse" | "better" | "not worse" | "undecided" | "too few";

/** Results of two sides on the same samples. */
export interface Pairs {
  /** Scene of each sample; samples of one scene count as one. */
  readonly scenes: readonly string[];
  /** The base's value of each sample; NaN where it has none, and then on both sides. */
  readonly base: ArrayLike<number>;
  /** The candidate's. */
  readonly candidate: ArrayLike<number>;
  /** Weight of each sample in the mean, for example its pixels; all alike unless given. */
  readonly weights?: ArrayLike<number>;
}

/** How the comparison is made. */
export interface PairedOptions {
  readonly lowerIsBetter: boolean;
  /** Relative change up to which worse is not worth a word, for example 0.01. */
  readonly tolerance: number;
  /**
   * What makes a difference large: "relative" to the scene's own value, for errors without an upper
   * end, or "absolute", for shares and percentages.
   */
  readonly scale: "relative" | "absolute";
  /** Chance of calling models that are alike worse; {@link LEVEL} unless told. */
  readonly level?: number;
  /** Named streams are forked off it: the same one gives the same result. */
  readonly random?: RandomStream;
}

/** What {@link comparePairs} found. */
export interface PairedResult {
  readonly outcome: Outcome;
  /** Samples with a value. */
  readonly samples: number;
  /** Scenes they come from. */
  readonly scenes: number;
  /** The base's mean. */
  readonly base: number;
  /** The candidate's mean. */
  readonly candidate: number;
  /** Change of the mean relative to the base's, positive where the candidate is worse. */
  readonly change: number;
  /** Where that change might as well lie had other scenes been there, 95 %; null where too few. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /**
   * Chance that the scenes of two models that are alike lean this much to the worse; null where too
   * few.
   */
  readonly chance: number | null;
}

/**
 * Compares the means of two sides over the same samples.
 *
 * Worse means both: beyond noise, by the sign-flip test over scenes, and beyond the tolerance. "Not
 * worse" means that the interval ends within the tolerance; "undecided" that neither can be said.
 *
 * @throws {RangeError} When a sample has a value on one side only, or lengths differ.
 */
export function comparePairs(
  pairs: Pairs,
  { lowerIsBetter, tolerance, scale, level = LEVEL, random = randomStream(0, "pairs") }:
    PairedOptions,
): PairedResult {
  const { units, samples, total, weight } = sumByScene(pairs, lowerIsBetter ? 1 : -1);
  const base = total.base / weight, candidate = total.candidate / weight;
  const change = relative((candidate - base) * (lowerIsBetter ? 1 : -1), Math.abs(base));
  const found = { samples, scenes: units.length, base, candidate, change };
  const differences = units.map((unit) => unit.candidate - unit.base);
  if (differences.every((difference) => difference === 0)) {
    return { ...found, outcome: samples > 0 ? "same" : "too few", interval: null, chance: null };
  }
  if (units.length < fewestPairs(level)) {
    return { ...found, outcome: "too few", interval: null, chance: null };
  }
  const sizes = units.map((unit) => Math.abs(unit.base));
  const interval = bootstrapRatio(differences, sizes, random.fork("interval"));
  // Swapping the two sides of a scene changes the sign of this and nothing else.
  const leanings = units.map(({ base, candidate, weight }) =>
    (candidate - base) / (scale === "absolute" ? weight : Math.abs(base) + Math.abs(candidate) || 1)
  );
  const chance = signFlipTest(leanings, random.fork("signs"));
  const chanceOfBetter = () =>
    signFlipTest(leanings.map((leaning) => -leaning), random.fork("signs"));
  const outcome = verdictOf(change, chance, interval, { tolerance, level }, chanceOfBetter);
  return { ...found, outcome, interval, chance };
}

function verdictOf(
  change: number,
  chance: number,
  interval: { readonly high: number } | null,
  { tolerance, level }: { tolerance: number; level: number },
  chanceOfBetter: () => number,
): Outcome {
  if (chance <= level && change > tolerance) return "worse";
  if (change < -tolerance && chanceOfBetter() <= level) return "better";
  return interval !== null && interval.high <= tolerance ? "not worse" : "undecided";
}

/** What a difference is of the value it started from; infinite where that was 0. */
function relative(difference: number, from: number): number {
  return difference === 0 ? 0 : difference / from;
}

/** Both sides summed by scene, with a sign that makes larger worse; and the sums of all. */
function sumByScene({ scenes, base, candidate, weights }: Pairs, sign: 1 | -1) {
  if (base.length !== scenes.length || candidate.length !== scenes.length) {
    throw new RangeError(`${base.length} and ${candidate.length} values, ${scenes.length} samples`);
  }
  const sums = new Map<string, { base: number; candidate: number; weight: number }>();
  const total = { base: 0, candidate: 0 };
  let samples = 0, weight = 0;
  scenes.forEach((scene, i) => {
    const from = base[i], to = candidate[i], w = weights?.[i] ?? 1;
    if (Number.isNaN(from) !== Number.isNaN(to)) {
      throw new RangeError(`Sample ${i} has a value on one side only`);
    }
    if (Number.isNaN(from) || !(w > 0)) return;
    const sum = sums.get(scene) ?? { base: 0, candidate: 0, weight: 0 };
    sums.set(scene, sum);
    sum.base += sign * from * w;
    sum.candidate += sign * to * w;
    sum.weight += w;
    total.base += from * w;
    total.candidate += to * w;
    weight += w;
    samples++;
  });
  return { units: [...sums.values()], samples, total, weight };
}

/**
 * The scene a sample belongs to: what stands before the last `/` of its id. A sample without one is
 * a scene of its own.
 */
export function sceneOf(sampleId: string): string {
  const end = sampleId.lastIndexOf("/");
  return end < 0 ? sampleId : sampleId.slice(0, end);
}
