/** The first screen of a speed benchmark: what was measured, and whether to trust it. @module */
import type { SpeedRecord } from "../../benchmarks/speed/speed_record.ts";
import { Figure, type Markup } from "../components.tsx";
import { count, duration, integer, moment } from "../format.ts";
import { shortAdapter } from "../sections/environment.tsx";
import { goals } from "./goals.ts";

/** How much was measured, skipped and wrong, and how times are taken. */
export function Headline({ record }: { record: SpeedRecord }): Markup {
  const { rows, sizes, environment } = record;
  const faults = rows.filter(({ error }) => error !== null).length +
    sizes.filter(({ error }) => error !== null).length;
  const skipped = rows.filter(({ skipped }) => skipped !== null).length;
  const measured = rows.filter(({ ours }) => ours !== null).length;
  const { wanted, reached } = goals(rows);
  const seconds = (Date.parse(record.finishedAt) - Date.parse(record.startedAt)) / 1000;
  return (
    <article class="headline" aria-label={`Benchmark ${record.id}`}>
      <header>
        <p class="overline">
          Speed benchmark <code>{record.id}</code> · {moment(record.startedAt)}
        </p>
        <h1>Speed and memory beside the alternatives</h1>
        <p class="byline">{shortAdapter(environment)}</p>
      </header>
      {!record.complete && (
        <p class="warning" role="note">
          This benchmark was interrupted. What it did not come to is missing.
        </p>
      )}
      {faults > 0 && (
        <p class="warning" role="note">
          {count(faults, "row")} of this benchmark cannot be trusted and{" "}
          {faults === 1 ? "holds" : "hold"} no times: see what is marked as wrong.
        </p>
      )}
      <p class="scale">
        Results are compared before anything is timed, and contestants take turns in one process on
        one adapter. A time is the median of {count(record.repeats, "sample")}{" "}
        (or as many as its row says), with the middle half of them; a ratio is that of two medians,
        above 1 where ours is better.
      </p>
      <dl class="figures">
        <Figure
          name="Measured"
          value={integer(measured)}
          unit={measured === 1 ? "row" : "rows"}
          note={`${integer(skipped)} skipped · ${integer(faults)} wrong`}
        />
        {wanted > 0 && (
          <Figure
            name="Wanted ratio reached"
            value={integer(reached)}
            unit={`of ${integer(wanted)}`}
            note="rows that have one"
          />
        )}
        <Figure name="Time" value={duration(seconds)} unit="" note="the whole benchmark" />
      </dl>
    </article>
  );
}
