// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** The history of each number: where its level changed, and its charts. @module */
import { moved } from "../../base/change.ts";
import { type HistorySeries, lastStep } from "../../benchmarks/history.ts";
import type { Chart } from "../chart.ts";
import { ChartFigure, type Markup, Section, Table } from "../components.tsx";
import { count, decimal, moment } from "../format.ts";
import { HISTORIES } from "./history_charts.ts";

/** Steps and charts of all histories; null where none has a chart. */
export function History({ history, charts }: {
  history: readonly HistorySeries[];
  charts: readonly Chart[];
}): Markup | null {
  if (charts.length === 0) return null;
  const steps = history.flatMap((series) => {
    const step = lastStep(series);
    return step === null ? [] : [{ series, step }];
  });
  return (
    <Section
      id="history"
      title="History"
      lead="Each number over the runs that measured it, oldest first. Times are told apart by machine. Grey results were made under another version of the benchmark and are not compared; the thin line is the level, where it changed and stayed changed."
    >
      {steps.length > 0 && (
        <>
          <h3>Where a level changed</h3>
          <Table
            label="Steps"
            columns={[
              "Number",
              ["Before", "number"],
              ["Since", "number"],
              "Change",
              "First result at the new level",
            ]}
          >
            {steps.map(({ series: { subject, what, unit, machine }, step }) => (
              <tr>
                <th scope="row">
                  {subject}: {what}
                  <small>{machine}</small>
                </th>
                <td class="number">{decimal(step.from)} {unit}</td>
                <td class="number">{decimal(step.to)} {unit}</td>
                <td class={step.change > 0 ? "worse" : "better"}>
                  <span aria-hidden="true">{step.change > 0 ? "▲" : "▼"}</span> {moved(step.change)}
                </td>
                <td>
                  {step.at.run}
                  <small>
                    {moment(step.at.startedAt)} ·{" "}
                    <code>{step.at.commit?.slice(0, 8) ?? "no commit"}</code>
                  </small>
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
      {history.length > charts.length && (
        <p class="protocol">
          {count(history.length - charts.length, "number")}{" "}
          without a chart: measured once, or beyond the {HISTORIES} measured most often.
        </p>
      )}
    </Section>
  );
}
