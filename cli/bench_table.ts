/**
 * The speed benchmark as text, a line a row.
 *
 * @module
 */
import type { Samples, SizeCurve, SpeedRow } from "../benchmarks/speed/speed_record.ts";
import { bytes, decimal, measurement, rate, time, times, timesRange } from "../reports/format.ts";

/** Rows as aligned columns: work, ours, alternative, ratio with its quartiles, wanted ratio. */
export function speedTable(rows: readonly SpeedRow[]): string {
  return aligned([
    ["", "ours", "alternative", "ratio", "", "wanted"],
    ...rows.map((row) => {
      const work = `${row.name}, ${row.shape}`;
      if (row.error !== null) return [work, `WRONG: ${row.error}`];
      if (row.skipped !== null) return [work, `skipped: ${row.skipped}`];
      const { ours, alternative, ratio, goal } = row;
      return [
        work,
        measured(row, ours),
        alternative ? `${measured(row, alternative)} ${alternative.name}` : "-",
        ratio ? times(ratio.value) : "-",
        ratio ? timesRange(ratio.lower, ratio.upper) : "",
        goal !== null && ratio ? `${goal}× ${ratio.value >= goal ? "reached" : "missed"}` : "",
      ];
    }),
  ]);
}

function measured({ unit, work }: SpeedRow, samples: Samples | null): string {
  if (!samples) return "-";
  const text = measurement(samples.median, unit);
  if (unit === "dispatches" || unit === "submits") return `${text} ${unit}`;
  return text + (work ? ` ${rate(work, samples.median)}` : "");
}

/** Sizes as aligned columns, and the fitted exponents. */
export function sizesTable({ points, fits, error }: SizeCurve): string {
  const exponent = (law: { exponent: number } | null) => law ? decimal(law.exponent) : "-";
  const table = aligned([
    ["size", "time", "device memory", "process memory"],
    ...points.map(({ height, width, seconds, deviceBytes, residentBytes }) => [
      `${height}×${width}`,
      time(seconds),
      bytes(deviceBytes),
      bytes(residentBytes),
    ]),
    [
      "exponent in pixels",
      exponent(fits.seconds),
      exponent(fits.deviceBytes),
      exponent(fits.residentBytes),
    ],
  ]);
  return error === null ? table : `${table}\nWRONG: ${error}`;
}

/** Columns as wide as their widest cell; a row of two cells is a remark and widens nothing. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const [header] = rows;
  const widths = header.map((_, column) =>
    Math.max(...rows.filter((row) => column === 0 || row.length > 2).map((r) => r[column].length))
  );
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd())
    .join("\n");
}
