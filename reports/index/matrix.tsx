/** The matrix of verdicts: papers against the datasets they publish numbers on. @module */
import { MODEL_SIZE, type PublishedComparison } from "../../benchmarks/record.ts";
import type { ScannedRun } from "../../benchmarks/scan_runs.ts";
import { Badge, type Markup, Section, Table } from "../components.tsx";
import { count, decimal, NO_VALUE, verbatim } from "../format.ts";
import { headline } from "../verdict.ts";
import { RunLink } from "./run_link.tsx";

/** A comparison and the run it belongs to. */
interface Cell {
  readonly run: ScannedRun;
  readonly comparison: PublishedComparison;
}

/** In each cell the newest run that says the most; null where there is no run. */
export function Matrix({ runs }: { runs: readonly ScannedRun[] }): Markup | null {
  if (runs.length === 0) return null;
  const cells = runs.filter(({ record }) => record.status === "complete").flatMap((run) =>
    run.record.comparisons.filter(({ published }) => published.metric !== MODEL_SIZE)
      .map((comparison): Cell => ({ run, comparison }))
  );
  const column = ({ comparison: { published } }: Cell) =>
    published.dataset === "-" ? "other" : published.dataset;
  const columns = [...new Set(cells.map(column))].sort();
  const rows = [...new Map(runs.map(({ record }) => [record.paper.id, record.paper])).values()];
  return (
    <Section
      id="verdicts"
      title="Verdicts"
      lead="Papers against the datasets they publish numbers on. A cell shows the newest run whose number compares, or else why none does."
    >
      <Table
        label="Verdicts by paper and dataset"
        class="matrix"
        columns={["Paper", ...columns]}
      >
        {rows.map(({ id, title, year }) => (
          <tr>
            <th scope="row">
              {id}
              <small>{title.split(":")[0]} · {year}</small>
            </th>
            {columns.map((name) => (
              <td>
                <MatrixCell
                  cells={cells.filter((cell) =>
                    cell.run.record.paper.id === id && column(cell) === name
                  )}
                />
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </Section>
  );
}

function MatrixCell({ cells }: { cells: readonly Cell[] }): Markup {
  if (cells.length === 0) return <>{NO_VALUE}</>;
  const compared = cells.filter(({ comparison }) => comparison.ours !== null);
  if (compared.length === 0) {
    const { verdict } = cells.find(({ comparison }) => comparison.verdict === "not comparable")
      ?.comparison ?? cells[0].comparison;
    return (
      <>
        <Badge verdict={verdict} />
        <small>
          {count(new Set(cells.map(({ comparison }) => comparison.published.id)).size, "number")}
        </small>
      </>
    );
  }
  const [{ run }] = compared; // newest first
  const own = compared.filter((cell) => cell.run === run).map(({ comparison }) => comparison);
  const { verdict } = headline(own);
  return (
    <>
      <Badge verdict={verdict} />
      {own.slice(0, 3).map(({ published, ours }) => (
        <small>
          {published.metric}: {decimal(ours)} against {verbatim(published.value)} {published.unit}
        </small>
      ))}
      <small>
        <RunLink run={run} />
      </small>
    </>
  );
}
