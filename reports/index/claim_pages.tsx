/** The tests of claims of a folder of runs. @module */
import type { ScannedClaims } from "../../benchmarks/scan_runs.ts";
import { type Markup, Section, Table } from "../components.tsx";
import { moment } from "../format.ts";

/** A row a page; null where there is none. */
export function ClaimPages({ claims }: { claims: readonly ScannedClaims[] }): Markup | null {
  if (claims.length === 0) return null;
  return (
    <Section
      id="claims"
      title="Claims"
      lead="Which of a paper's claims hold, by deno task <paper> claims."
    >
      <Table label="Tests of claims" columns={["Paper", "Written"]}>
        {claims.map(({ paper, file, writtenAt }) => (
          <tr>
            <th scope="row">
              <a href={encodeURIComponent(file)}>{paper}</a>
            </th>
            <td>{moment(writtenAt)}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
