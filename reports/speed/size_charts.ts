/**
 * How time and memory grow with the picture, as charts.
 *
 * @module
 */
import type { SizeCurve } from "../../benchmarks/speed/speed_record.ts";
import type { Chart, Series } from "../chart.ts";
import { bytes, decimal, time } from "../format.ts";

type Quantity = keyof SizeCurve["fits"];

const megapixels = ({ height, width }: { height: number; width: number }) => height * width / 1e6;

/** Two charts; none where there is no point. */
export function sizeCharts(curve: SizeCurve): Chart[] {
  if (curve.points.length === 0) return [];
  const id = (quantity: string) => `${curve.group}-${quantity}`;
  const time = [["seconds", "measured"]] as const;
  const memory = [["deviceBytes", "on the device"], ["residentBytes", "of the process"]] as const;
  return [
    chartOf(curve, id("time"), "Time by picture size", "seconds", time, 1),
    chartOf(curve, id("memory"), "Peak memory by picture size", "MiB", memory, 2 ** 20),
  ];
}

/** What a quantity was measured to be, and its fitted law, dashed. */
function linesOf(
  { points, fits }: SizeCurve,
  quantity: Quantity,
  label: string,
  color: number,
  unit: number,
): Series[] {
  const law = fits[quantity];
  const measured: Series = {
    label,
    points: points.map((point) => [megapixels(point), point[quantity] / unit]),
    style: "main",
    color,
  };
  if (!law) return [measured];
  const fitted: Series = {
    label: `grows with pixels to the power of ${decimal(law.exponent)}`,
    points: points.map(({ height, width }) => {
      const pixels = height * width;
      return [pixels / 1e6, law.factor * pixels ** law.exponent / unit];
    }),
    style: "baseline",
    color,
  };
  return [measured, fitted];
}

function chartOf(
  curve: SizeCurve,
  id: string,
  title: string,
  y: string,
  quantities: readonly (readonly [Quantity, string])[],
  unit: number,
): Chart {
  const cell = (quantity: Quantity, value: number) =>
    quantity === "seconds" ? time(value) : bytes(value);
  return {
    id,
    title,
    description: `${title}, both axes logarithmic.`,
    x: { title: "megapixels", log: true },
    y: { title: y, log: true },
    series: quantities.flatMap(([quantity, label], color) =>
      linesOf(curve, quantity, label, color, unit)
    ),
    stepped: false,
    mark: null,
    table: {
      columns: ["Size", ...quantities.map(([, label]) => label)],
      rows: curve.points.map((point) => [
        `${point.height}×${point.width}`,
        ...quantities.map(([quantity]) => cell(quantity, point[quantity])),
      ]),
    },
  };
}
