// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * The index: all runs of a folder on one page, with verdicts by paper and dataset and the history of
 * each number.
 *
 * @module
 */
import { type HistorySeries, lastStep } from "../benchmarks/history.ts";
import { mainMetric, metricName } from "../benchmarks/metric_names.ts";
import { type Comparison, MODEL_SIZE, type RunRecord } from "../benchmarks/record.ts";
import type { ScannedRun, ScannedRuns, ScannedSpeed } from "../benchmarks/scan_runs.ts";
import type { Chart, Series } from "./chart.ts";
import { moved } from "./comparison_words.ts";
import { Badge, ChartFigure, Figure, type Markup, Scroll, Section } from "./components.tsx";
import { count, decimal, duration, integer, moment, NO_VALUE, verbatim } from "./format.ts";
import { renderPage } from "./page.tsx";
import { shortAdapter } from "./sections/environment.tsx";
import { headline } from "./verdict.ts";

/** Histories that are drawn; a page of more would be a page of charts. */
const HISTORIES = 24;

/** How the index is shown. */
export interface IndexOptions {
  /** Whether it comes from `--serve`, where runs in progress have a page of their own. */
  readonly served?: boolean;
}

/**
 * Renders the index of a folder of runs as one HTML page.
 *
 * @param found What lies in the folder.
 * @param history The history of each number, see `buildHistory`.
 */
export async function renderIndex(
  found: ScannedRuns,
  history: readonly HistorySeries[],
  { served = false }: IndexOptions = {},
): Promise<string> {
  const { runs, speeds, skipped } = found;
  const shown = history.filter(({ points }) => points.length > 1).slice(0, HISTORIES);
  const charts = shown.map(historyChart);
  const sections = [
    ["verdicts", "Verdicts", runs.length > 0 && <Matrix runs={runs} />],
    ["runs", "Runs", runs.length > 0 && <RunTable runs={runs} served={served} />],
    [
      "history",
      "History",
      charts.length > 0 &&
      <History series={shown} charts={charts} all={history} />,
    ],
    ["speed", "Speed", speeds.length > 0 && <Speeds speeds={speeds} />],
    ["skipped", "Skipped", skipped.length > 0 && <Skipped skipped={skipped} />],
  ] as const;
  const present = sections.filter(([, , content]) => content !== false);
  return await renderPage({
    title: "All runs – Reflow",
    links: present.map(([id, name]) => [id, name]),
    charts,
    body: [
      <Headline found={found} history={history} served={served} />,
      ...present.map(([, , content]) => content),
    ],
  });
}

function Headline({ found: { runs, speeds, skipped }, history, served }: {
  found: ScannedRuns;
  history: readonly HistorySeries[];
  served: boolean;
}): Markup {
  const papers = new Set(runs.map(({ record }) => record.paper.id));
  const machines = new Set(runs.map(({ record }) => shortAdapter(record.environment)));
  const running = runs.filter(({ record }) => record.status === "running");
  const steps = history.flatMap((series) => lastStep(series) ?? []);
  return (
    <article class="headline" aria-label="Summary">
      <header>
        <p class="overline">Index</p>
        <h1>All runs</h1>
      </header>
      <dl class="figures">
        <Figure
          name="Runs"
          value={integer(runs.length)}
          unit=""
          note={runs.length === 0 ? "none yet" : `newest ${moment(runs[0].record.startedAt)}`}
        />
        <Figure
          name="Papers"
          value={integer(papers.size)}
          unit=""
          note={[...papers].join(", ")}
        />
        <Figure
          name="Machines"
          value={integer(machines.size)}
          unit=""
          note={[...machines][0] ?? ""}
        />
        <Figure
          name="Steps in a history"
          value={integer(steps.length)}
          unit=""
          note={`${steps.filter(({ change }) => change > 0).length} to the worse`}
        />
        <Figure
          name="Speed benchmarks"
          value={integer(speeds.length)}
          unit=""
          note={skipped.length > 0 ? `${count(skipped.length, "folder")} skipped` : ""}
        />
      </dl>
      {running.length > 0 && (
        <div class="running">
          <h2>In progress</h2>
          <ul class="plain">
            {running.map(({ record, folder }) => (
              <li>
                {served
                  ? <a href={`live/${encodeURIComponent(folder)}`}>{record.id}</a>
                  : <code>{record.id}</code>}
                <small>{record.scale}</small>
              </li>
            ))}
          </ul>
        </div>
      )}
    </article>
  );
}

/** A comparison and the run it belongs to. */
interface Cell {
  readonly run: ScannedRun;
  readonly comparison: Comparison;
}

/** Papers by published datasets: in each cell the newest run that says the most. */
function Matrix({ runs }: { runs: readonly ScannedRun[] }): Markup {
  const cells = runs.filter(({ record }) => record.status === "complete").flatMap((run) =>
    run.record.comparisons.filter(({ published }) => published.metric !== MODEL_SIZE)
      .map((comparison): Cell => ({ run, comparison }))
  );
  const column = ({ comparison: { published } }: Cell) =>
    published.dataset === "-" ? "other" : published.dataset;
  const columns = [...new Set(cells.map(column))].sort();
  const rows = [...new Map(runs.map(({ record }) => [record.paper.id, record.paper])).values()];
  return (
    <Section
      id="verdicts"
      title="Verdicts"
      lead="Papers against the datasets they publish numbers on. A cell shows the newest run whose number compares, or else why none does."
    >
      <Scroll label="Verdicts by paper and dataset">
        <table class="matrix">
          <thead>
            <tr>
              <th scope="col">Paper</th>
              {columns.map((name) => <th scope="col">{name}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, title, year }) => (
              <tr>
                <th scope="row">
                  {id}
                  <small>{title.split(":")[0]} · {year}</small>
                </th>
                {columns.map((name) => (
                  <td>
                    <MatrixCell
                      cells={cells.filter((cell) =>
                        cell.run.record.paper.id === id && column(cell) === name
                      )}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

function MatrixCell({ cells }: { cells: readonly Cell[] }): Markup {
  if (cells.length === 0) return <>{NO_VALUE}</>;
  const compared = cells.filter(({ comparison }) => comparison.ours !== null);
  if (compared.length === 0) {
    const { verdict } = cells.find(({ comparison }) => comparison.verdict === "not comparable")
      ?.comparison ?? cells[0].comparison;
    return (
      <>
        <Badge verdict={verdict} />
        <small>
          {count(new Set(cells.map(({ comparison }) => comparison.published.id)).size, "number")}
        </small>
      </>
    );
  }
  const [{ run }] = compared; // newest first
  const own = compared.filter((cell) => cell.run === run).map(({ comparison }) => comparison);
  const { verdict } = headline(own);
  return (
    <>
      <Badge verdict={verdict} />
      {own.slice(0, 3).map(({ published, ours }) => (
        <small>
          {published.metric}: {decimal(ours)} against {verbatim(published.value)} {published.unit}
        </small>
      ))}
      <small>
        <RunLink run={run} />
      </small>
    </>
  );
}

function RunLink({ run: { folder, record, report } }: { run: ScannedRun }): Markup {
  return report
    ? <a href={`${encodeURIComponent(folder)}/report.html`}>{record.id}</a>
    : <>{record.id}</>;
}

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

function RunTable({ runs, served }: { runs: readonly ScannedRun[]; served: boolean }): Markup {
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
  const metric = tested === undefined ? null : mainMetric(tested.metrics);
  const value = metric === null ? null : tested.metrics[metric] ?? null;
  const zero = evaluations.find(({ contender, dataset, split }) =>
    contender.kind === "baseline" && /\bzero\b/i.test(contender.name) &&
    dataset === tested.dataset && split === tested.split
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

function History({ series, charts, all }: {
  series: readonly HistorySeries[];
  charts: readonly Chart[];
  all: readonly HistorySeries[];
}): Markup {
  const steps = all.flatMap((series) => {
    const step = lastStep(series);
    return step === null ? [] : [{ series, step }];
  });
  return (
    <Section
      id="history"
      title="History"
      lead="Each number over the runs that measured it, oldest first. Times are told apart by machine. Grey results were made under another version of the benchmark and are not compared; the thin line is the level, where it changed and stayed changed."
    >
      {steps.length > 0 && (
        <>
          <h3>Where a level changed</h3>
          <Scroll label="Steps">
            <table>
              <thead>
                <tr>
                  <th scope="col">Number</th>
                  <th scope="col" class="number">Before</th>
                  <th scope="col" class="number">Since</th>
                  <th scope="col">Change</th>
                  <th scope="col">First result at the new level</th>
                </tr>
              </thead>
              <tbody>
                {steps.map(({ series: { subject, what, unit, machine }, step }) => (
                  <tr>
                    <th scope="row">
                      {subject}: {what}
                      <small>{machine}</small>
                    </th>
                    <td class="number">{decimal(step.from)} {unit}</td>
                    <td class="number">{decimal(step.to)} {unit}</td>
                    <td class={step.change > 0 ? "worse" : "better"}>
                      <span aria-hidden="true">{step.change > 0 ? "▲" : "▼"}</span>{" "}
                      {moved(step.change)}
                    </td>
                    <td>
                      {step.at.run}
                      <small>
                        {moment(step.at.startedAt)} ·{" "}
                        <code>{step.at.commit?.slice(0, 8) ?? "no commit"}</code>
                      </small>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </>
      )}
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
      {all.length > series.length && (
        <p class="protocol">
          {count(all.length - series.length, "number")}{" "}
          without a chart: measured once, or beyond the {HISTORIES} measured most often.
        </p>
      )}
    </Section>
  );
}

/** A history as a chart: results, stale ones, levels. */
function historyChart(series: HistorySeries, index: number): Chart {
  const { subject, what, unit, points, levels, machine } = series;
  const at = (wanted: boolean) =>
    points.flatMap(({ value, stale }, i) => stale === wanted ? [[i + 1, value] as const] : []);
  const fresh = at(false), stale = at(true);
  const level: Series[] = levels.length === 0 ? [] : [{
    label: levels.length > 1 ? "levels" : "level",
    points: levels.flatMap(({ from, to, value }) => [
      [fresh[from][0], value] as const,
      [fresh[to - 1][0], value] as const,
    ]),
    style: "main",
    color: 1,
  }];
  return {
    id: `history-${index}`,
    title: `${subject}: ${what}${machine === null ? "" : `, ${machine}`}`,
    description: `${what} of ${subject} over ${points.length} results, oldest first; ` +
      `${stale.length} of them stale, ${count(levels.length, "level")}.`,
    x: { title: "result, oldest first", log: false },
    y: { title: unit === "" ? what : `${what} (${unit})`, log: false },
    series: [
      { label: "results", points: fresh, style: "points", color: 0 },
      ...(stale.length > 0
        ? [{ label: "another benchmark", points: stale, style: "points" as const, color: 5 }]
        : []),
      ...level,
    ],
    stepped: false,
    mark: null,
    table: {
      columns: ["Run", "Started", "Commit", "Value", "State"],
      rows: points.map(({ run, startedAt, commit, value, stale }) => [
        run,
        moment(startedAt),
        commit?.slice(0, 8) ?? NO_VALUE,
        decimal(value),
        stale ? "stale" : "current",
      ]),
    },
  };
}

function Speeds({ speeds }: { speeds: readonly ScannedSpeed[] }): Markup {
  return (
    <Section id="speed" title="Speed benchmarks" lead="Made by deno task bench.">
      <Scroll label="Speed benchmarks">
        <table>
          <thead>
            <tr>
              <th scope="col">Benchmark</th>
              <th scope="col">Started</th>
              <th scope="col" class="number">Rows</th>
              <th scope="col">Groups</th>
              <th scope="col">Machine</th>
            </tr>
          </thead>
          <tbody>
            {speeds.map(({ folder, record, report }) => (
              <tr>
                <th scope="row">
                  {report
                    ? <a href={`${encodeURIComponent(folder)}/speed.html`}>{record.id}</a>
                    : record.id}
                </th>
                <td>{moment(record.startedAt)}</td>
                <td class="number">{integer(record.rows.length)}</td>
                <td>{record.groups.map(({ title }) => title).join(", ")}</td>
                <td>{shortAdapter(record.environment)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

function Skipped({ skipped }: { skipped: ScannedRuns["skipped"] }): Markup {
  return (
    <Section
      id="skipped"
      title="Skipped"
      lead="Folders that hold no record this version can read."
    >
      <ul class="plain">
        {skipped.map(({ folder, reason }) => (
          <li>
            <code>{folder}</code> {reason}
          </li>
        ))}
      </ul>
    </Section>
  );
}
