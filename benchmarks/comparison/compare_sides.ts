/**
 * Two sides compared: quality, cost, and what they were made with.
 *
 * @module
 */
import {
  type ComparedCost,
  type ComparedEvaluation,
  COMPARISON_SCHEMA,
  type ComparisonReport,
  type ComparisonVerdict,
  type NotCompared,
  type SideSummary,
  type Together,
} from "./comparison_record.ts";
import { judgeCost } from "./cost.ts";
import { differencesOf } from "./differences.ts";
import { matchSides } from "./matching.ts";
import { judgeQuality } from "./quality.ts";
import type { Side } from "./side.ts";

/** Relative change of a metric up to which worse is not worth a word, unless told. */
export const TOLERANCE = 0.01;

/** Share by which a candidate may be slower or larger, unless told. */
export const SLOWER = 0.1;

/** Settings of {@link compareSides}. */
export interface CompareSidesOptions {
  /** Relative tolerance of quality; {@link TOLERANCE} unless told. */
  readonly tolerance?: number;
  /** Relative tolerance of times and memory; {@link SLOWER} unless told. */
  readonly slower?: number;
  /** Both sides are meant to be one model: any change beyond rounding counts. */
  readonly sameModel?: boolean;
}

/**
 * Compares a candidate with a base. The same sides give the same report.
 */
export function compareSides(
  base: Side,
  candidate: Side,
  { tolerance, slower = SLOWER, sameModel = false }: CompareSidesOptions = {},
): ComparisonReport {
  const found = matchSides(base, candidate);
  const { evaluations, together, refused } = judgeQuality(found.matches, {
    tolerance: tolerance ?? TOLERANCE,
    toleranceGiven: tolerance !== undefined,
    sameModel,
  });
  const costs = judgeCost(base, candidate, found.matches, slower);
  const notCompared = [...found.notCompared, ...refused];
  return {
    schema: COMPARISON_SCHEMA,
    base: summaryOf(base),
    candidate: summaryOf(candidate),
    ...conclusion(evaluations, together, notCompared, costs),
    warnings: [...found.warnings, ...warningsOf(base, candidate, evaluations)],
    tolerance: tolerance ?? TOLERANCE,
    slower,
    differences: differencesOf(base.runs[0].record, candidate.runs[0].record),
    evaluations,
    together,
    notCompared,
    costs,
  };
}

function summaryOf({ name, runs }: Side): SideSummary {
  return {
    name,
    runs: runs.map(({ record }) => ({
      id: record.id,
      paper: record.paper.id,
      scale: record.scale,
      seed: record.seed,
      startedAt: record.startedAt,
      commit: record.environment.commit,
    })),
  };
}

/** The verdict, its reasons and the exit code. */
function conclusion(
  evaluations: readonly ComparedEvaluation[],
  together: Together | null,
  notCompared: readonly NotCompared[],
  costs: readonly ComparedCost[],
): Pick<ComparisonReport, "verdict" | "reasons" | "exitCode"> {
  const named = evaluations.map((evaluation) => ({
    verdict: evaluation.verdict,
    text: `${evaluation.dataset}:${evaluation.split}: ${evaluation.reason}.`,
  }));
  const parts = together === null ? named : [
    { verdict: together.verdict, text: `All splits together: ${together.reason}.` },
    ...named,
  ];
  const textsOf = (...verdicts: ComparisonVerdict[]) =>
    parts.filter(({ verdict }) => verdicts.includes(verdict)).map(({ text }) => text);
  const slow = costs.filter(({ outcome, aside }) => outcome === "worse" && aside === null)
    .map(({ what, ratio }) => `${sentence(what)} takes ${ratio.toPrecision(3)} times as much.`);
  const worse = [...textsOf("worse"), ...slow];
  if (worse.length > 0) return { verdict: "worse", reasons: worse, exitCode: 1 };
  const judged = parts.filter(({ verdict }) => verdict !== "not comparable");
  if (judged.length === 0) {
    const reasons = [
      ...textsOf("not comparable"),
      ...notCompared.map(({ what, reason }) => `${what}: ${reason}.`),
    ];
    const nothing = "Neither side was scored on anything.";
    return {
      verdict: "not comparable",
      reasons: reasons.length > 0 ? reasons : [nothing],
      exitCode: 2,
    };
  }
  // Where all splits were judged together, that counts: single ones may be too small to tell.
  const leading = together !== null && together.verdict !== "not comparable"
    ? [together.verdict]
    : judged.map(({ verdict }) => verdict);
  const order: ComparisonVerdict[] = ["undecided", "not worse", "better", "same"];
  const verdict = order.find((candidate) => leading.includes(candidate))!;
  return { verdict, reasons: textsOf("undecided", "not worse", "better", "same"), exitCode: 0 };
}

function warningsOf(
  base: Side,
  candidate: Side,
  evaluations: readonly ComparedEvaluation[],
): string[] {
  const warnings: string[] = [];
  const runs = [...base.runs, ...candidate.runs].map(({ record }) => record);
  const papers = new Set(runs.map(({ paper }) => paper.id));
  if (papers.size > 1) {
    warnings.push(`The sides are of different papers: ${[...papers].join(", ")}.`);
  }
  const unfinished = runs.filter(({ status }) => status !== "complete").map(({ id }) => id);
  if (unfinished.length > 0) warnings.push(`Not finished: ${unfinished.join(", ")}.`);
  const trained = (side: Side) => side.runs.every(({ record }) => record.training !== null);
  if (trained(base) && trained(candidate) && evaluations.some(({ noise }) => noise === "scenes")) {
    warnings.push(
      "Each side is one set of trained weights, and another seed would have given others. This " +
        "compares the weights; to compare recipes, give a folder of at least three runs.",
    );
  }
  return warnings;
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
