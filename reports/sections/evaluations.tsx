// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** Every contender on every dataset, all averaging conventions side by side. @module */
import { type Markup, Scroll, Section } from "../components.tsx";
import { count, decimal, duration, integer, NO_VALUE, percent } from "../format.ts";
import { type Entry, type Group, isBaseline, zeroFlow } from "../groups.ts";
import { groupMetrics, type MetricName } from "../../benchmarks/metric_names.ts";

/** One table a dataset split and protocol. */
export function Evaluations({ groups }: { groups: readonly Group[] }): Markup | null {
  if (groups.length === 0) return null;
  return (
    <Section
      id="evaluations"
      title="Evaluations"
      lead={
        <>
          <em>Per image</em> averages each picture, then the pictures; <em>pooled</em>{" "}
          averages all pixels at once. Papers use both, so both are here. The best value of a column
          is bold.
        </>
      }
    >
      {groups.map((group) => <GroupTable group={group} />)}
    </Section>
  );
}

function GroupTable({ group }: { group: Group }): Markup {
  const { entries, metric, protocol, title } = group;
  const columns = groupMetrics(entries.flatMap((e) => Object.keys(e.evaluation.metrics)));
  const zero = metric === null ? null : zeroFlow(group)?.evaluation.metrics[metric] ?? null;
  return (
    <div class="group">
      <h3>{title}</h3>
      <p class="protocol">
        {count(entries[0].evaluation.samples, "sample")} · protocol <code>{protocol.id}</code>{" "}
        version {protocol.version} · {protocol.summary}
      </p>
      <Scroll label={`Results on ${title}`}>
        <table class="results">
          <thead>
            <tr>
              <th scope="col" rowSpan={2}>Contender</th>
              {zero !== null && <th scope="col" rowSpan={2} class="number">Of zero flow</th>}
              {columns.map((conventions) => (
                <th scope="colgroup" colSpan={conventions.length} class="number quantity">
                  {conventions[0].quantity}
                  {conventions[0].unit !== "" && <span class="unit">{conventions[0].unit}</span>}
                </th>
              ))}
              <th scope="col" rowSpan={2} class="number">Time</th>
            </tr>
            <tr>
              {columns.flatMap((conventions) =>
                conventions.map((m, i) => (
                  <th scope="col" class={`number convention${i === 0 ? " first" : ""}`}>
                    {m.averaging || NO_VALUE}
                  </th>
                ))
              )}
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr class={isBaseline(entry) ? "baseline" : ""}>
                <th scope="row">
                  {entry.label}
                  <small>{describe(entry)}</small>
                </th>
                {zero !== null && (
                  <td class="number">
                    <Ratio value={entry.evaluation.metrics[metric!]} zero={zero} />
                  </td>
                )}
                {columns.flatMap((conventions) =>
                  conventions.map((m, i) => {
                    const value = entry.evaluation.metrics[m.name];
                    return (
                      <td class={`number${i === 0 ? " first" : ""}`}>
                        {typeof value === "number" && value === best(entries, m)
                          ? <strong>{decimal(value)}</strong>
                          : decimal(value)}
                      </td>
                    );
                  })
                )}
                <td class="number">{duration(entry.evaluation.seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

function describe({ evaluation }: Entry): string {
  const { kind, parameters } = evaluation.contender;
  return parameters === null ? kind : `${kind} · ${integer(parameters)} parameters`;
}

/** A value as a share of what zero flow scores, with a bar that is full at 1. */
function Ratio({ value, zero }: { value: number | null | undefined; zero: number }): Markup {
  if (typeof value !== "number" || zero === 0) return <>{decimal(null)}</>;
  const share = value / zero;
  return (
    <>
      {percent(share)}
      <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="4" />
        <rect class="fill" width={(100 * Math.min(share, 1)).toFixed(1)} height="4" />
      </svg>
    </>
  );
}

/** The best value of a column of at least two, or null where no side is better. */
function best(entries: readonly Entry[], metric: MetricName): number | null {
  const values = entries.map((entry) => entry.evaluation.metrics[metric.name])
    .filter((value) => typeof value === "number");
  if (metric.better === null || values.length < 2) return null;
  return metric.better === "lower" ? Math.min(...values) : Math.max(...values);
}
