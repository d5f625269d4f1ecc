/** What the two sides were made with that is not the same. @module */
import type { ComparisonReport } from "../../benchmarks/comparison/comparison_record.ts";
import { type Markup, Section, Table } from "../components.tsx";

/** Settings that differ, a table an area. */
export function Differences({ report: { differences } }: { report: ComparisonReport }): Markup {
  return (
    <Section
      id="differences"
      title="What they were made with"
      lead={differences.length === 0
        ? "Configuration, protocol, data, code and environment are the same."
        : "Everything that is not the same; of several runs a side, the first one's."}
    >
      {[...Map.groupBy(differences, ({ area }) => area)].map(([area, rows]) => (
        <>
          <h3>{area.charAt(0).toUpperCase() + area.slice(1)}</h3>
          <Table
            label={`Differences in ${area}`}
            class="differences"
            columns={["Setting", "Base", "Candidate"]}
          >
            {rows.map(({ name, base, candidate }) => (
              <tr>
                <th scope="row">{name}</th>
                <td>{base}</td>
                <td>{candidate}</td>
              </tr>
            ))}
          </Table>
        </>
      ))}
    </Section>
  );
}
