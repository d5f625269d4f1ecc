/**
 * Whether a claim holds between the runs of its two arms.
 *
 * See `docs/decisions/0022-when-a-claim-is-supported.md`.
 *
 * @module
 */
import { TOLERANCE } from "../comparison/compare_sides.ts";
import type { ComparedEvaluation, ComparisonVerdict } from "../comparison/comparison_record.ts";
import { differencesOf } from "../comparison/differences.ts";
import { matchSides } from "../comparison/matching.ts";
import { judgeQuality } from "../comparison/quality.ts";
import type { Side } from "../comparison/side.ts";
import { metricName } from "../metric_names.ts";
import type { Evaluation } from "../record.ts";
import { FEWEST_RUNS } from "../statistics/seeds.ts";
import type {
  AgainstNoise,
  ArmResult,
  ClaimVerdict,
  JudgedClaim,
  StatedArm,
  StatedClaim,
} from "./claims_record.ts";

/** What the arms are scored on; their runs may hold other evaluations as well. */
export interface ScoredOn {
  readonly dataset: string;
  readonly split: string;
  /** Any where absent. */
  readonly protocol?: string;
}

/**
 * Judges a claim by its arms' runs.
 *
 * @param favoured Runs of the arm that is claimed to be better, one a seed.
 * @param other Runs of the other arm with the same seeds.
 */
export function judgeClaim(
  claim: StatedClaim,
  favoured: Side,
  other: Side,
  on: ScoredOn,
): JudgedClaim {
  const { metric } = claim;
  const [from, to] = [other, favoured].map((side) => scoredOnly(side, on));
  const unscored = unscoredAmong([...from.runs, ...to.runs], on);
  const result = {
    favoured: armResult(claim.favoured, to, metric),
    other: armResult(claim.other, from, metric),
  };
  const found = {
    ...claim,
    ...result,
    seeds: Math.min(from.runs.length, to.runs.length),
    differences: settingsOf(from, to),
  };
  const { matches, notCompared } = unscored ?? matchSides(from, to);
  const judge = (noise: "runs" | "scenes") =>
    judgeQuality(matches, {
      ...{ tolerance: TOLERANCE, toleranceGiven: false, sameModel: false },
      ...{ metric, noise },
    });
  const [seeds, scenes] = [judge("runs"), judge("scenes")];
  const [bySeeds] = seeds.evaluations, [byScenes] = scenes.evaluations;
  if (bySeeds === undefined || byScenes === undefined) {
    const [{ reason }] = [...notCompared, ...seeds.refused];
    return {
      ...found,
      verdict: "inconclusive",
      reason,
      ...{ change: null, overSeeds: null, overScenes: null, samples: 0, scenes: 0 },
    };
  }
  const overSeeds = found.seeds < FEWEST_RUNS
    ? { ...against(bySeeds), outcome: needs(found.seeds, "seed", FEWEST_RUNS) }
    : against(bySeeds);
  const overScenes = against(byScenes);
  return {
    ...found,
    verdict: verdictOf(bySeeds.verdict, byScenes.verdict),
    reason: `Over seeds ${overSeeds.outcome}; over scenes ${overScenes.outcome}`,
    change: changeOf(result.other.mean, result.favoured.mean, metric),
    overSeeds,
    overScenes,
    samples: byScenes.samples,
    scenes: byScenes.units,
  };
}

/** What is beyond one kind of noise and not beyond the other tells nothing. */
function verdictOf(...over: readonly ComparisonVerdict[]): ClaimVerdict {
  if (over.every((verdict) => verdict === "better")) return "supported";
  return over.every((verdict) => verdict === "worse") ? "contradicted" : "inconclusive";
}

const OUTCOMES: Readonly<Record<Exclude<ComparisonVerdict, "not comparable">, string>> = {
  "better": "better beyond noise",
  "worse": "worse beyond noise",
  "same": "the same to the last bit",
  "not worse": "no worse than tolerated, and not better beyond noise",
  "undecided": "not beyond noise",
};

function against({ verdict, reason, interval }: ComparedEvaluation): AgainstNoise {
  const outcome = verdict === "not comparable" ? reason : OUTCOMES[verdict];
  return { interval: interval && { low: interval.low, high: interval.high }, outcome };
}

const needs = (n: number, noun: string, fewest: number) =>
  `${n} ${noun}${n === 1 ? "" : "s"}, and a verdict needs ${fewest}`;

/** The side without evaluations of anything else. */
function scoredOnly({ name, runs }: Side, on: ScoredOn): Side {
  return {
    name,
    runs: runs.map(({ record, samples }) => ({
      record: { ...record, evaluations: record.evaluations.filter((e) => isOf(e, on)) },
      samples,
    })),
  };
}

/** Runs that were not scored, as what cannot be compared; null where all were. */
function unscoredAmong(runs: Side["runs"], { dataset, split }: ScoredOn) {
  const missing = runs.filter(({ record }) => record.evaluations.length === 0);
  if (missing.length === 0) return null;
  const what = `${dataset}:${split}`;
  const notCompared = missing.map(({ record }) => ({
    what,
    reason: `${record.id} was not scored on ${what}`,
  }));
  return { matches: [], notCompared };
}

/** Whether an evaluation is of a run's own model, on what the arms are scored on. */
export function isOf(evaluation: Evaluation, { dataset, split, protocol }: ScoredOn): boolean {
  return evaluation.contender.kind === "run" && evaluation.dataset === dataset &&
    evaluation.split === split && (protocol ?? evaluation.protocol.id) === evaluation.protocol.id;
}

function armResult({ id, name, published }: StatedArm, { runs }: Side, metric: string): ArmResult {
  const values = runs.map(({ record }) => record.evaluations[0]?.metrics[metric] ?? null);
  return {
    ...{ id, name, published },
    mean: values.includes(null)
      ? null
      : values.reduce<number>((sum, value) => sum + value!, 0) / values.length,
    runs: runs.map(({ record }, i) => ({ id: record.id, seed: record.seed, value: values[i] })),
  };
}

/** Relative change of the mean, positive where worse. */
function changeOf(from: number | null, to: number | null, metric: string): number | null {
  if (from === null || to === null || from === 0) return null;
  return (metricName(metric).better === "lower" ? 1 : -1) * (to - from) / Math.abs(from);
}

/** Marks of an arm, which say nothing of how it is trained. */
const MARKS = new Set(["recipe", "config.arm", "config.trainedOn"]);

function settingsOf(other: Side, favoured: Side): JudgedClaim["differences"] {
  const [from, to] = [other, favoured].map(({ runs: [{ record }] }) => record);
  return differencesOf(from, to)
    .filter(({ area, name }) => area === "configuration" && !MARKS.has(name))
    .map(({ name, base, candidate }) => ({ name, favoured: candidate, other: base }));
}
