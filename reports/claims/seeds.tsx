// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** What each arm scored with each seed, and the settings that set the arms apart. @module */
import type {
  ArmResult,
  ClaimsReport,
  JudgedClaim,
} from "../../benchmarks/claims/claims_record.ts";
import { metricName, withUnit } from "../../benchmarks/metric_names.ts";
import { type Markup, Section, Table } from "../components.tsx";
import { decimal } from "../format.ts";

/** A table a claim; each value is a link to its run's report. */
export function Seeds({ report: { claims }, runsAt }: {
  report: ClaimsReport;
  /** The folder of the runs, seen from the page. */
  runsAt: string;
}): Markup {
  return (
    <Section
      id="seeds"
      title="By seed"
      lead="Each value leads to the report of its run."
    >
      {claims.map((claim) => <OfClaim claim={claim} runsAt={runsAt} />)}
    </Section>
  );
}

function OfClaim({ claim, runsAt }: { claim: JudgedClaim; runsAt: string }): Markup {
  const { id, metric, favoured, other, differences } = claim;
  const arms: readonly (readonly ["favoured" | "other", ArmResult])[] = [
    ["favoured", favoured],
    ["other", other],
  ];
  return (
    <>
      <h3>{id}</h3>
      <Table
        label={`Values of ${id} by seed`}
        columns={[
          withUnit(metricName(metric)),
          ...favoured.runs.map(({ seed }) => [`Seed ${seed}`, "number"] as const),
          ["Mean", "number"],
          "Settings that differ",
        ]}
      >
        {arms.map(([side, { name, runs, mean }]) => (
          <tr>
            <th scope="row">
              {name}
              <small>{side === "favoured" ? "claimed to be better" : ""}</small>
            </th>
            {runs.map((run) => (
              <td class="number">
                <a href={reportOf(run.id, runsAt)}>{decimal(run.value)}</a>
              </td>
            ))}
            <td class="number">{decimal(mean)}</td>
            <td>
              {differences.map((setting) => <div>{setting.name}: {setting[side]}</div>)}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

/** The address of a run's report; encoded, so that no name can be anything else. */
function reportOf(run: string, runsAt: string): string {
  const folders = runsAt.split("/").filter((name) => name !== "");
  return [...folders, run, "report.html"].map(encodeURIComponent).join("/");
}
