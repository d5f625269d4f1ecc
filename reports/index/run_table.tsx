// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** The table of runs, which `tables.js` sorts and filters. @module */
import { metricName, quotedMetric } from "../../benchmarks/metric_names.ts";
import type { RunRecord } from "../../benchmarks/record.ts";
import type { ScannedRun } from "../../benchmarks/scan_runs.ts";
import { Badge, type Markup, Scroll, Section } from "../components.tsx";
import { decimal, duration, integer, moment, NO_VALUE } from "../format.ts";
import { isZeroFlow } from "../groups.ts";
import { headline } from "../verdict.ts";
import { RunLink } from "./run_link.tsx";

/** Columns of the run table: heading, and whether it holds numbers. */
const COLUMNS: readonly (readonly [name: string, isNumber: boolean])[] = [
  ["Run", false],
  ["Paper", false],
  ["Started", false],
  ["Status", false],
  ["Result", true],
  ["Of zero flow", true],
  ["Verdict", false],
  ["Steps", true],
  ["Time", true],
  ["Commit", false],
];

/** A row a run, filters above; null where there is no run. */
export function RunTable({ runs, served }: {
  runs: readonly ScannedRun[];
  /** Whether runs in progress have a page of their own to link to. */
  served: boolean;
}): Markup | null {
  if (runs.length === 0) return null;
  const rows = runs.map((run) => ({ run, ...rowOf(run.record) }));
  const choices = (of: (row: typeof rows[number]) => string) => [...new Set(rows.map(of))].sort();
  return (
    <Section
      id="runs"
      title="Runs"
      lead="Sort by a heading; type to filter. Results are the main metric on the first split a run was scored on."
    >
      <form class="filters" data-filters="run-table">
        <label>
          Words <input type="search" name="words" autocomplete="off" />
        </label>
        <Choice name="paper" label="Paper" values={choices(({ paper }) => paper)} />
        <Choice name="status" label="Status" values={choices(({ status }) => status)} />
        <Choice name="verdict" label="Verdict" values={choices(({ verdict }) => verdict)} />
        <button type="button" data-csv="runs">Save as CSV</button>
        <output aria-live="polite" />
      </form>
      <div data-table="runs">
        <Scroll label="Table of runs">
          <table id="run-table" class="runs" data-sortable>
            <thead>
              <tr>
                {COLUMNS.map(([name, isNumber]) => (
                  <th scope="col" class={isNumber ? "number" : ""}>
                    <button type="button">{name}</button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ run, paper, status, verdict, value, unit, where, share }) => {
                const { record } = run;
                const { training, environment } = record;
                return (
                  <tr data-paper={paper} data-status={status} data-verdict={verdict}>
                    <th scope="row" data-value={record.id}>
                      {status === "running" && served
                        ? <a href={`live/${encodeURIComponent(run.folder)}`}>{record.id}</a>
                        : <RunLink run={run} />}
                      <small>
                        {training === null ? "evaluation" : `${training.recipe} recipe`}, seed{" "}
                        {record.seed}
                      </small>
                    </th>
                    <td>{paper}</td>
                    <td data-value={record.startedAt}>{moment(record.startedAt)}</td>
                    <td>{status}</td>
                    <td class="number" data-value={value ?? ""}>
                      {decimal(value)} {value === null ? "" : unit}
                      <small>{where}</small>
                    </td>
                    <td class="number" data-value={share ?? ""}>
                      {share === null ? NO_VALUE : `${(100 * share).toFixed(0)} %`}
                    </td>
                    <td data-value={verdict}>
                      <Badge verdict={verdict} />
                    </td>
                    <td class="number" data-value={training?.steps ?? ""}>
                      {training === null ? NO_VALUE : integer(training.steps)}
                    </td>
                    <td class="number" data-value={training?.seconds ?? ""}>
                      {training === null ? NO_VALUE : duration(training.seconds)}
                    </td>
                    <td>
                      <code>{environment.commit?.slice(0, 8) ?? NO_VALUE}</code>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      </div>
    </Section>
  );
}

/** What a run's row shows beside the record itself. */
function rowOf({ evaluations, comparisons, paper, status }: RunRecord) {
  const tested = evaluations.find(({ contender }) => contender.kind !== "baseline") ??
    evaluations[0];
  const metric = tested === undefined ? null : quotedMetric(tested);
  const value = metric === null ? null : tested.metrics[metric] ?? null;
  const zero = evaluations.find((evaluation) =>
    isZeroFlow({ evaluation }) && evaluation.dataset === tested.dataset &&
    evaluation.split === tested.split && evaluation.protocol.hash === tested.protocol.hash
  );
  const floor = metric === null ? null : zero?.metrics[metric] ?? null;
  return {
    paper: paper.id,
    status,
    verdict: headline(comparisons).verdict,
    value,
    unit: metric === null ? "" : metricName(metric).unit,
    where: metric === null
      ? ""
      : `${metricName(metric).quantity}, ${tested.dataset}:${tested.split}`,
    share: value !== null && floor ? value / floor : null,
  };
}

function Choice({ name, label, values }: {
  name: string;
  label: string;
  values: readonly string[];
}): Markup {
  return (
    <label>
      {label}{" "}
      <select name={name}>
        <option value="">all</option>
        {values.map((value) => <option value={value}>{value}</option>)}
      </select>
    </label>
  );
}
