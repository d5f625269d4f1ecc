// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * A comparison of two sides as one HTML file in the manner of the reports.
 *
 * @module
 */
import { writeFileAtomic } from "../base/files.ts";
import type { ComparisonReport } from "../benchmarks/comparison/comparison_record.ts";
import { Cost } from "./comparison/cost.tsx";
import { Differences } from "./comparison/differences.tsx";
import { Headline } from "./comparison/headline.tsx";
import { Results } from "./comparison/results.tsx";
import { sampleCharts } from "./comparison/sample_charts.ts";
import { Samples } from "./comparison/samples.tsx";
import { presentSections, renderPage } from "./page.tsx";

/** Renders a comparison as one HTML page that needs nothing else. */
export async function renderComparison(report: ComparisonReport): Promise<string> {
  const charts = sampleCharts(report.evaluations);
  const { links, contents } = presentSections([
    ["results", "Results", Results({ report })],
    ["samples", "Samples", Samples({ report, charts })],
    ["cost", "Time and memory", Cost({ report })],
    ["differences", "Differences", Differences({ report })],
  ]);
  return await renderPage({
    title: `${report.candidate.name} against ${report.base.name} – Reflow comparison`,
    links,
    charts,
    body: [<Headline report={report} />, ...contents],
  });
}

/**
 * Writes the page of a comparison to a file, whole or not at all.
 *
 * @param out The HTML file; its folder is made if absent.
 */
export async function writeComparison(report: ComparisonReport, out: string): Promise<void> {
  await writeFileAtomic(out, await renderComparison(report));
}
