// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * A run in progress: its curves, which ask the server for news. Served by `deno task reports --serve`.
 *
 * @module
 */
import type { RunRecord } from "../benchmarks/record.ts";
import type { Chart } from "./chart.ts";
import { curveCharts } from "./charts.ts";
import { ChartFigure, Figure, type Markup, Section } from "./components.tsx";
import { integer, moment } from "./format.ts";
import type { LoadedRun } from "./load.ts";
import { renderPage } from "./page.tsx";

/** What the page asks for again and again. */
export interface LiveNews {
  readonly status: RunRecord["status"];
  /** Steps finished, and of how many. */
  readonly steps: number;
  readonly totalSteps: number;
  readonly charts: readonly Chart[];
}

/** The news of a run. */
export function liveCharts(run: LoadedRun): LiveNews {
  const { status, training } = run.record;
  return {
    status,
    // The record is written at the ends of sessions, the curves at each step.
    steps: run.curves.at(-1)?.step ?? training?.steps ?? 0,
    totalSteps: training?.totalSteps ?? 0,
    charts: curveCharts([run]),
  };
}

/** Renders the page of a run in progress. */
export async function renderLive(run: LoadedRun): Promise<string> {
  const { record } = run;
  const { charts, steps, totalSteps, status } = liveCharts(run);
  return await renderPage({
    title: `${record.id} – Reflow`,
    links: [["curves", "Training"]],
    charts,
    scripts: ["./live.js"],
    live: true,
    body: [
      <article class="headline" aria-label={`Run ${record.id}`} data-live={record.id}>
        <header>
          <p class="overline">
            <a href="/">All runs</a> · started {moment(record.startedAt)}
          </p>
          <h1>
            <span class="name">{record.id}</span>
          </h1>
          <p class="byline">{record.paper.title}</p>
        </header>
        <p class="scale">{record.scale}</p>
        <dl class="figures">
          <Figure
            name="Step"
            value={integer(steps)}
            unit={`of ${integer(totalSteps)}`}
            note={status}
          />
        </dl>
        <p class="protocol" role="status" id="news">
          {charts.length === 0 ? "No step is finished yet; load the page again in a while." : ""}
        </p>
      </article>,
      <Curves charts={charts} />,
    ],
  });
}

function Curves({ charts }: { charts: readonly Chart[] }): Markup {
  return (
    <Section
      id="curves"
      title="Training"
      lead="A noisy curve is drawn as its running mean over a twentieth of the run. The curves follow the run; the tables are as of loading the page."
    >
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
    </Section>
  );
}
