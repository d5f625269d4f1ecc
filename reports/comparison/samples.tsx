// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** The same samples on both sides: how they changed, and which moved. @module */
import { moved } from "../../base/change.ts";
import type { ComparisonReport } from "../../benchmarks/comparison/comparison_record.ts";
import type { Chart } from "../chart.ts";
import { ChartFigure, type Markup, Section, Table } from "../components.tsx";
import { decimal, integer } from "../format.ts";

/** Flipped samples in the table. */
const FLIPS = 40;

/** Charts over all samples and a table of those that moved; null where nothing compares. */
export function Samples({ report: { evaluations }, charts }: {
  report: ComparisonReport;
  charts: readonly Chart[];
}): Markup | null {
  if (evaluations.length === 0) return null;
  const flips = evaluations.flatMap((evaluation) => evaluation.flips)
    .toSorted((a, b) => Math.abs(b.change) - Math.abs(a.change));
  return (
    <Section
      id="samples"
      title="Samples"
      lead="The same sample on both sides. A sample counts as moved where its result changed by more than the tolerance."
    >
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
      <h3>Samples that moved</h3>
      {flips.length === 0 ? <p class="protocol">None.</p> : (
        <>
          <p class="protocol">
            {flips.length > FLIPS
              ? `The ${FLIPS} largest of ${integer(flips.length)} changes.`
              : ""}
          </p>
          <Table
            label="Samples that moved"
            class="flips"
            columns={[
              "Sample",
              "Data",
              ["Base", "number"],
              ["Candidate", "number"],
              ["Change", "number"],
            ]}
          >
            {flips.slice(0, FLIPS).map((flip) => (
              <tr class={flip.change > 0 ? "worse" : "better"}>
                <th scope="row">
                  <code>{flip.id}</code>
                </th>
                <td>{flip.dataset}</td>
                <td class="number">{decimal(flip.base)}</td>
                <td class="number">{decimal(flip.candidate)}</td>
                <td class="number">
                  <span aria-hidden="true">{flip.change > 0 ? "▲" : "▼"}</span> {moved(flip.change)}
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </Section>
  );
}
