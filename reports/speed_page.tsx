// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * A speed record as one HTML file in the manner of the reports.
 *
 * @module
 */
import { writeFileAtomic } from "../base/files.ts";
import type {
  Samples,
  SizeCurve,
  SpeedRecord,
  SpeedRow,
} from "../benchmarks/speed/speed_record.ts";
import type { Chart } from "./chart.ts";
import { ChartFigure, Figure, type Markup, Scroll, Section, Table } from "./components.tsx";
import {
  count,
  decimal,
  duration,
  integer,
  measurement,
  moment,
  NO_VALUE,
  rate,
  timeRange,
  times,
  timesRange,
} from "./format.ts";
import { renderPage } from "./page.tsx";
import { codeFacts, Facts, machineFacts, shortAdapter } from "./sections/environment.tsx";
import { sizeCharts } from "./speed_charts.ts";

type Group = SpeedRecord["groups"][number];

/** Renders a speed record as one HTML page that needs nothing else. */
export async function renderSpeedPage(record: SpeedRecord): Promise<string> {
  const chartsOf = new Map(record.sizes.map((curve) => [curve.group, sizeCharts(curve)]));
  const groups = record.groups.map((group) => ({
    group,
    rows: record.rows.filter((row) => row.group === group.id),
    curve: record.sizes.find((curve) => curve.group === group.id) ?? null,
  })).filter(({ rows, curve }) => rows.length > 0 || curve !== null);
  return await renderPage({
    title: `Speed and memory on ${shortAdapter(record.environment)} – Reflow`,
    links: [
      // The groups are linked from there: twenty of them are no navigation.
      ["glance", "At a glance"],
      ["reproduce", "Reproduce"],
    ],
    charts: [...chartsOf.values()].flat(),
    body: [
      <Headline record={record} />,
      <Glance groups={groups} />,
      ...groups.map(({ group, rows, curve }) => (
        <GroupSection
          group={group}
          rows={rows}
          curve={curve}
          charts={chartsOf.get(group.id) ?? []}
          repeats={record.repeats}
        />
      )),
      <Reproduce record={record} />,
    ],
  });
}

/**
 * Writes the page of a speed record to a file, whole or not at all.
 *
 * @param out The HTML file; its folder is made if absent.
 */
export async function writeSpeedPage(record: SpeedRecord, out: string): Promise<void> {
  await writeFileAtomic(out, await renderSpeedPage(record));
}

/** Rows with a wanted ratio, and those that reach it. */
function goals(rows: readonly SpeedRow[]): { wanted: number; reached: number } {
  const wanted = rows.filter(({ goal, ratio }) => goal !== null && ratio !== null);
  return { wanted: wanted.length, reached: wanted.filter(reachesGoal).length };
}

const reachesGoal = ({ goal, ratio }: SpeedRow) => ratio!.value >= goal!;

function Headline({ record }: { record: SpeedRecord }): Markup {
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

interface Filled {
  readonly group: Group;
  readonly rows: readonly SpeedRow[];
}

/** A line a group: how its ratios lie. */
function Glance({ groups }: { groups: readonly Filled[] }): Markup {
  const lines = groups.map(({ group, rows }) => ({
    group,
    ratios: rows.flatMap(({ ratio }) => ratio ? [ratio.value] : []).sort((a, b) => a - b),
    ...goals(rows),
  }));
  return (
    <Section
      id="glance"
      title="At a glance"
      lead="How many times as fast as the alternative, or as small."
    >
      <Table
        label="Ratios by group"
        columns={[
          "Group",
          ["Rows compared", "number"],
          ["Lowest", "number"],
          ["Median", "number"],
          ["Highest", "number"],
          ["Wanted ratio reached", "number"],
        ]}
      >
        {lines.map(({ group, ratios, wanted, reached }) => (
          <tr>
            <th scope="row">
              <a href={`#${group.id}`}>{group.title}</a>
            </th>
            {ratios.length > 0
              ? (
                <>
                  <td class="number">{ratios.length}</td>
                  <td class="number">{times(ratios[0])}</td>
                  <td class="number">{times(ratios[(ratios.length - 1) >> 1])}</td>
                  <td class="number">{times(ratios.at(-1)!)}</td>
                </>
              )
              : [0, 1, 2, 3].map(() => <td class="number">{NO_VALUE}</td>)}
            <td class="number">{wanted === 0 ? NO_VALUE : `${reached} of ${wanted}`}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}

/** The contestants' names, where all rows of a group have the same: they head the columns. */
type CommonNames = Readonly<Record<"ours" | "alternative", string | null>>;

function commonNames(rows: readonly SpeedRow[]): CommonNames {
  const common = (side: keyof CommonNames) => {
    const names = new Set(rows.map((row) => row[side]?.name).filter((name) => name !== undefined));
    return names.size === 1 ? [...names][0] : null;
  };
  return { ours: common("ours"), alternative: common("alternative") };
}

function GroupSection({ group, rows, curve, charts, repeats }: Filled & {
  curve: SizeCurve | null;
  charts: readonly Chart[];
  repeats: number;
}): Markup {
  const common = commonNames(rows);
  const shown: Shown = {
    usual: repeats,
    common,
    wanted: rows.some(({ goal }) => goal !== null),
    difference: rows.some(({ agreement }) => agreement !== null),
  };
  return (
    <Section id={group.id} title={group.title} lead={group.about}>
      {rows.length > 0 && (
        <Table
          label={`${group.title}, rows`}
          class="speed"
          columns={[
            "Work",
            [common.ours ?? "Ours", "number"],
            [common.alternative ?? "Alternative", "number"],
            ["Ratio", "number"],
            ...shown.wanted ? [["Wanted", "number"] as const] : [],
            ...shown.difference ? [["Difference", "number"] as const] : [],
          ]}
        >
          {rows.map((row) => <Row row={row} shown={shown} />)}
        </Table>
      )}
      {curve && (
        <>
          {curve.error !== null && <p class="warning" role="note">{curve.error}</p>}
          <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
        </>
      )}
    </Section>
  );
}

/** What a group's rows have in common, and which columns any of them fills. */
interface Shown {
  /** Samples of each contestant, unless a row says otherwise. */
  readonly usual: number;
  readonly common: CommonNames;
  readonly wanted: boolean;
  readonly difference: boolean;
}

function Row({ row, shown }: { row: SpeedRow; shown: Shown }): Markup {
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

function Reproduce({ record }: { record: SpeedRecord }): Markup {
  const { environment, command, id } = record;
  return (
    <Section
      id="reproduce"
      title="Reproduce"
      lead="Times belong to this machine and to what else it did; ratios travel better."
    >
      <h3>Command</h3>
      <Scroll label={`Command of ${id}`}>
        <pre><code>{command}</code></pre>
      </Scroll>
      <h3>Environment</h3>
      <Facts
        label={`Environment of ${id}`}
        facts={[...codeFacts(environment), ...machineFacts(environment)]}
      />
    </Section>
  );
}
