/** The index's first screen: how much there is, and what is in progress. @module */
import { type HistorySeries, lastStep } from "../../benchmarks/history.ts";
import type { ScannedRuns } from "../../benchmarks/scan_runs.ts";
import { Figure, type Markup } from "../components.tsx";
import { count, integer, moment } from "../format.ts";
import { shortAdapter } from "../sections/environment.tsx";

/** Counts of runs, papers, machines and benchmarks, and the runs in progress. */
export function Headline({ found: { runs, speeds, skipped }, history, served }: {
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
