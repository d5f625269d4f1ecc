/** Histories of numbers as charts. @module */
import type { HistorySeries } from "../../benchmarks/history.ts";
import type { Chart, Series } from "../chart.ts";
import { count, decimal, moment, NO_VALUE } from "../format.ts";

/** Histories that are drawn; a page of more would be a page of charts. */
export const HISTORIES = 24;

/** Charts of the numbers that were measured more than once, those measured most often first. */
export function historyCharts(history: readonly HistorySeries[]): Chart[] {
  return history.filter(({ points }) => points.length > 1).slice(0, HISTORIES).map(historyChart);
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
