import { assertAlmostEquals, assertEquals } from "@std/assert";
import { compareSides } from "../../benchmarks/comparison/compare_sides.ts";
import { fabricateRun } from "../fabricated_run.ts";
import { sampleCharts } from "./sample_charts.ts";

/** Eight samples, of which the third got worse by a fifth. */
function compared() {
  const { record, samples } = fabricateRun(0, { steps: 2, samples: 8, pictures: 0 });
  const { ids, metrics: { epe } } = samples.get("raft")!;
  const side = (name: string, values: Float64Array) => ({
    name,
    runs: [{ record, samples: new Map([["raft", { ids, metrics: { epe: values } }]]) }],
  });
  const worse = epe.map((value, i) => i === 2 ? 1.2 * value : value);
  return compareSides(side("base", epe), side("candidate", worse)).evaluations[0];
}

Deno.test("changes climb from 0 to all samples, pairs are those that moved", () => {
  const [changes, pairs] = sampleCharts([compared()]);
  const [{ points }] = changes.series;
  assertEquals([points[0], points.length, changes.table.rows.length], [[0, 0], 9, 8]);
  assertAlmostEquals(points.at(-1)![0], 20, 1e-9);
  assertEquals(points.at(-1)![1], 100);
  const [[base, candidate], ...others] = pairs.series[0].points;
  assertAlmostEquals(candidate / base, 1.2, 1e-9);
  assertEquals(others, []);
});

Deno.test("no chart is drawn of samples that are too few or did not move", () => {
  const evaluation = compared();
  const still = { ...evaluation, flips: [] };
  const single = { ...evaluation, changes: evaluation.changes.slice(0, 1) };
  assertEquals(sampleCharts([single, still]).map(({ id }) => id), ["changes-1"]);
});
