// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** One group of a speed benchmark: its rows, and how it grows with the picture. @module */
import type { SizeCurve, SpeedRecord, SpeedRow } from "../../benchmarks/speed/speed_record.ts";
import type { Chart } from "../chart.ts";
import { ChartFigure, type Markup, Section, Table } from "../components.tsx";
import { type CommonNames, Row, type Shown } from "./row.tsx";

/** What belongs together of a record; at least a row or a curve. */
export interface SpeedGroup {
  readonly about: SpeedRecord["groups"][number];
  readonly rows: readonly SpeedRow[];
  readonly curve: SizeCurve | null;
}

/** The groups in which anything was measured or skipped. */
export function groupsOf({ groups, rows, sizes }: SpeedRecord): SpeedGroup[] {
  return groups.map((about) => ({
    about,
    rows: rows.filter((row) => row.group === about.id),
    curve: sizes.find((curve) => curve.group === about.id) ?? null,
  })).filter(({ rows, curve }) => rows.length > 0 || curve !== null);
}

/** A table of the group's rows, and its charts. */
export function Group({ group: { about, rows, curve }, charts, repeats }: {
  group: SpeedGroup;
  charts: readonly Chart[];
  /** Samples of each contestant, unless a row says otherwise. */
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
    <Section id={about.id} title={about.title} lead={about.about}>
      {rows.length > 0 && (
        <Table
          label={`${about.title}, rows`}
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

function commonNames(rows: readonly SpeedRow[]): CommonNames {
  const common = (side: keyof CommonNames) => {
    const names = new Set(rows.map((row) => row[side]?.name).filter((name) => name !== undefined));
    return names.size === 1 ? [...names][0] : null;
  };
  return { ours: common("ours"), alternative: common("alternative") };
}
