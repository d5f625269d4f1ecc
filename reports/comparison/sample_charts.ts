/** The samples of a comparison as charts. @module */
import type { ComparedEvaluation } from "../../benchmarks/comparison/comparison_record.ts";
import { metricName, withUnit } from "../../benchmarks/metric_names.ts";
import { type Chart, spansDecades, thin } from "../chart.ts";
import { decimal } from "../format.ts";

/** The charts of every split that has samples enough for one. */
export function sampleCharts(evaluations: readonly ComparedEvaluation[]): Chart[] {
  return evaluations.flatMap(evaluationCharts);
}

/** Both sides against each other, and how the changes are spread. */
function evaluationCharts(evaluation: ComparedEvaluation, index: number): Chart[] {
  const { dataset, split, metric, flips, changes, counts } = evaluation;
  const { quantity } = metricName(metric);
  const where = `${dataset}:${split}`;
  if (changes.length < 2) return [];
  const sorted = changes.map(({ change }) => 100 * change).sort((a, b) => a - b);
  const pairs = flips.map(({ base, candidate }) => [base, candidate] as const);
  const ends = pairs.flat();
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const spread: Chart = {
    id: `changes-${index}`,
    title: `Change by sample · ${where}`,
    description: `Share of the samples of ${where} whose ${quantity} got worse by at most x per ` +
      `cent: ${counts.worse} got worse, ${counts.better} better.`,
    x: { title: `${quantity}, worse by (%)`, log: false },
    y: { title: "share of samples (%)", log: false },
    series: [{
      label: "candidate against base",
      points: thin([
        [sorted[0], 0],
        ...sorted.map((x, i) => [x, 100 * (i + 1) / sorted.length] as const),
      ]),
      style: "main",
      color: 0,
    }],
    stepped: true,
    mark: { x: 0, label: "no change" },
    table: {
      columns: ["Sample", "Worse by (%)"],
      rows: changes.map(({ id, change }) => [id, decimal(100 * change)]),
    },
  };
  if (pairs.length === 0) return [spread];
  const log = spansDecades(ends);
  return [spread, {
    id: `pairs-${index}`,
    title: `Moved samples · ${where}`,
    description: `${quantity} of the samples that moved: the base's across, the candidate's up. ` +
      "Points above the dashed line got larger.",
    x: { title: `base, ${withUnit(metricName(metric))}`, log },
    y: { title: "candidate", log },
    series: [
      { label: "samples", points: pairs, style: "points", color: 1 },
      { label: "no change", points: [[low, low], [high, high]], style: "baseline", color: 5 },
    ],
    stepped: false,
    mark: null,
    table: {
      columns: ["Sample", "Base", "Candidate"],
      rows: flips.map(({ id, base, candidate }) => [id, decimal(base), decimal(candidate)]),
    },
  }];
}
