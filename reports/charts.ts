/**
 * The charts of a report, made from runs.
 *
 * @module
 */
import { quantile } from "../base/quantile.ts";
import { type Chart, type Series, spansDecades, thin } from "./chart.ts";
import { decimal, integer, NO_VALUE } from "./format.ts";
import { type Group, isBaseline } from "./groups.ts";
import type { LoadedRun } from "./load.ts";
import { metricName, withUnit } from "../benchmarks/metric_names.ts";

/** Rows of a curve's table twin. */
const MAX_ROWS = 20;

/**
 * One chart for each series of the curves, the runs drawn over each other. A noisy line is drawn as
 * its running mean over a twentieth of the run, with the line itself behind it if the run is alone.
 */
export function curveCharts(runs: readonly LoadedRun[]): Chart[] {
  const names = new Set(runs.flatMap((r) => r.curves.flatMap((p) => Object.keys(p.values))));
  return [...names].map((name, i) => {
    const lines = runs.map((run, color) => ({
      label: runs.length > 1 ? run.record.id : name,
      points: run.curves.filter(({ values }) => Object.hasOwn(values, name))
        .map(({ step, values }) => [step, values[name]] as const),
      color,
    })).filter((line) => line.points.length > 0);
    const series = lines.flatMap((line): Series[] => {
      const whole = { ...line, points: thin(line.points) };
      const reach = Math.floor(line.points.length / 40);
      if (reach < 2 || !isNoisy(line.points)) return [{ ...whole, style: "main" }];
      const smooth = { ...line, points: thin(runningMean(line.points, reach)) };
      // Several noisy lines over each other would hide what they have in common.
      if (runs.length > 1) return [{ ...smooth, style: "main" }];
      return [{ ...whole, style: "raw" }, {
        ...smooth,
        label: `${name}, running mean`,
        style: "main",
      }];
    });
    const values = lines.flatMap((line) => line.points.map(([, y]) => y));
    return {
      id: `curve-${i}`,
      title: sentence(name),
      description: `${sentence(name)} against training step.`,
      x: { title: "training step", log: false },
      // A schedule that ends at nothing would show its last step and little else.
      y: { title: name, log: name !== "learning rate" && spansDecades(values) },
      series,
      stepped: false,
      mark: null,
      table: curveTable("Step", lines),
    };
  });
}

/** The main metric against the number of update iterations, one chart a group. */
export function iterationCharts(groups: readonly Group[]): Chart[] {
  return groups.flatMap((group, i): Chart[] => {
    const { metric } = group;
    if (metric === null) return [];
    const lines = group.entries.map((entry, color) => ({
      label: entry.label,
      points: entry.evaluation.byIteration
        .map((at) => [at.iterations, at.metrics[metric]] as const)
        .filter((point): point is readonly [number, number] => typeof point[1] === "number")
        .sort(([a], [b]) => a - b),
      style: isBaseline(entry) ? "baseline" as const : "main" as const,
      color,
    })).filter((line) => line.points.length > 0);
    if (lines.length === 0) return [];
    const named = metricName(metric);
    const { quantity } = named;
    const trained = trainingIterations(group.entries.map((entry) => entry.run));
    return [{
      id: `iterations-${i}`,
      title: `${quantity} by update iterations · ${group.title}`,
      description: `${quantity} on ${group.title} after each number of update iterations.` +
        (trained === null ? "" : ` The model was trained with ${trained}.`),
      x: { title: "update iterations", log: false },
      y: { title: withUnit(named), log: false },
      series: lines,
      stepped: false,
      mark: trained === null ? null : { x: trained, label: `trained with ${trained}` },
      table: curveTable("Iterations", lines),
    }];
  });
}

/** Bands of motion by the length of the true flow, in pixels. */
const MOTION: readonly (readonly [metric: string, name: string])[] = [
  ["s0-10", "under 10 px"],
  ["s10-40", "10 to 40 px"],
  ["s40+", "40 px and more"],
];

/** The error by how far pixels move, one chart a group that has it. */
export function motionCharts(groups: readonly Group[]): Chart[] {
  return groups.flatMap((group, i): Chart[] => {
    const bands = MOTION.filter(([metric]) =>
      group.entries.some(({ evaluation }) => typeof evaluation.metrics[metric] === "number")
    );
    if (bands.length < 2) return [];
    const lines = group.entries.map((entry, color) => ({
      label: entry.label,
      points: bands.map(([metric], at) => [at, entry.evaluation.metrics[metric] ?? NaN] as const)
        .filter(([, value]) => !Number.isNaN(value)),
      style: isBaseline(entry) ? "baseline" as const : "main" as const,
      color,
      values: bands.map(([metric]) => decimal(entry.evaluation.metrics[metric])),
    }));
    return [{
      id: `motion-${i}`,
      title: `EPE by length of motion · ${group.title}`,
      description: `End-point error on ${group.title} over the pixels whose true motion is ` +
        `${bands.map(([, name]) => name).join(", ")}.`,
      x: { title: "true motion", log: false },
      y: { title: "EPE (px)", log: false },
      categories: bands.map(([, name]) => name),
      series: lines.map(({ values: _, ...line }) => line),
      stepped: false,
      mark: null,
      table: {
        columns: ["Contender", ...bands.map(([, name]) => name)],
        rows: lines.map(({ label, values }) => [label, ...values]),
      },
    }];
  });
}

/** The cumulative distribution of the main metric over samples, one chart a group. */
export function distributionCharts(groups: readonly Group[]): Chart[] {
  return groups.flatMap((group, i): Chart[] => {
    const { metric } = group;
    if (metric === null) return [];
    const lines = group.entries.map((entry, color) => ({
      label: entry.label,
      values: (entry.samples?.metrics[metric] ?? new Float64Array())
        .filter((value) => !Number.isNaN(value)).sort(),
      style: isBaseline(entry) ? "baseline" as const : "main" as const,
      color,
    })).filter((line) => line.values.length > 0);
    if (lines.length === 0) return [];
    const named = metricName(metric);
    const { quantity } = named;
    const quantiles = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1];
    return [{
      id: `distribution-${i}`,
      title: `${quantity} per sample · ${group.title}`,
      description: `Share of the samples of ${group.title} whose ${quantity} is at most x.`,
      x: {
        title: `${withUnit(named)} of a sample`,
        log: spansDecades(lines.flatMap((line) => [...line.values])),
      },
      y: { title: "share of samples (%)", log: false },
      series: lines.map(({ values, ...line }) => ({
        ...line,
        points: thin([
          [values[0], 0],
          ...[...values].map((value, k) => [value, 100 * (k + 1) / values.length] as const),
        ]),
      })),
      stepped: true,
      mark: null,
      table: {
        columns: [
          "Contender",
          "Samples",
          "Least",
          "10 %",
          "25 %",
          "Median",
          "75 %",
          "90 %",
          "Most",
        ],
        rows: lines.map(({ label, values }) => [
          label,
          integer(values.length),
          ...quantiles.map((q) => decimal(quantile(values, q))),
        ]),
      },
    }];
  });
}

/** Mean of each point and `reach` neighbours to either side, fewer at the ends. */
function runningMean(
  points: readonly (readonly [number, number])[],
  reach: number,
): [number, number][] {
  const sums = [0];
  for (const [, y] of points) sums.push(sums[sums.length - 1] + y);
  return points.map(([x], i) => {
    const from = Math.max(i - reach, 0);
    const to = Math.min(i + reach + 1, points.length);
    return [x, (sums[to] - sums[from]) / (to - from)];
  });
}

/** Whether a line turns at more than a quarter of its points, as a loss does and a schedule not. */
function isNoisy(points: readonly (readonly [number, number])[]): boolean {
  let turns = 0;
  for (let i = 2; i < points.length; i++) {
    const [a, b, c] = [points[i - 2][1], points[i - 1][1], points[i][1]];
    if ((b - a) * (c - b) < 0) turns++;
  }
  return turns > points.length / 4;
}

function curveTable(
  first: string,
  lines: readonly { label: string; points: readonly (readonly [number, number])[] }[],
): Chart["table"] {
  const lookup = lines.map((line) => new Map(line.points));
  const xs = [...new Set(lines.flatMap((line) => line.points.map(([x]) => x)))].sort((a, b) =>
    a - b
  );
  const rows = Math.min(xs.length, MAX_ROWS);
  const picked = Array.from(
    { length: rows },
    (_, i) => xs[rows === 1 ? 0 : Math.round(i * (xs.length - 1) / (rows - 1))],
  );
  return {
    columns: [first, ...lines.map((line) => line.label)],
    rows: picked.map((x) => [
      integer(x),
      ...lookup.map((values) => values.has(x) ? decimal(values.get(x)) : NO_VALUE),
    ]),
  };
}

/** The number of update iterations in training, where the recipes say one and agree on it. */
function trainingIterations(runs: readonly LoadedRun[]): number | null {
  const counts = new Set(runs.flatMap(({ record }) => {
    const config = record.training?.config;
    if (typeof config !== "object" || config === null || Array.isArray(config)) return [];
    return typeof config.iterations === "number" ? [config.iterations] : [];
  }));
  return counts.size === 1 ? [...counts][0] : null;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
