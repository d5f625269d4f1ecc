/**
 * The ratios that rows of a speed benchmark are wanted to reach.
 *
 * @module
 */
import type { SpeedRow } from "../../benchmarks/speed/speed_record.ts";

/** Rows with a wanted ratio, and those that reach it. */
export function goals(rows: readonly SpeedRow[]): { wanted: number; reached: number } {
  const wanted = rows.filter(({ goal, ratio }) => goal !== null && ratio !== null);
  return { wanted: wanted.length, reached: wanted.filter(reachesGoal).length };
}

/** Whether a row with a wanted ratio has it. */
export const reachesGoal = ({ goal, ratio }: SpeedRow) => ratio!.value >= goal!;
