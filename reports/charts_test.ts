import { assertEquals } from "@std/assert";
import { curveCharts, distributionCharts, iterationCharts } from "./charts.ts";
import { fabricateRun } from "./fabricated_run.ts";
import { groupEvaluations } from "./groups.ts";

const run = fabricateRun(0, { steps: 200, samples: 9, pictures: 0 });

Deno.test("curveCharts() smooths what is noisy and nothing else", () => {
  const charts = curveCharts([run]);
  assertEquals(
    charts.map((chart) => [chart.title, ...chart.series.map((line) => line.style)]),
    [["Loss", "raw", "main"], ["Learning rate", "main"], ["Validation EPE", "main"]],
  );
  assertEquals(charts[0].table.rows.length, 20);
  assertEquals(charts[0].table.rows.at(-1)![0], "200");
  assertEquals(curveCharts([run, run])[0].series.map((line) => line.style), ["main", "main"]);
});

Deno.test("iterationCharts() marks the number of iterations in training", () => {
  const [chart, ...others] = iterationCharts(groupEvaluations([run]));
  assertEquals(others, []);
  assertEquals(chart.mark, { x: 6, label: "trained with 6" });
  assertEquals(chart.series.map((line) => line.label), ["RAFT (demo recipe)"]);
});

Deno.test("distributionCharts() climbs from 0 to 100 % and counts no sample without a value", () => {
  const results = run.samples.get("raft")!;
  const epe = results.metrics.epe.with(3, NaN);
  const samples = new Map([["raft", { ...results, metrics: { epe } }]]);
  const [chart] = distributionCharts(groupEvaluations([{ ...run, samples }]));
  const [{ points }] = chart.series;
  assertEquals([points[0][1], points.at(-1)![1], points.length], [0, 100, 9]);
  assertEquals(chart.table.rows[0][1], "8");
});
