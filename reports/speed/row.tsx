/** A row of a speed benchmark: two contestants side by side. @module */
import type { Samples, SpeedRow } from "../../benchmarks/speed/speed_record.ts";
import type { Markup } from "../components.tsx";
import {
  count,
  decimal,
  measurement,
  NO_VALUE,
  rate,
  timeRange,
  times,
  timesRange,
} from "../format.ts";
import { reachesGoal } from "./goals.ts";

/** The contestants' names, where all rows of a group have the same: they head the columns. */
export type CommonNames = Readonly<Record<"ours" | "alternative", string | null>>;

/** What a group's rows have in common, and which columns any of them fills. */
export interface Shown {
  /** Samples of each contestant, unless a row says otherwise. */
  readonly usual: number;
  readonly common: CommonNames;
  readonly wanted: boolean;
  readonly difference: boolean;
}

/** What was measured, or why nothing was. */
export function Row({ row, shown }: { row: SpeedRow; shown: Shown }): Markup {
  const { usual, common, wanted, difference } = shown;
  const { name, shape, note, ours, alternative, ratio, agreement } = row;
  const head = (
    <th scope="row">
      {name}
      <small>{[shape, note].filter(Boolean).join(" · ")}</small>
    </th>
  );
  if (row.error !== null || row.skipped !== null) {
    const wrong = row.error !== null;
    return (
      <tr class={wrong ? "wrong" : ""}>
        {head}
        <td colSpan={3 + Number(wanted) + Number(difference)} class="reason">
          <strong>{wrong ? "Wrong: " : "Skipped: "}</strong>
          {row.error ?? row.skipped}
        </td>
      </tr>
    );
  }
  return (
    <tr>
      {head}
      <Measured row={row} samples={ours} usual={usual} common={common.ours} />
      <Measured row={row} samples={alternative} usual={usual} common={common.alternative} />
      <td class="number">
        {ratio && (
          <>
            <strong>{times(ratio.value)}</strong>
            {ours!.values.length > 1 && <small>{timesRange(ratio.lower, ratio.upper)}</small>}
          </>
        )}
      </td>
      {wanted && (
        <td class="number">
          {row.goal !== null && ratio && <Goal goal={row.goal} reached={reachesGoal(row)} />}
        </td>
      )}
      {difference && (
        <td class="number">
          {agreement && (
            <>
              {decimal(agreement.difference)}
              {agreement.with !== alternative?.name && <small>to {agreement.with}</small>}
            </>
          )}
        </td>
      )}
    </tr>
  );
}

/** One contestant: its median, its rate and, with several samples, their spread. */
function Measured({ row, samples, usual, common }: {
  row: SpeedRow;
  samples: Samples | null;
  usual: number;
  common: string | null;
}): Markup {
  if (!samples) return <td class="number">{NO_VALUE}</td>;
  const { unit, work } = row;
  const { median, lower, upper, values, name } = samples;
  const timed = unit === "s";
  return (
    <td class="number">
      {measurement(median, unit)}
      {name !== common && <small>{name}</small>}
      {work && <small class="range">{rate(work, median)}</small>}
      {timed && values.length > 1 && <small class="range">{timeRange(lower, upper)}</small>}
      {timed && values.length !== usual && <small>{count(values.length, "sample")}</small>}
    </td>
  );
}

function Goal({ goal, reached }: { goal: number; reached: boolean }): Markup {
  return (
    <span class={`badge ${reached ? "better" : "not-reproduced"}`}>
      <span aria-hidden="true">{reached ? "✓" : "✗"}</span> {decimal(goal).replace(/\.?0+$/, "")}×
    </span>
  );
}
