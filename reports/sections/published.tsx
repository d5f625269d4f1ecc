/** Our numbers beside the published ones. @module */
import type { Comparison } from "../../benchmarks/record.ts";
import { Badge, Linked, type Markup, Scroll, Section } from "../components.tsx";
import { decimal, NO_VALUE, percent, verbatim } from "../format.ts";
import type { LoadedRun } from "../load.ts";

/** Every published number of the papers, with the verdict on it; null where there is none. */
export function Published({ runs }: { runs: readonly LoadedRun[] }): Markup | null {
  const rows = runs.flatMap((run) =>
    run.record.comparisons.map((comparison) => ({ run, comparison }))
  );
  if (rows.length === 0) return null;
  return (
    <Section
      id="published"
      title="Beside the published numbers"
      lead="Two numbers compare only when dataset, split and protocol are the same. Where they are not, the published number stands here for orientation alone."
    >
      <Scroll label="Published numbers and ours">
        <table class="published">
          <thead>
            <tr>
              <th scope="col">Number</th>
              <th scope="col" class="number">Published</th>
              <th scope="col" class="number">Ours</th>
              <th scope="col" class="number">Difference</th>
              <th scope="col">Verdict and reason</th>
              <th scope="col">Protocol of ours</th>
              <th scope="col">Source</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ run, comparison }) => (
              <Row run={run} comparison={comparison} named={runs.length > 1} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

function Row({ run: { record }, comparison, named }: {
  run: LoadedRun;
  comparison: Comparison;
  named: boolean;
}): Markup {
  const { published, ours, verdict, reason } = comparison;
  const evaluation = record.evaluations.find((e) => e.id === comparison.evaluation);
  return (
    <tr>
      <th scope="row">
        {published.metric} on {published.dataset}/{published.split}
        <small>trained on {published.training}</small>
      </th>
      <td class="number">{verbatim(published.value)} {published.unit}</td>
      <td class="number">
        {ours === null ? NO_VALUE : `${decimal(ours)} ${published.unit}`}
        {named && <small>{record.id}</small>}
      </td>
      <td class="number">{difference(comparison)}</td>
      <td class="prose">
        <Badge verdict={verdict} />
        <small>{reason}</small>
      </td>
      <td class="prose">
        {evaluation === undefined ? NO_VALUE : (
          <>
            <code>{evaluation.protocol.id}</code>
            <small>{evaluation.protocol.summary}</small>
          </>
        )}
      </td>
      <td class="prose">
        {!published.verified && <span class="unverified">unverified</span>}
        <small>
          <Linked text={published.source} />
        </small>
      </td>
    </tr>
  );
}

/** How far ours is from the published value, in words; only where the two compare. */
function difference({ published, ours, verdict }: Comparison): string {
  if (ours === null || verdict === "not comparable" || verdict === "not run") return NO_VALUE;
  if (ours === published.value) return "none";
  const share = published.value === 0 ? "" : ` (${percent(Math.abs(ours / published.value - 1))})`;
  const side = (ours < published.value) === published.lowerIsBetter ? "better" : "worse";
  return `${decimal(Math.abs(ours - published.value))} ${side}${share}`;
}
