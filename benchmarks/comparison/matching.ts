/**
 * Which results of two sides can be put beside each other, and why others cannot.
 *
 * @module
 */
import { type Evaluation, type RunRecord, scoringCode } from "../record.ts";
import type { NotCompared } from "./comparison_record.ts";
import type { ComparedRun, SampleNumbers, Side } from "./side.ts";

/** An evaluation with the numbers of its samples. */
export interface Sampled {
  readonly evaluation: Evaluation;
  readonly numbers: SampleNumbers;
}

/** Results of the same samples of the same data under the same protocol: one a run. */
export interface Match {
  readonly base: readonly Sampled[];
  readonly candidate: readonly Sampled[];
}

/** What {@link matchSides} found. */
export interface Matches {
  readonly matches: readonly Match[];
  readonly notCompared: readonly NotCompared[];
  readonly warnings: readonly string[];
}

/** Relative difference of a baseline's result up to which the benchmark counts as unchanged. */
const UNCHANGED = 1e-6;

/** Puts the sides' results beside each other: splits by name, and one protocol each. */
export function matchSides(base: Side, candidate: Side): Matches {
  const matches: Match[] = [], notCompared: NotCompared[] = [], warnings = new Set<string>();
  const [from, to] = [base, candidate].map((side) => resultsOf(side.runs));
  for (const what of new Set([...from.keys(), ...to.keys()])) {
    const a = from.get(what), b = to.get(what);
    if (a === undefined || b === undefined) {
      const side = a === undefined ? "the base" : "the candidate";
      notCompared.push({ what, reason: `${side} was not scored on it` });
      continue;
    }
    const found = matchOf(a, b);
    if ("reason" in found) notCompared.push({ what, reason: found.reason });
    else {
      matches.push(found);
      const warning = benchmarkWarning(what, a, b);
      if (warning !== null) warnings.add(warning);
    }
  }
  return { matches, notCompared, warnings: [...warnings] };
}

/** A run and its evaluation of one split. */
interface Result {
  readonly run: ComparedRun;
  readonly evaluations: readonly Evaluation[];
}

/** By split, and by stage where not a run's last weights were scored: what each run puts to the test. */
function resultsOf(runs: readonly ComparedRun[]): Map<string, Result[]> {
  const results = new Map<string, Result[]>();
  for (const run of runs) {
    const { evaluations } = run.record;
    const tested = evaluations.filter(({ contender }) => contender.kind !== "baseline");
    const bySplit = Map.groupBy(
      tested.length > 0 ? tested : evaluations,
      ({ dataset, split, contender: { stage } }) =>
        `${dataset}:${split}${stage === undefined ? "" : ` after ${stage}`}`,
    );
    for (const [what, evaluations] of bySplit) {
      results.set(what, [...results.get(what) ?? [], { run, evaluations }]);
    }
  }
  return results;
}

/** The results of one split beside each other, or why they can't be. */
function matchOf(base: readonly Result[], candidate: readonly Result[]): Match | NotCompared {
  const refuse = (reason: string): NotCompared => ({ what: "", reason });
  const all = [...base, ...candidate];
  const protocols = (results: readonly Result[]) =>
    results.map(({ evaluations }) => new Set(evaluations.map((e) => e.protocol.hash)));
  const common = [...protocols(all)[0]].filter((hash) =>
    protocols(all).every((hashes) => hashes.has(hash))
  );
  if (common.length === 0) {
    const [a, b] = [base[0], candidate[0]].map(({ evaluations: [{ protocol }] }) => protocol);
    return refuse(
      a.id === b.id
        ? `scored under different versions of protocol ${a.id}`
        : `scored under protocol ${a.id} (${a.summary}) and ${b.id} (${b.summary})`,
    );
  }
  const sides: Sampled[][] = [];
  for (const results of [base, candidate]) {
    const side: Sampled[] = [];
    for (const { run, evaluations } of results) {
      const fitting = evaluations.filter(({ protocol }) => common[0] === protocol.hash);
      if (fitting.length > 1) {
        const names = fitting.map(({ contender }) => contender.name).join(", ");
        return refuse(`${run.record.id} scored several contenders there: ${names}`);
      }
      const numbers = run.samples.get(fitting[0].id);
      if (numbers === undefined) return refuse(`${run.record.id} kept no per-sample numbers`);
      side.push({ evaluation: fitting[0], numbers });
    }
    sides.push(side);
  }
  const [first] = sides[0];
  const digest = dataDigest(base[0].run.record, first.evaluation);
  for (const { run } of all) {
    if (dataDigest(run.record, first.evaluation) !== digest) {
      return refuse("scored on other data: the digests of the stores differ");
    }
  }
  const ids = first.numbers.ids.join("\n");
  for (const { numbers } of sides.flat()) {
    if (numbers.ids.join("\n") !== ids) {
      return refuse(
        `scored on other samples (${first.numbers.ids.length} and ${numbers.ids.length})`,
      );
    }
  }
  const changed = changedBaseline(base[0], candidate[0], common[0]);
  if (changed !== null) return refuse(changed);
  const codes = codesOf(all);
  if (
    codes.size > 1 && !codes.has(undefined) && !sharedBaseline(base[0], candidate[0], common[0])
  ) {
    return refuse(
      "the code that scores has changed between them, and no baseline shows that it scores alike; " +
        "evaluate the base again",
    );
  }
  return { base: sides[0], candidate: sides[1] };
}

function dataDigest({ data }: RunRecord, { dataset, split }: Evaluation): string | undefined {
  return data.find((stamp) => stamp.dataset === dataset && stamp.split === split)?.digest;
}

/** The versions of the scoring code behind some results. */
function codesOf(results: readonly Result[]): Set<string | undefined> {
  return new Set(
    results.flatMap(({ run, evaluations }) => evaluations.map((e) => scoringCode(run.record, e))),
  );
}

/** A baseline that both runs scored on the split under the protocol, by the code of their results. */
function sharedBaseline(
  base: Result,
  candidate: Result,
  protocol: string,
): readonly [Evaluation, Evaluation] | null {
  const [{ dataset, split }] = base.evaluations;
  const baselines = (result: Result) => {
    const { record } = result.run;
    const codes = codesOf([result]);
    return record.evaluations.filter((e) =>
      e.contender.kind === "baseline" && e.dataset === dataset && e.split === split &&
      e.protocol.hash === protocol && codes.has(scoringCode(record, e))
    );
  };
  for (const a of baselines(base)) {
    const b = baselines(candidate).find(({ contender }) => contender.name === a.contender.name);
    if (b !== undefined) return [a, b];
  }
  return null;
}

/** Why the benchmark must have changed: what never learns has another result. */
function changedBaseline(base: Result, candidate: Result, protocol: string): string | null {
  const shared = sharedBaseline(base, candidate, protocol);
  if (shared === null) return null;
  const [a, b] = shared;
  for (const [name, value] of Object.entries(a.metrics)) {
    const other = b.metrics[name];
    if (value === null || other === null || other === undefined) continue;
    if (Math.abs(value - other) > UNCHANGED * Math.abs(value)) {
      return `${a.contender.name} has ${name} ${rounded(value)} in one and ${rounded(other)} in ` +
        "the other: the benchmark itself has changed";
    }
  }
  return null;
}

const rounded = (value: number) => Number(value.toPrecision(5));

function benchmarkWarning(
  what: string,
  base: readonly Result[],
  candidate: readonly Result[],
): string | null {
  const codes = codesOf([...base, ...candidate]);
  if (codes.size === 1) return null;
  return codes.has(undefined)
    ? `${what}: an older record does not say which code scored it`
    : `${what}: the code that scores has changed, but its baseline scores as before`;
}
