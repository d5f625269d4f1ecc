/** The claims with their verdicts, and what these rest on. @module */
import { moved, shareOf } from "../../base/change.ts";
import type {
  AgainstNoise,
  ArmResult,
  ClaimsReport,
  JudgedClaim,
} from "../../benchmarks/claims/claims_record.ts";
import { metricName, withUnit } from "../../benchmarks/metric_names.ts";
import { intervalText } from "../comparison_words.ts";
import { ClaimBadge, type Markup, Section, Table } from "../components.tsx";
import { count, decimal, NO_VALUE, verbatim } from "../format.ts";

/** A row a claim. */
export function Claims({ report: { claims, tolerance, level } }: {
  report: ClaimsReport;
}): Markup {
  return (
    <Section
      id="claims"
      title="Claims"
      lead={`Supported: the favoured arm is better by more than ${
        shareOf(tolerance)
      }, and beyond ` +
        `what other seeds and other scenes might have given, each with a chance of ${
          shareOf(level)
        } or less if the arms are alike. Contradicted: the same, but worse. All else is ` +
        "inconclusive. Each claim is tested by itself."}
    >
      <Table
        label="Claims and verdicts"
        class="compared"
        columns={[
          "Claim",
          "Verdict and reason",
          ["Difference", "number"],
          "95 % intervals",
          "In the paper",
        ]}
      >
        {claims.map((claim) => (
          <tr>
            <th scope="row">
              {claim.statement}
              <small>
                {withUnit(metricName(claim.metric))} · {count(claim.seeds, "seed")} ·{" "}
                {count(claim.samples, "sample")} of {count(claim.scenes, "scene")}
              </small>
            </th>
            <td class="prose">
              <ClaimBadge verdict={claim.verdict} />
              <small>{claim.reason}</small>
            </td>
            <td class="number">
              {claim.change === null ? NO_VALUE : moved(claim.change)}
              <Mean arm={claim.favoured} />
              <Mean arm={claim.other} />
            </td>
            <td>
              <Against noise={claim.overSeeds} over="seeds" />
              <Against noise={claim.overScenes} over="scenes" />
            </td>
            <td class="prose">
              {published(claim)}
              <small>{claim.source}</small>
            </td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}

function Mean({ arm: { name, mean } }: { arm: ArmResult }): Markup {
  return <small>{name} {decimal(mean)}</small>;
}

function Against({ noise, over }: { noise: AgainstNoise | null; over: string }): Markup {
  return (
    <div>
      {intervalText(noise?.interval ?? null).replaceAll(" %", "\u00a0%")}
      <small>over {over}</small>
    </div>
  );
}

function published({ favoured, other }: JudgedClaim): string {
  const known = [favoured, other].filter(({ published }) => published !== null);
  if (known.length === 0) return "No values";
  return known.map(({ name, published }) => `${name} ${verbatim(published!)}`).join(", ");
}
