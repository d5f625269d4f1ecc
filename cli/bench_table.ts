/**
 * The speed benchmark as text, a line a row.
 *
 * @module
 */
import type { Samples, SizeCurve, SpeedRow } from "../benchmarks/speed/speed_record.ts";
import { bytes, decimal, measurement, rate, time, times, timesRange } from "../reports/format.ts";
import { textTable } from "./text_table.ts";

/** Rows as aligned columns: work, ours, alternative, ratio with its quartiles, wanted ratio. */
export function speedTable(rows: readonly SpeedRow[]): string {
  return textTable([
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
  const table = textTable([
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
