// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * The report: runs as one HTML file to read, print or send.
 *
 * The file works offline and from `file://`, holds its pictures, charts and styles, and has no
 * date of its own: the same runs give the same bytes.
 *
 * @module
 */
import { writeFileAtomic } from "../base/files.ts";
import { curveCharts, distributionCharts, iterationCharts, motionCharts } from "./charts.ts";
import { groupEvaluations } from "./groups.ts";
import type { LoadedRun } from "./load.ts";
import { presentSections, renderPage } from "./page.tsx";
import { Cost } from "./sections/cost.tsx";
import { Curves, Distribution, Iterations, Motion } from "./sections/charts.tsx";
import { Evaluations } from "./sections/evaluations.tsx";
import { Gallery } from "./sections/gallery.tsx";
import { Headline } from "./sections/headline.tsx";
import { Published } from "./sections/published.tsx";
import { Reproduce } from "./sections/reproduce.tsx";
import { Frames, Videos } from "./sections/videos.tsx";

export { type LoadedRun, loadRun } from "./load.ts";

/**
 * Renders runs as one HTML page.
 *
 * @param runs At least one; several are shown side by side, in this order.
 */
export async function renderReport(runs: readonly LoadedRun[]): Promise<string> {
  const groups = groupEvaluations(runs);
  const curves = curveCharts(runs);
  const iterations = iterationCharts(groups);
  const motion = motionCharts(groups);
  const distributions = distributionCharts(groups);
  const { links, contents } = presentSections([
    ["published", "Published", Published({ runs })],
    ["evaluations", "Evaluations", Evaluations({ groups })],
    ["curves", "Training", Curves({ charts: curves })],
    ["iterations", "Iterations", Iterations({ charts: iterations })],
    ["motion", "Motion", Motion({ charts: motion })],
    ["frames", "Frames", Frames({ groups })],
    ["samples", "Samples", Gallery({ groups })],
    ["videos", "Videos", Videos({ groups })],
    ["distribution", "Spread", Distribution({ charts: distributions })],
    ["cost", "Cost", Cost({ runs, groups })],
    ["reproduce", "Reproduce", Reproduce({ runs })],
  ]);
  const titles = new Set(runs.map((run) => run.record.paper.title));
  return await renderPage({
    title: `${[...titles].join(", ")} – Reflow report`,
    links,
    charts: [...curves, ...iterations, ...motion, ...distributions],
    body: [
      ...runs.map((run) => <Headline run={run} />),
      ...contents,
    ],
  });
}

/**
 * Writes the report of runs to a file, whole or not at all.
 *
 * @param runs At least one; several are shown side by side, in this order.
 * @param out The HTML file; its folder is made if absent.
 */
export async function writeReport(runs: readonly LoadedRun[], out: string): Promise<void> {
  await writeFileAtomic(out, await renderReport(runs));
}
