/** The speed benchmarks of a folder of runs. @module */
import type { ScannedSpeed } from "../../benchmarks/scan_runs.ts";
import { type Markup, Section, Table } from "../components.tsx";
import { integer, moment } from "../format.ts";
import { shortAdapter } from "../sections/environment.tsx";

/** A row a benchmark; null where there is none. */
export function Speeds({ speeds }: { speeds: readonly ScannedSpeed[] }): Markup | null {
  if (speeds.length === 0) return null;
  return (
    <Section id="speed" title="Speed benchmarks" lead="Made by deno task bench.">
      <Table
        label="Speed benchmarks"
        columns={["Benchmark", "Started", ["Rows", "number"], "Groups", "Machine"]}
      >
        {speeds.map(({ folder, record, report }) => (
          <tr>
            <th scope="row">
              {report
                ? <a href={`${encodeURIComponent(folder)}/speed.html`}>{record.id}</a>
                : record.id}
            </th>
            <td>{moment(record.startedAt)}</td>
            <td class="number">{integer(record.rows.length)}</td>
            <td>{record.groups.map(({ title }) => title).join(", ")}</td>
            <td>{shortAdapter(record.environment)}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
