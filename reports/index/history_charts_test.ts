import { assertEquals } from "@std/assert";
import type { HistorySeries } from "../../benchmarks/history.ts";
import { HISTORIES, historyCharts } from "./history_charts.ts";

const point = (value: number, stale = false) => ({
  run: `run of ${value}`,
  startedAt: "2026-11-22T10:15:30.000Z",
  commit: "f3667341c0ffee00",
  machine: "0123abcd",
  benchmark: null,
  value,
  stale,
});

const series: HistorySeries = {
  paper: "raft",
  subject: "RAFT",
  what: "EPE on moving-shapes:test",
  unit: "px",
  lowerIsBetter: true,
  machine: null,
  points: [point(9, true), point(2), point(2.1), point(3), point(3.1)],
  levels: [{ from: 0, to: 2, value: 2 }, { from: 2, to: 4, value: 3 }],
};

Deno.test("a history shows its levels, and stale results apart", () => {
  const [{ title, series: lines, table }] = historyCharts([series]);
  assertEquals(title, "RAFT: EPE on moving-shapes:test");
  assertEquals(lines.map(({ label, points }) => [label, points]), [
    ["results", [[2, 2], [3, 2.1], [4, 3], [5, 3.1]]],
    ["another benchmark", [[1, 9]]],
    ["levels", [[2, 2], [3, 2], [4, 3], [5, 3]]],
  ]);
  assertEquals(table.rows[0], ["run of 9", "2026-11-22 10:15 UTC", "f3667341", "9.000", "stale"]);
});

Deno.test("numbers measured once have no chart, nor have more than a page can show", () => {
  const once = { ...series, points: [point(1)], levels: [] };
  assertEquals(historyCharts([once]), []);
  const charts = historyCharts([once, ...Array<HistorySeries>(HISTORIES + 1).fill(series)]);
  assertEquals(new Set(charts.map(({ id }) => id)).size, HISTORIES);
});
