/**
 * Whether the candidate's results are worse: the three kinds of noise and what is beyond each.
 *
 * See `docs/decisions/0014-when-a-model-is-worse.md`.
 *
 * @module
 */
import { moved, shareOf } from "../../base/change.ts";
import { randomStream } from "../../base/random.ts";
import { mainMetric, metricName } from "../metric_names.ts";
import {
  comparePairs,
  LEVEL,
  type Outcome,
  type PairedOptions,
  type PairedResult,
  type Pairs,
  sceneOf,
} from "../statistics/paired.ts";
import { compareRuns } from "../statistics/seeds.ts";
import { fewestPairs } from "../statistics/sign_flip.ts";
import type {
  ComparedEvaluation,
  ComparisonVerdict,
  Flip,
  Noise,
  NotCompared,
  Together,
} from "./comparison_record.ts";
import type { Match, Sampled } from "./matching.ts";

/**
 * Relative difference of a sample's error that rounding may cause with the same weights, between
 * adapters, kernels or package versions. The same adapter and code give the same bits.
 */
const ROUNDING = 0.002;

/** Errors below this, in the metric's unit, are not told apart by rounding. */
const NEGLIGIBLE = 1e-3;

/** How {@link judgeQuality} compares. */
export interface QualityOptions {
  /** Relative change up to which worse is not worth a word. */
  readonly tolerance: number;
  /** The user says that both sides are one model: any change beyond rounding is a fault. */
  readonly sameModel: boolean;
  /** Whether the tolerance is the user's own, which then also holds for the same weights. */
  readonly toleranceGiven: boolean;
  /** The metric that decides; the main one of what is compared unless told. */
  readonly metric?: string;
  /** The noise to hold results against; what fits the two sides unless told. */
  readonly noise?: Noise;
}

/** Judges every match, and all of them together where there are several. */
export function judgeQuality(
  matches: readonly Match[],
  options: QualityOptions,
): { evaluations: ComparedEvaluation[]; together: Together | null; refused: NotCompared[] } {
  const refused: NotCompared[] = [];
  const subjects = matches.flatMap((match): Subject[] => {
    const subject = subjectOf(match, options);
    if (!("reason" in subject)) return [subject];
    refused.push(subject);
    return [];
  });
  const several = subjects.filter(({ noise }) => noise === "scenes").length > 1;
  const level = several ? LEVEL / 2 / subjects.length : LEVEL / Math.max(subjects.length, 1);
  return {
    evaluations: subjects.map((subject) => judge(subject, options, level)),
    together: several ? judgeTogether(subjects, options, LEVEL / 2) : null,
    refused,
  };
}

/** A match with what is compared of it. */
interface Subject {
  readonly match: Match;
  readonly metric: string;
  readonly noise: Noise;
  readonly lowerIsBetter: boolean;
  readonly scale: PairedOptions["scale"];
  /** Values of the metric, the mean over runs where a side has several. */
  readonly pairs: Pairs & { readonly ids: readonly string[] };
  readonly change: (base: number, candidate: number) => number;
}

function subjectOf(match: Match, options: QualityOptions): Subject | NotCompared {
  const [first] = match.base;
  const { dataset, split, metrics } = first.evaluation;
  const what = `${dataset}:${split}`;
  const all = [...match.base, ...match.candidate];
  const metric = options.metric ?? mainMetric(metrics);
  if (metric === null || all.some(({ numbers }) => !(metric in numbers.metrics))) {
    return { what, reason: `not every run has ${metric ?? "a metric"} by sample` };
  }
  const { better, unit } = metricName(metric);
  if (better === null) return { what, reason: `which side of ${metric} is better is not known` };
  const { ids } = first.numbers;
  const base = meanOver(match.base, metric), candidate = meanOver(match.candidate, metric);
  const torn = ids.filter((_, i) => Number.isNaN(base[i]) !== Number.isNaN(candidate[i]));
  if (torn.length > 0) return { what, reason: `${torn[0]} has a value on one side only` };
  const sign = better === "lower" ? 1 : -1;
  return {
    match,
    metric,
    noise: options.noise ?? noiseOf(match, options.sameModel),
    lowerIsBetter: better === "lower",
    scale: unit === "%" || unit === "" ? "absolute" : "relative",
    pairs: { ids, scenes: ids.map(sceneOf), base, candidate },
    change: (from, to) => sign * (to - from) / Math.max(Math.abs(from), NEGLIGIBLE),
  };
}

function noiseOf({ base, candidate }: Match, sameModel: boolean): Noise {
  if (base.length > 1 || candidate.length > 1) {
    return compareRuns(base.map(() => 1), candidate.map(() => 1), true) ? "runs" : "scenes";
  }
  const [a, b] = [base[0], candidate[0]].map(({ evaluation }) => evaluation.contender.digest);
  return sameModel || a !== null && a === b ? "rounding" : "scenes";
}

function meanOver(side: readonly Sampled[], metric: string): Float64Array {
  return Float64Array.from(side[0].numbers.ids, (_, i) => {
    return side.reduce((sum, { numbers }) => sum + numbers.metrics[metric][i], 0) / side.length;
  });
}

function judge(
  subject: Subject,
  { tolerance, toleranceGiven }: QualityOptions,
  level: number,
): ComparedEvaluation {
  const { match, metric, noise, pairs, lowerIsBetter, scale, change } = subject;
  const { dataset, split, protocol } = match.base[0].evaluation;
  const random = randomStream(0, "compare", dataset, split, protocol.hash);
  const paired = comparePairs(pairs, { lowerIsBetter, scale, tolerance, level, random });
  const limit = noise === "rounding" && !toleranceGiven ? ROUNDING : tolerance;
  const changes = pairs.ids.map((id, i) => ({
    id,
    base: pairs.base[i],
    candidate: pairs.candidate[i],
    change: change(pairs.base[i], pairs.candidate[i]),
  })).filter((sample) => !Number.isNaN(sample.change));
  const flips: Flip[] = changes.filter((sample) => Math.abs(sample.change) > limit)
    .map((sample) => ({ dataset: `${dataset}:${split}`, ...sample }))
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
  const worse = flips.filter((flip) => flip.change > 0).length;
  const counts = { worse, better: flips.length - worse, alike: changes.length - flips.length };
  const found = noise === "rounding"
    ? byRounding(paired, counts, limit)
    : noise === "runs"
    ? byRuns(subject, paired, tolerance, level)
    : byScenes(paired, level);
  const names = (side: readonly Sampled[]) => side[0].evaluation.contender.name;
  return {
    dataset,
    split,
    protocol: { id: protocol.id, summary: protocol.summary },
    contenders: { base: names(match.base), candidate: names(match.candidate) },
    metric,
    noise,
    samples: paired.samples,
    base: paired.base,
    candidate: paired.candidate,
    change: paired.change,
    ...found,
    level,
    counts,
    flips,
    changes: changes.map(({ id, change }) => ({ id, change })),
    metrics: metricsOf(match),
  };
}

/** What one kind of noise leads to. */
type Judged = Pick<
  ComparedEvaluation,
  "verdict" | "reason" | "units" | "interval" | "chance"
>;

/** The same weights: no sample may be worse than rounding explains. */
function byRounding(
  { outcome, samples }: PairedResult,
  { worse, better }: ComparedEvaluation["counts"],
  limit: number,
): Judged {
  const beyond = `by more than ${shareOf(limit)}`;
  const [verdict, reason]: [ComparisonVerdict, string] = worse > 0
    ? ["worse", `The same model, and ${worse} of ${samples} samples are worse ${beyond}`]
    : better > 0
    ? ["better", `The same model, and ${better} of ${samples} samples are better ${beyond}`]
    : outcome === "same"
    ? ["same", `All ${samples} samples are equal to the last bit`]
    : ["same", `No sample differs ${beyond}, which is rounding`];
  return { verdict, reason, units: samples, interval: null, chance: null };
}

const VERDICTS: Record<Outcome, ComparisonVerdict> = {
  "same": "same",
  "worse": "worse",
  "better": "better",
  "not worse": "not worse",
  "undecided": "undecided",
  "too few": "not comparable",
};

function byScenes(paired: PairedResult, level: number): Judged {
  const { outcome, scenes: units, interval, chance } = paired;
  return {
    verdict: VERDICTS[outcome],
    reason: scenesReason(paired, level),
    units,
    interval,
    chance,
  };
}

function scenesReason({ outcome, scenes, change, interval, chance }: PairedResult, level: number) {
  if (outcome === "too few") {
    return `${scenes} ${scenes === 1 ? "scene" : "scenes"}, and a verdict needs ` +
      `${fewestPairs(level)}`;
  }
  if (outcome === "same") return "All samples are equal to the last bit";
  return `${sentence(moved(change))} over ${scenes} scenes${spanOf(interval)}; ` +
    `chance between models that are alike ${shareOf(chance!)}, ${shareOf(level)} or less counts`;
}

/** Several runs a side: another seed might have done as well. */
function byRuns(
  { match, metric, lowerIsBetter }: Subject,
  paired: PairedResult,
  tolerance: number,
  level: number,
): Judged {
  const values = (side: readonly Sampled[]) =>
    side.map(({ evaluation }) => evaluation.metrics[metric] ?? NaN);
  const [base, candidate] = [values(match.base), values(match.candidate)];
  const units = base.length + candidate.length;
  const found = compareRuns(base, candidate, lowerIsBetter);
  if (found === null || Number.isNaN(found.change)) {
    const reason = "not every run has a value";
    return { verdict: "not comparable", reason, units, interval: null, chance: null };
  }
  const { change, interval, chance, chanceOfBetter, spread } = found;
  const verdict: ComparisonVerdict = paired.outcome === "same"
    ? "same"
    : chance <= level && change > tolerance
    ? "worse"
    : chanceOfBetter <= level && change < -tolerance
    ? "better"
    : interval.high <= tolerance
    ? "not worse"
    : "undecided";
  const reason = `${sentence(moved(change))} between ${base.length} and ${candidate.length} runs` +
    `${spanOf(interval)}, which scatter by ${shareOf(spread)}; chance between runs of one recipe ` +
    `${shareOf(chance)}, ${shareOf(level)} or less counts`;
  return { verdict, reason, units, interval, chance };
}

/** All evaluations that scenes decide, each sample relative to its evaluation's mean. */
function judgeTogether(
  subjects: readonly Subject[],
  { tolerance }: QualityOptions,
  level: number,
): Together {
  const parts = subjects.filter(({ noise }) => noise === "scenes");
  const scenes: string[] = [], base: number[] = [], candidate: number[] = [];
  for (const { pairs, match, lowerIsBetter } of parts) {
    const { dataset, split } = match.base[0].evaluation;
    const values = [...Array.from(pairs.base), ...Array.from(pairs.candidate)]
      .filter((value) => !Number.isNaN(value));
    const mean = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length || 1;
    // Where more is better, what is missing to twice the mean is an error like the others.
    const error = (value: number) => lowerIsBetter ? value / mean : 2 - value / mean;
    scenes.push(...pairs.scenes.map((scene) => `${dataset}:${split}/${scene}`));
    base.push(...Array.from(pairs.base, error));
    candidate.push(...Array.from(pairs.candidate, error));
  }
  const paired = comparePairs({ scenes, base, candidate }, {
    lowerIsBetter: true,
    scale: parts.every((part) => part.scale === "relative") ? "relative" : "absolute",
    tolerance,
    level,
    random: randomStream(0, "compare", "together"),
  });
  const { units, ...judged } = byScenes(paired, level);
  return { ...judged, units, samples: paired.samples, change: paired.change, level };
}

function metricsOf({ base, candidate }: Match): ComparedEvaluation["metrics"] {
  const names = new Set(
    [...base, ...candidate].flatMap(({ evaluation }) => Object.keys(evaluation.metrics)),
  );
  const mean = (side: readonly Sampled[], name: string) => {
    const values = side.map(({ evaluation }) => evaluation.metrics[name] ?? null);
    if (values.some((value) => value === null)) return null;
    return values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
  };
  return [...names].map((name) => ({
    name,
    base: mean(base, name),
    candidate: mean(candidate, name),
  }));
}

/** With the capital that a sentence starts with. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function spanOf(interval: { low: number; high: number } | null): string {
  if (interval === null) return "";
  return ` (95 % interval ${shareOf(interval.low)} to ${shareOf(interval.high)})`;
}
