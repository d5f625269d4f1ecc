// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** What both sides scored on each split, and whether that is more than noise. @module */
import { moved } from "../../base/change.ts";
import type {
  ComparedEvaluation,
  ComparisonReport,
} from "../../benchmarks/comparison/comparison_record.ts";
import { groupMetrics, metricName, withUnit } from "../../benchmarks/metric_names.ts";
import { chanceText, intervalText } from "../comparison_words.ts";
import { ComparisonBadge, type Markup, PlainTable, Section, Table } from "../components.tsx";
import { count, decimal, NO_VALUE } from "../format.ts";

const NOISE = {
  rounding: "same weights: rounding",
  scenes: "other scenes",
  runs: "other seeds",
};

/** A row a split, and each split's other metrics folded up; null where nothing compares. */
export function Results({ report: { evaluations, together, notCompared } }: {
  report: ComparisonReport;
}): Markup | null {
  if (evaluations.length === 0) return null;
  return (
    <Section
      id="results"
      title="Results"
      lead="Worse means both: beyond what noise explains, and beyond the tolerance. Samples of one scene go wrong together, so scenes are what is counted."
    >
      <Table
        label="Results of both sides"
        class="compared"
        columns={[
          "Data",
          ["Base", "number"],
          ["Candidate", "number"],
          ["Change", "number"],
          ["95 % interval", "number"],
          ["Chance if alike", "number"],
          "Noise",
          "Verdict and reason",
        ]}
      >
        {evaluations.map((e) => (
          <tr>
            <th scope="row">
              {e.dataset}:{e.split}
              <small>
                {withUnit(metricName(e.metric))} · {count(e.samples, "sample")} · {e.protocol.id}
              </small>
            </th>
            <td class="number">{decimal(e.base)}</td>
            <td class="number">{decimal(e.candidate)}</td>
            <td class="number">{moved(e.change)}</td>
            <td class="number">{intervalText(e.interval)}</td>
            <td class="number">{chanceText(e.chance)}</td>
            <td>
              {NOISE[e.noise]}
              <small>{e.noise === "scenes" ? count(e.units, "scene") : ""}</small>
            </td>
            <td class="prose">
              <ComparisonBadge verdict={e.verdict} />
              <small>{e.reason}</small>
            </td>
          </tr>
        ))}
        {together !== null && (
          <tr>
            <th scope="row">
              All together
              <small>each sample relative to its split</small>
            </th>
            <td class="number">{NO_VALUE}</td>
            <td class="number">{NO_VALUE}</td>
            <td class="number">{moved(together.change)}</td>
            <td class="number">{intervalText(together.interval)}</td>
            <td class="number">{chanceText(together.chance)}</td>
            <td>
              {NOISE.scenes}
              <small>{count(together.units, "scene")}</small>
            </td>
            <td class="prose">
              <ComparisonBadge verdict={together.verdict} />
              <small>{together.reason}</small>
            </td>
          </tr>
        )}
      </Table>
      {notCompared.length > 0 && (
        <>
          <h3>Not compared</h3>
          <ul class="plain">
            {notCompared.map(({ what, reason }) => (
              <li>
                <strong>{what}</strong> {reason}
              </li>
            ))}
          </ul>
        </>
      )}
      {evaluations.map((evaluation) => <AllMetrics evaluation={evaluation} />)}
    </Section>
  );
}

function AllMetrics({ evaluation }: { evaluation: ComparedEvaluation }): Markup {
  const { dataset, split, metrics } = evaluation;
  const names = groupMetrics(metrics.map(({ name }) => name)).flat();
  const values = new Map(metrics.map((metric) => [metric.name, metric]));
  return (
    <details>
      <summary>Every metric on {dataset}:{split}</summary>
      <PlainTable
        label={`Every metric on ${dataset}:${split}`}
        columns={["Metric", "Base", "Candidate", "Change"]}
        rows={names.map((metric) => {
          const { base, candidate } = values.get(metric.name)!;
          const sign = metric.better === "lower" ? 1 : -1;
          const change = base === null || candidate === null || metric.better === null
            ? NO_VALUE
            : base === candidate
            ? "no change"
            : base === 0
            ? NO_VALUE
            : moved(sign * (candidate - base) / Math.abs(base));
          const averaging = metric.averaging === "" ? "" : `, ${metric.averaging}`;
          return [withUnit(metric) + averaging, decimal(base), decimal(candidate), change];
        })}
      />
    </details>
  );
}
