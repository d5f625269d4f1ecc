/**
 * Verdicts: one of our numbers beside a published one.
 *
 * Numbers compare only where model, training data, dataset, split and protocol are the same and all
 * of the split was scored; everything else is "not comparable", with the reason. Then a relative
 * tolerance decides. It comes from the field itself: of the 56 models ptlflow re-evaluated with
 * their authors' own weights, the median differs by 1.0 to 2.7 % from its paper and about three
 * quarters stay within 5 %.
 *
 * @module
 */
import { randomStream } from "../base/random.ts";
import type { Counterpart, Counterparts } from "./counterpart.ts";
import {
  type Evaluation,
  MODEL_SIZE,
  type PublishedComparison,
  type PublishedNumber,
  type Verdict,
} from "./record.ts";
import type { SampleResults } from "./samples.ts";
import { bootstrapMean } from "./statistics/bootstrap.ts";

/** Relative difference up to which a number counts as reproduced. */
export const REPRODUCED_WITHIN = 0.05;

/** Relative difference up to which a worse number still counts as close. */
export const CLOSE_WITHIN = 0.1;

/** What {@link comparePublishedNumber} must know beyond the evaluation. */
export interface PublishedComparisonOptions {
  /** The names of numbers of this kind; optical flow's are `flowCounterparts`. */
  readonly counterparts: Counterparts;
  /**
   * What the contender was trained on, in the field's shorthand ("C+T") where it has one, else in
   * words ("moving-shapes", which compares with nothing published).
   */
  readonly training: string;
  /**
   * Parameters of the published model; a contender with fewer or more is another model. Null where
   * nobody states them, so that any contender may be another model.
   */
  readonly parameters?: number | null;
  /** Per-sample results, for the interval that the reason then quotes. */
  readonly samples?: SampleResults;
}

/**
 * Puts an evaluation beside a published number of the same model.
 *
 * The verdict rests on the tolerance alone. The interval over samples or videos is quoted beside it
 * but decides nothing: both numbers come from the very same pictures, so that it says how much
 * depends on the choice of pictures and not how far apart two methods are. The model's size has to be
 * the published one exactly.
 *
 * @param evaluation Ours, or null where nothing was run.
 */
export function comparePublishedNumber(
  published: PublishedNumber,
  evaluation: Evaluation | null,
  options: PublishedComparisonOptions,
): PublishedComparison {
  const refused = (verdict: Verdict, reason: string): PublishedComparison => ({
    ...{ published, ours: null, evaluation: null, verdict, reason },
  });
  if (evaluation === null) return refused("not run", "No model was scored");
  if (published.metric === MODEL_SIZE) {
    const reason = otherModel(evaluation, published.value);
    if (reason !== null) return refused("not comparable", ours([reason]));
    const { id, contender } = evaluation;
    const same = { published, ours: contender.parameters, evaluation: id };
    return { ...same, verdict: "reproduced", reason: "Exactly as many" };
  }
  const found = ourValue(published, evaluation, options);
  if ("reason" in found) return refused("not comparable", found.reason);
  const { verdict, reason } = judge(published, found.ours);
  const { alternative } = found;
  if (alternative !== undefined) {
    const other = judge(published, alternative);
    if (other.verdict !== verdict) {
      const unstated = "; the source doesn't say how it averages";
      return refused(
        "not comparable",
        `Per image ${reason} (${verdict}), pooled ${other.reason} (${other.verdict})${unstated}`,
      );
    }
  }
  const interval = found.own ? intervalOf(found.metric, evaluation, options) : null;
  return {
    ...{ published, ours: found.ours, evaluation: evaluation.id, verdict },
    reason: [
      reason,
      ...remarks(evaluation, alternative, published),
      ...interval ? [interval.text] : [],
    ]
      .join("; "),
    ...interval && { interval: interval.ends },
  };
}

/** What a reader must know beside a verdict. */
function remarks(
  { contender: { kind } }: Evaluation,
  alternative: number | undefined,
  { unit }: PublishedNumber,
): string[] {
  return [
    ...alternative === undefined ? [] : [
      `${
        Number(alternative.toPrecision(5))
      } ${unit} where pooled, which the source may mean as well`,
    ],
    ...kind === "folder" ? ["how these flows were made could not be checked here"] : [],
    ...kind === "onnx" ? ["an ONNX file's own iterations could not be checked here"] : [],
  ];
}

/** Our value, or why there is none; `own` where it comes from the protocol's own iterations. */
function ourValue(
  published: PublishedNumber,
  evaluation: Evaluation,
  { counterparts, training, parameters }: PublishedComparisonOptions,
):
  | { ours: number; alternative?: number; metric: string; own: boolean }
  | { reason: string } {
  const wanted = counterparts.of(published);
  if (wanted === null) return { reason: whyUnmeasured(published, counterparts) };
  const own = evaluation.protocol.hash === wanted.protocol.hash;
  const metrics = own ? evaluation.metrics : metricsWithin(evaluation, wanted);
  const differences = [
    parameters === undefined ? null : otherModel(evaluation, parameters),
    training === published.training.replace(/ \(.*\)$/, "") ? null : `was trained on ${training}`,
    otherScoring(evaluation, wanted, counterparts, metrics !== undefined),
  ].filter((difference) => difference !== null);
  if (differences.length > 0) return { reason: ours(differences) };
  const value = metrics?.[wanted.metric] ?? null;
  if (value === null) return { reason: `${wanted.metric} has no value here` };
  const other = wanted.or === undefined ? null : metrics?.[wanted.or] ?? null;
  // Equal averages leave nothing open.
  const alternative = other === null || other === value ? {} : { alternative: other };
  return { ours: value, ...alternative, metric: wanted.metric, own };
}

/** Why nothing here measures a published number. */
function whyUnmeasured(
  { metric, unit, split }: PublishedNumber,
  { hidden }: Counterparts,
): string {
  if (SPEED_UNITS.includes(unit)) {
    return "Not measured here: speed compares only on the same hardware";
  }
  if (hidden.includes(split)) return "Not measured here: this split has no public ground truth";
  return `Not measured here: ${metric}`;
}

const SPEED_UNITS: readonly string[] = ["fps", "ms", "s", "h"];

/** How the contender is another model than the published one, or null where it is none. */
function otherModel({ contender }: Evaluation, published: number | null): string | null {
  const { parameters } = contender;
  if (published === null) return "may be another model: nobody states the published one's size";
  if (parameters === null || parameters === published) return null;
  const size = parameters < published ? "smaller" : "larger";
  return `is a ${size} model (${parameters.toLocaleString("en")} parameters)`;
}

/** How the scoring differs from the published number's, or null where it is the same. */
function otherScoring(
  { dataset, split, samples, protocol }: Evaluation,
  wanted: Counterpart,
  counterparts: Counterparts,
  sameProtocol: boolean,
): string | null {
  if (dataset !== wanted.dataset || split !== wanted.split) {
    return `was scored on ${dataset}:${split}`;
  }
  if (samples !== wanted.samples) {
    return `was scored on ${samples} of the split's ${wanted.samples} ${counterparts.samples}`;
  }
  return sameProtocol
    ? null
    : `was scored under protocol ${protocol.id} instead of ${wanted.protocol.id}`;
}

/** What differs about ours, as a sentence; the published number stands beside it. */
function ours(differences: readonly string[]): string {
  const last = differences.at(-1)!;
  const before = differences.slice(0, -1).join(", ");
  return `Ours ${before === "" ? last : `${before} and ${last}`}`;
}

/** The metrics after the wanted iterations, where the protocol differs in nothing else. */
function metricsWithin(
  { protocol, byIteration }: Evaluation,
  { within }: Counterpart,
): Evaluation["metrics"] | undefined {
  if (within === undefined || protocol.hash !== within.protocol.hash) return undefined;
  return byIteration.find(({ iterations }) => iterations === within.iterations)?.metrics;
}

/** A value beside a published one: the verdict by relative tolerance, and why. */
function judge(
  { value, unit, lowerIsBetter }: PublishedNumber,
  ours: number,
): { verdict: Verdict; reason: string } {
  const excess = (ours - value) / Math.abs(value) * (lowerIsBetter ? 1 : -1);
  const verdict = Math.abs(excess) <= REPRODUCED_WITHIN
    ? "reproduced"
    : excess < 0
    ? "better"
    : excess <= CLOSE_WITHIN
    ? "close"
    : "not reproduced";
  const difference = ours === value
    ? "equals the published number"
    : `is ${percent(Math.abs(excess))} ${excess < 0 ? "better" : "worse"} than ${value} ${unit}`;
  return { verdict, reason: `${Number(ours.toPrecision(5))} ${unit} ${difference}` };
}

/** The bootstrap interval of a metric, and how a reason quotes it; null where nothing was kept. */
function intervalOf(
  metric: string,
  evaluation: Evaluation,
  { counterparts, samples }: PublishedComparisonOptions,
): { ends: PublishedComparison["interval"]; text: string } | null {
  const averaged = counterparts.averaged(metric, evaluation, samples);
  if (averaged === null) return null;
  const { over, values, weights } = averaged;
  const interval = bootstrapMean(values, randomStream(0, "verdict", metric), { weights });
  if (interval === null) return null;
  const { low, high, confidence } = interval;
  const [from, to] = [low, high].map((end) => Number(end.toPrecision(4)));
  return {
    ends: { low, high, confidence },
    text: `${percent(confidence)} interval over ${over} ${from} to ${to}`,
  };
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
