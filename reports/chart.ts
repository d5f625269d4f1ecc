/**
 * A chart as data, with the table that says the same in numbers. `page.js` draws it.
 *
 * @module
 */

/** One line of a chart. */
export interface Series {
  /** Name in the legend. */
  readonly label: string;
  /** [x, y], x rising unless they are not joined. */
  readonly points: readonly (readonly [number, number])[];
  /**
   * "raw" is drawn pale behind its smoothed twin; "baseline" is dashed; "points" are not joined.
   */
  readonly style: "main" | "raw" | "baseline" | "points";
  /** Index of the color; a raw line shares its twin's. */
  readonly color: number;
}

/** One chart and its table twin. */
export interface Chart {
  /** Unique within the report; the canvas's id. */
  readonly id: string;
  /** Heading. */
  readonly title: string;
  /** What the chart shows, in a sentence, for readers who cannot see it. */
  readonly description: string;
  /** Horizontal axis. */
  readonly x: Axis;
  /** Vertical axis. */
  readonly y: Axis;
  /** Lines, at least one. */
  readonly series: readonly Series[];
  /** Names along the horizontal axis: bars instead of lines, a point's x is the name's index. */
  readonly categories?: readonly string[];
  /** Lines as steps (a cumulative share) rather than straight from point to point. */
  readonly stepped: boolean;
  /** A vertical line with a label. */
  readonly mark: { readonly x: number; readonly label: string } | null;
  /** The same in numbers. */
  readonly table: { readonly columns: readonly string[]; readonly rows: readonly string[][] };
}

/** An axis of a chart. */
export interface Axis {
  /** What is along it, with its unit. */
  readonly title: string;
  /** Whether it is logarithmic; all values are then positive. */
  readonly log: boolean;
}

/** Points of a series that are embedded; a longer one keeps each stretch's extremes. */
export const MAX_POINTS = 600;

/** At most {@link MAX_POINTS} points that keep the ends and every stretch's extremes. */
export function thin(
  points: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  if (points.length <= MAX_POINTS) return points;
  const stretches = MAX_POINTS / 2 - 1;
  const kept = new Set([points[0]]);
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor(s * points.length / stretches);
    const to = Math.floor((s + 1) * points.length / stretches);
    let low = from, high = from;
    for (let i = from; i < to; i++) {
      if (points[i][1] < points[low][1]) low = i;
      if (points[i][1] > points[high][1]) high = i;
    }
    kept.add(points[Math.min(low, high)]).add(points[Math.max(low, high)]);
  }
  return [...kept.add(points[points.length - 1])];
}

/** Whether values are positive and far enough apart that a linear axis would hide the small ones. */
export function spansDecades(values: readonly number[]): boolean {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > 0 && high / low > 30;
}
