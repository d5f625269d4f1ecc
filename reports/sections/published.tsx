// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** Our numbers beside the published ones. @module */
import {
  type Evaluation,
  MODEL_SIZE,
  type PublishedComparison,
  type PublishedNumber,
} from "../../benchmarks/record.ts";
import { metricName } from "../../benchmarks/metric_names.ts";
import { Badge, Linked, type Markup, Section, Table } from "../components.tsx";
import { count, decimal, NO_VALUE, percent, verbatim } from "../format.ts";
import type { LoadedRun } from "../load.ts";

/** A comparison and the run it belongs to. */
interface Row {
  readonly run: LoadedRun;
  readonly comparison: PublishedComparison;
}

/**
 * Every published number of the papers, with the verdict on it; null where there is none.
 *
 * Numbers that compare come first, each with its reason. The others would bury them: they are folded
 * up by what keeps them from comparing.
 */
export function Published({ runs }: { runs: readonly LoadedRun[] }): Markup | null {
  const rows = runs.flatMap((run) =>
    run.record.comparisons.map((comparison) => ({ run, comparison }))
  );
  if (rows.length === 0) return null;
  const named = runs.length > 1;
  const compared = rows.filter(({ comparison }) => compares(comparison));
  const apart = Map.groupBy(
    rows.filter(({ comparison }) => !compares(comparison)),
    ({ run, comparison: { verdict, reason } }) => JSON.stringify([run.record.id, verdict, reason]),
  );
  return (
    <Section
      id="published"
      title="Beside the published numbers"
      lead="Two numbers compare only when model, training data, dataset, split and protocol are the same. Published numbers that differ in any of these stand here for orientation alone, folded up by what differs."
    >
      {compared.length > 0 && <Compared rows={compared} named={named} />}
      {[...apart.values()].map((rows) => <Apart rows={rows} named={named} />)}
    </Section>
  );
}

const compares = ({ verdict }: PublishedComparison) =>
  verdict !== "not comparable" && verdict !== "not run";

function Compared({ rows, named }: { rows: readonly Row[]; named: boolean }): Markup {
  return (
    <Table
      label="Published numbers and ours"
      class="published"
      columns={[
        "Number",
        ["Published", "number"],
        ["Ours", "number"],
        ["Difference", "number"],
        "Verdict and reason",
        "Protocol of ours",
        "Source",
      ]}
    >
      {rows.map((row) => <ComparedRow {...row} named={named} />)}
    </Table>
  );
}

function ComparedRow({ run: { record }, comparison, named }: Row & { named: boolean }): Markup {
  const { published, ours, verdict, reason } = comparison;
  const evaluation = published.metric === MODEL_SIZE
    ? undefined
    : record.evaluations.find((e) => e.id === comparison.evaluation);
  return (
    <tr>
      <Name of={published} />
      <td class="number">{withUnit(verbatim(published.value), published)}</td>
      <td class="number">
        {ours === null ? NO_VALUE : withUnit(decimal(ours), published)}
        {evaluation !== undefined && ours !== null &&
          alternatives(evaluation, ours).map((text) => <small>{text}</small>)}
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
      <Source of={published} />
    </tr>
  );
}

/** The same quantity of ours under the other averaging conventions. */
function alternatives({ metrics }: Evaluation, ours: number): string[] {
  const name = Object.keys(metrics).find((name) => metrics[name] === ours);
  if (name === undefined) return [];
  const { quantity } = metricName(name);
  return Object.keys(metrics).map(metricName)
    .filter((other) => other.quantity === quantity && other.name !== name)
    .map((other) => `${other.averaging}: ${decimal(metrics[other.name])}`);
}

/** Numbers that nothing of ours compares with, all for one reason. */
function Apart({ rows, named }: { rows: readonly Row[]; named: boolean }): Markup {
  const [{ run, comparison: { verdict, reason } }] = rows;
  return (
    <details class="apart">
      <summary>
        <strong>{count(rows.length, "published number")}</strong> <Badge verdict={verdict} />
        <small>{reason}{named && ` (${run.record.id})`}</small>
      </summary>
      <Table
        label={`Published numbers: ${reason}${named ? `, ${run.record.id}` : ""}`}
        class="published"
        columns={["Number", ["Published", "number"], "Source"]}
      >
        {rows.map(({ comparison: { published } }) => (
          <tr>
            <Name of={published} />
            <td class="number">{withUnit(verbatim(published.value), published)}</td>
            <Source of={published} />
          </tr>
        ))}
      </Table>
    </details>
  );
}

/** What a number is; the literature's `-` says that something has no dataset, split or training. */
function Name({ of: { metric, dataset, split, training } }: { of: PublishedNumber }): Markup {
  const place = [dataset, split].filter((part) => part !== "-").join("/");
  return (
    <th scope="row">
      {metric[0].toUpperCase() + metric.slice(1)}
      {place !== "" && ` on ${place}`}
      {training !== "-" && <small>trained on {training}</small>}
    </th>
  );
}

function Source({ of: { source, verified } }: { of: PublishedNumber }): Markup {
  return (
    <td class="prose">
      {!verified && <span class="unverified">unverified</span>}
      <small>
        <Linked text={source} />
      </small>
    </td>
  );
}

/** A value with its unit; counts have none. */
function withUnit(value: string, { unit }: PublishedNumber): string {
  return unit === "count" ? value : `${value} ${unit}`;
}

/** How far ours is from the published value, in words. */
function difference({ published, ours }: PublishedComparison): string {
  if (ours === null) return NO_VALUE;
  if (ours === published.value) return "none";
  const share = published.value === 0 ? "" : ` (${percent(Math.abs(ours / published.value - 1))})`;
  const side = (ours < published.value) === published.lowerIsBetter ? "better" : "worse";
  return `${decimal(Math.abs(ours - published.value))} ${side}${share}`;
}
