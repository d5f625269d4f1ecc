// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * The index: all runs of a folder on one page, with verdicts by paper and dataset and the history of
 * each number.
 *
 * @module
 */
import type { HistorySeries } from "../benchmarks/history.ts";
import type { ScannedRuns } from "../benchmarks/scan_runs.ts";
import { ClaimPages } from "./index/claim_pages.tsx";
import { Headline } from "./index/headline.tsx";
import { historyCharts } from "./index/history_charts.ts";
import { History } from "./index/history.tsx";
import { Matrix } from "./index/matrix.tsx";
import { RunTable } from "./index/run_table.tsx";
import { Skipped } from "./index/skipped.tsx";
import { Speeds } from "./index/speeds.tsx";
import { presentSections, renderPage } from "./page.tsx";

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
  const { runs, speeds, claims, skipped } = found;
  const charts = historyCharts(history);
  const { links, contents } = presentSections([
    ["verdicts", "Verdicts", Matrix({ runs })],
    ["claims", "Claims", ClaimPages({ claims })],
    ["runs", "Runs", RunTable({ runs, served })],
    ["history", "History", History({ history, charts })],
    ["speed", "Speed", Speeds({ speeds })],
    ["skipped", "Skipped", Skipped({ skipped })],
  ]);
  return await renderPage({
    title: "All runs – Reflow",
    links,
    charts,
    body: [
      <Headline found={found} history={history} served={served} />,
      ...contents,
    ],
  });
}
