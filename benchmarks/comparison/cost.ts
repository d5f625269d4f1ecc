/**
 * Whether the candidate is slower or larger.
 *
 * Times of two processes differ by what else the machine did, so one run a side can be described and
 * not judged: what decides are several runs a side, on one machine, by a rank test over runs.
 *
 * @module
 */
import { median } from "../../base/quantile.ts";
import { machineKey } from "../machine.ts";
import type { RunRecord } from "../record.ts";
import { LEVEL } from "../statistics/paired.ts";
import { mannWhitney, signedRank } from "../statistics/ranks.ts";
import type { ComparedCost } from "./comparison_record.ts";
import type { Match } from "./matching.ts";
import type { Side } from "./side.ts";

/** One kind of cost: its values on both sides, and who may judge. */
interface Cost {
  readonly what: string;
  readonly unit: ComparedCost["unit"];
  /** One value a run. */
  readonly base: readonly number[];
  readonly candidate: readonly number[];
  /** One value a sample, where each side is one run. */
  readonly paired?: readonly (readonly [base: number, candidate: number])[];
}

/** Times and memory of both sides; none where neither kept any. */
export function judgeCost(
  base: Side,
  candidate: Side,
  matches: readonly Match[],
  slower: number,
): ComparedCost[] {
  const machines = new Set(
    [...base.runs, ...candidate.runs].map(({ record }) => machineKey(record.environment)),
  );
  const kernels = new Set(
    [...base.runs, ...candidate.runs].map(({ record }) => record.environment.kernels),
  );
  return [...trainingCosts(base, candidate), ...matches.flatMap(evaluationCosts)].map((cost) =>
    judge(cost, slower, machines.size > 1 ? "another machine" : null, kernels.size > 1)
  );
}

function trainingCosts(base: Side, candidate: Side): Cost[] {
  const perStep = (side: Side) =>
    side.runs.flatMap(({ record: { training } }: { record: RunRecord }) =>
      training !== null && training.steps > 0 ? [training.seconds / training.steps] : []
    );
  const [from, to] = [perStep(base), perStep(candidate)];
  if (from.length === 0 || to.length === 0) return [];
  return [{ what: "a training step", unit: "s", base: from, candidate: to }];
}

function evaluationCosts({ base, candidate }: Match): Cost[] {
  const all = [...base, ...candidate].map(({ evaluation }) => evaluation);
  if (all.some(({ cost }) => cost === undefined)) return [];
  const counts = new Set(
    all.map(({ byIteration }) => byIteration.map(({ iterations }) => iterations).join()),
  );
  const { dataset, split } = all[0];
  const where = `${dataset}:${split}`;
  const costs = (quantity: "seconds" | "residentBytes") => {
    const values = (side: Match["base"]) =>
      side.map(({ evaluation }) => evaluation.cost![quantity]);
    const [from, to] = [values(base), values(candidate)];
    return {
      base: from.map(quantity === "seconds" ? median : largest),
      candidate: to.map(quantity === "seconds" ? median : largest),
      paired: from.length === 1 && to.length === 1
        ? from[0].map((value, i) => [value, to[0][i]] as const)
        : undefined,
    };
  };
  // A pass at more iteration counts takes longer for another reason.
  const time: Cost[] = counts.size === 1
    ? [{ what: `a sample of ${where}`, unit: "s", ...costs("seconds") }]
    : [];
  return [...time, { what: `memory on ${where}`, unit: "bytes", ...costs("residentBytes") }];
}

function judge(
  { what, unit, base, candidate, paired }: Cost,
  slower: number,
  obstacle: string | null,
  otherKernels: boolean,
): ComparedCost {
  const [from, to] = [median(base), median(candidate)];
  const ratio = from > 0 ? to / from : 1;
  const test = paired
    ? signedRank(paired.map(([a, b]) => Math.log(b / a)).filter(Number.isFinite))
    : mannWhitney(base, candidate);
  const runs = mannWhitney(base.map((_, i) => i), candidate.map((_, i) => base.length + i));
  const canJudge = !paired && runs !== null && runs.larger <= LEVEL;
  const aside = obstacle ??
    (canJudge ? null : "one process each: what else the machine did is not told apart");
  const outcome = test !== null && test.larger <= LEVEL && ratio > 1 + slower
    ? "worse"
    : test !== null && test.smaller <= LEVEL && ratio < 1 / (1 + slower)
    ? "better"
    : "no difference";
  return {
    what: otherKernels ? `${what}, other kernels` : what,
    unit,
    base: from,
    candidate: to,
    ratio,
    chance: test?.larger ?? null,
    outcome,
    aside: base.length + candidate.length > 2 && !canJudge && obstacle === null
      ? "too few runs for a verdict: five a side are enough"
      : aside,
  };
}

const largest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);
