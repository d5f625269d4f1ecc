/**
 * Two speed benchmarks compared.
 *
 * Each took turns with an alternative in one process, so what the machine did meanwhile met both: the
 * time relative to the alternative's travels between processes where the time itself doesn't.
 *
 * @module
 */
import { median } from "../../base/quantile.ts";
import { machineKey } from "../machine.ts";
import type { SpeedRecord, SpeedRow } from "../speed/speed_record.ts";
import { FEWEST_SCENES, LEVEL } from "../statistics/paired.ts";
import { mannWhitney, signedRank } from "../statistics/ranks.ts";
import {
  type ComparedCost,
  COMPARISON_SCHEMA,
  type ComparisonReport,
  type NotCompared,
  type SideSummary,
} from "./comparison_record.ts";
import { environmentDifferences } from "./differences.ts";

/** A row of both records. */
interface RowPair {
  readonly what: string;
  readonly base: SpeedRow;
  readonly candidate: SpeedRow;
}

/**
 * Compares two speed records row by row, and all rows together.
 *
 * @param slower Share by which the candidate may be slower or larger.
 */
export function compareSpeed(
  base: SpeedRecord,
  candidate: SpeedRecord,
  slower: number,
): ComparisonReport {
  const { pairs, notCompared } = pairedRows(base, candidate);
  const judged = pairs.filter(isRelative);
  const level = LEVEL / 2 / Math.max(judged.length, 1);
  const sameMachine = machineKey(base.environment) === machineKey(candidate.environment);
  const costs = [
    ...together(judged, slower),
    ...pairs.map((pair) => rowCost(pair, slower, level, sameMachine)),
    ...sizeCosts(base, candidate, slower),
  ];
  const deciding = costs.filter(({ aside }) => aside === null);
  const worse = deciding.filter(({ outcome }) => outcome === "worse");
  const better = deciding.filter(({ outcome }) => outcome === "better");
  const reasonOf = ({ what, ratio }: ComparedCost) =>
    `${what}: ${ratio.toPrecision(3)} times as much.`;
  const warnings = sameMachine ? [] : ["The machines differ; relative times may differ with them."];
  return {
    schema: COMPARISON_SCHEMA,
    base: summaryOf(base),
    candidate: summaryOf(candidate),
    verdict: deciding.length === 0
      ? "not comparable"
      : worse.length > 0
      ? "worse"
      : better.length > 0
      ? "better"
      : "undecided",
    reasons: deciding.length === 0
      ? ["No row of both can be judged: none has an alternative in both, and enough samples."]
      : worse.length > 0
      ? worse.map(reasonOf)
      : better.map(reasonOf),
    warnings,
    exitCode: deciding.length === 0 ? 2 : worse.length > 0 ? 1 : 0,
    tolerance: 0,
    slower,
    differences: environmentDifferences(base.environment, candidate.environment),
    evaluations: [],
    together: null,
    notCompared,
    costs,
  };
}

function summaryOf({ id, startedAt, environment, command }: SpeedRecord): SideSummary {
  const run = {
    id,
    paper: "bench",
    scale: command,
    seed: 0,
    startedAt,
    commit: environment.commit,
  };
  return { name: id, runs: [run] };
}

const nameOf = ({ group, name, shape }: SpeedRow) =>
  [group, name, shape].filter(Boolean).join(", ");

function pairedRows(
  base: SpeedRecord,
  candidate: SpeedRecord,
): { pairs: RowPair[]; notCompared: NotCompared[] } {
  const pairs: RowPair[] = [], notCompared: NotCompared[] = [];
  const others = new Map(candidate.rows.map((row) => [nameOf(row), row]));
  for (const row of base.rows) {
    const what = nameOf(row), other = others.get(what);
    if (other === undefined) continue; // another choice of groups is no fault
    if (row.ours !== null && other.ours !== null && row.unit === other.unit) {
      pairs.push({ what, base: row, candidate: other });
    } else if (row.ours !== null && other.skipped === null) {
      notCompared.push({ what, reason: other.error ?? "the candidate has no number" });
    }
  }
  return { pairs, notCompared };
}

/** Whether both took turns with the same alternative. */
function isRelative({ base, candidate }: RowPair): boolean {
  return base.unit === "s" && base.alternative !== null && candidate.alternative !== null &&
    base.alternative.name === candidate.alternative.name;
}

/** Times relative to the alternative's, sample by sample. */
function relative({ ours, alternative }: SpeedRow): number[] {
  const n = Math.min(ours!.values.length, alternative!.values.length);
  return Array.from({ length: n }, (_, i) => ours!.values[i] / alternative!.values[i]);
}

function rowCost(
  pair: RowPair,
  slower: number,
  level: number,
  sameMachine: boolean,
): ComparedCost {
  const { what, base, candidate } = pair;
  const [from, to] = [base.ours!.median, candidate.ours!.median];
  const values = { base: from, candidate: to };
  if (base.unit !== "s") {
    const ratio = from > 0 ? to / from : 1;
    const outcome = outcomeOf(ratio, slower, true, true);
    return { what, unit: base.unit, ...values, ratio, chance: null, outcome, aside: null };
  }
  const [a, b] = isRelative(pair)
    ? [relative(base), relative(candidate)]
    : [base.ours!.values, candidate.ours!.values];
  const ratio = median(b) / median(a), test = mannWhitney(a, b)!;
  const rarest = mannWhitney(a.map((_, i) => i), b.map((_, i) => a.length + i))!.larger;
  const aside = !isRelative(pair)
    ? sameMachine ? "no alternative took turns with both" : "another machine"
    : rarest > level
    ? `${a.length} and ${b.length} samples are too few among so many rows`
    : null;
  return {
    what,
    unit: "s",
    ...values,
    ratio,
    chance: test.larger,
    outcome: outcomeOf(ratio, slower, test.larger <= level, test.smaller <= level),
    aside,
  };
}

function outcomeOf(
  ratio: number,
  slower: number,
  larger: boolean,
  smaller: boolean,
): ComparedCost["outcome"] {
  if (larger && ratio > 1 + slower) return "worse";
  return smaller && ratio < 1 / (1 + slower) ? "better" : "no difference";
}

/** All rows with an alternative: each row's change is one difference. */
function together(pairs: readonly RowPair[], slower: number): ComparedCost[] {
  const changes = pairs.map(({ base, candidate }) =>
    Math.log(median(relative(candidate)) / median(relative(base)))
  );
  const test = signedRank(changes);
  if (test === null || changes.length < FEWEST_SCENES) return [];
  const ratio = Math.exp(median(changes)), level = LEVEL / 2;
  return [{
    what: `all ${changes.length} rows with an alternative, relative to it`,
    unit: "s",
    base: 1,
    candidate: ratio,
    ratio,
    chance: test.larger,
    outcome: outcomeOf(ratio, slower, test.larger <= level, test.smaller <= level),
    aside: null,
  }];
}

/** Memory by picture size: the device's is counted, the process' is not the same twice. */
function sizeCosts(base: SpeedRecord, candidate: SpeedRecord, slower: number): ComparedCost[] {
  return base.sizes.flatMap(({ group, points }) => {
    const others = candidate.sizes.find((curve) => curve.group === group)?.points ?? [];
    return points.flatMap(({ height, width, deviceBytes, residentBytes }) => {
      const other = others.find((point) => point.height === height && point.width === width);
      if (other === undefined) return [];
      const cost = (name: string, from: number, to: number, aside: string | null) => ({
        what: `${name} at ${height}×${width}`,
        unit: "bytes" as const,
        base: from,
        candidate: to,
        ratio: from > 0 ? to / from : 1,
        chance: null,
        outcome: outcomeOf(from > 0 ? to / from : 1, slower, true, true),
        aside,
      });
      return [
        cost("device memory", deviceBytes, other.deviceBytes, null),
        cost("process memory", residentBytes, other.residentBytes, "one process each"),
      ];
    });
  });
}
