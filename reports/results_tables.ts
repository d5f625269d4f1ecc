/**
 * The tables that README and docs show of committed records, in Markdown.
 *
 * @module
 */
import type { ArmResult, ClaimsReport } from "../benchmarks/claims/claims_record.ts";
import { metricName, quotedMetric } from "../benchmarks/metric_names.ts";
import {
  type Evaluation,
  MODEL_SIZE,
  type RunRecord,
  type Training,
} from "../benchmarks/record.ts";
import { CLAIM_MARKS } from "./claims_words.ts";
import { tableOf } from "./markdown.ts";
import { count, decimal, duration, integer, NO_VALUE } from "./format.ts";
import { shortAdapter } from "./sections/environment.tsx";
import { headline, VERDICT_MARKS } from "./verdict.ts";

/** A committed record and the file it is in, relative to the document that links it. */
export interface CommittedRecord {
  readonly file: string;
  readonly record: RunRecord;
}

/** The committed test of a paper's claims and the file it is in, relative to the document. */
export interface CommittedClaims {
  readonly file: string;
  readonly report: ClaimsReport;
}

/** Claims: what a paper favours over what, with which recipe it was tested, and what came of it. */
export function claimsTable(reports: readonly CommittedClaims[]): string {
  const rows = reports.flatMap(({ file, report: { paper, recipe, steps, claims } }) =>
    claims.map((claim) => [
      paper.id,
      `${claim.favoured.name} better than ${claim.other.name}`,
      { text: `${CLAIM_MARKS[claim.verdict]} ${claim.verdict}`, to: file },
      metricName(claim.metric).quantity,
      armText(claim.metric, claim.favoured),
      armText(claim.metric, claim.other),
      `${recipe}, ${count(claim.seeds, "seed")} of ${integer(steps)} steps`,
    ])
  );
  if (rows.length === 0) return "No test of claims is committed yet.";
  return tableOf(
    ["Paper", "Claim", "Verdict", "Metric", "Favoured arm", "Other arm", "Recipe"],
    rows,
  );
}

/** Mean and range over the seeds: `64.3 (62.0 to 66.1)`. */
function armText(metric: string, { mean, runs }: ArmResult): string {
  const values = runs.flatMap(({ value }) => value ?? []);
  if (mean === null || values.length === 0) return NO_VALUE;
  const range = `${decimal(Math.min(...values))} to ${decimal(Math.max(...values))}`;
  return `${withUnitOf(metric, mean)} (${range})`;
}

/** Results: what was scored on what, beside zero flow and the published verdict. */
export function resultsTable(records: readonly CommittedRecord[]): string {
  const rows = records.flatMap(({ file, record }) =>
    record.evaluations.filter(({ contender }) => contender.kind !== "baseline")
      .flatMap((evaluation) => rowOf(record, evaluation, file))
  );
  if (rows.length === 0) return "No record is committed yet.";
  const columns = ["Paper", "Model", "Data", "Samples", "Metric", "Result", "Baselines", "Verdict"];
  return tableOf([...columns, "Record"], rows);
}

function rowOf(record: RunRecord, evaluation: Evaluation, file: string): (string | Link)[][] {
  const { contender, dataset, split, protocol, samples, metrics } = evaluation;
  const metric = quotedMetric(evaluation);
  if (metric === null) return [];
  const { quantity, averaging } = metricName(metric);
  const baselines = record.evaluations.filter((other) =>
    other.contender.kind === "baseline" && other.dataset === dataset && other.split === split &&
    other.protocol.hash === protocol.hash
  ).map((other) => `${other.contender.name} ${decimal(other.metrics[metric])}`);
  const { verdict } = headline(comparisonsOf(record, contender));
  return [[
    record.paper.id,
    contender.name,
    `${dataset}:${split}`,
    integer(samples),
    [quantity, averaging].filter(Boolean).join(", "),
    withUnitOf(metric, metrics[metric]),
    baselines.join(", ") || NO_VALUE,
    `${VERDICT_MARKS[verdict]} ${verdict}`,
    { text: record.startedAt.slice(0, 10), to: file },
  ]];
}

/** Published numbers but those that go with another of the run's models, as after another stage. */
function comparisonsOf(
  { comparisons, evaluations }: RunRecord,
  { stage }: Evaluation["contender"],
): RunRecord["comparisons"] {
  const others = new Set(
    evaluations.filter(({ contender }) => contender.stage !== stage).map(({ id }) => id),
  );
  return comparisons.filter(({ evaluation }) => evaluation === null || !others.has(evaluation));
}

/** A cell that links. */
type Link = { readonly text: string; readonly to: string };

function withUnitOf(metric: string, value: number | null | undefined): string {
  const { unit } = metricName(metric);
  return value === null || value === undefined ? NO_VALUE : `${decimal(value)} ${unit}`.trim();
}

/** The model zoo: what was trained, with which settings, at what cost, and which weights came out. */
export function modelZooTable(records: readonly CommittedRecord[]): string {
  const rows = records.flatMap(({ file, record }) => {
    const { training, evaluations, environment, seed, paper } = record;
    if (training === null) return [];
    const numbers = evaluations.filter(({ contender }) => contender.kind === "run")
      .flatMap((evaluation) => {
        const { dataset, split, metrics, contender: { stage } } = evaluation;
        const metric = quotedMetric(evaluation);
        const after = stage === undefined ? "" : ` after ${stage}`;
        return metric === null ? [] : [
          `${metricName(metric).quantity} ${
            withUnitOf(metric, metrics[metric])
          } on ${dataset}:${split}${after}`,
        ];
      });
    return [[
      paper.id,
      `${training.recipe}, seed ${seed}`,
      training.configHash.slice(0, 12),
      integer(training.parameters),
      stepsText(training),
      `${duration(training.seconds)} on ${shortAdapter(environment)}`,
      numbers.join("; ") || NO_VALUE,
      training.weights === null ? NO_VALUE : training.weights.slice(0, 12),
      { text: "record", to: file },
    ]];
  });
  if (rows.length === 0) return "No trained run is committed yet.";
  return tableOf([
    "Paper",
    "Recipe",
    "Configuration",
    "Parameters",
    "Steps",
    "Time",
    "Numbers",
    "Weights (SHA-256)",
    "Log",
  ], rows);
}

/** Steps that were trained, of how many; and the recipe's own, where others were asked for. */
function stepsText({ steps, totalSteps, config }: Training): string {
  const { otherSteps } = (config ?? {}) as { readonly otherSteps?: { readonly own: number } };
  const own = otherSteps === undefined ? "" : `, the whole recipe has ${integer(otherSteps.own)}`;
  return `${integer(steps)} of ${integer(totalSteps)}${own}`;
}

/**
 * The papers' status: whose code is there, what was run, and what it came to.
 *
 * @param implemented Ids of the papers whose command is there.
 */
export function statusTable(
  papers: readonly RunRecord["paper"][],
  records: readonly CommittedRecord[],
  implemented: readonly string[],
): string {
  const rows = papers.map(({ id, title, venue, year }) => {
    const own = records.filter(({ record }) => record.paper.id === id).map(({ record }) => record);
    const recipes = new Set(
      own.flatMap(({ training }) => training === null ? [] : [training.recipe]),
    );
    const comparisons = own.flatMap((record) => record.comparisons)
      .filter(({ published, ours }) => published.metric !== MODEL_SIZE && ours !== null);
    const { verdict } = headline(comparisons);
    return [
      id,
      `${title} (${venue} ${year})`,
      implemented.includes(id) ? "yes" : "not yet",
      [...recipes].join(", ") || NO_VALUE,
      comparisons.length === 0
        ? "none that compares"
        : `${VERDICT_MARKS[verdict]} ${verdict} (${count(comparisons.length, "number")})`,
    ];
  });
  return tableOf(["Paper", "Title", "Code", "Recipes run", "Published numbers"], rows);
}
