// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * A comparison of two sides as one HTML file in the manner of the reports.
 *
 * @module
 */
import { writeFileAtomic } from "../base/files.ts";
import type {
  ComparedEvaluation,
  ComparisonReport,
  Difference,
  SideSummary,
} from "../benchmarks/comparison/comparison_record.ts";
import { groupMetrics, metricName, withUnit } from "../benchmarks/metric_names.ts";
import { type Chart, spansDecades, thin } from "./chart.ts";
import {
  ChartFigure,
  ComparisonBadge,
  Figure,
  type Markup,
  PlainTable,
  Scroll,
  Section,
} from "./components.tsx";
import {
  chanceText,
  COMPARISON_SENTENCES,
  costOutcome,
  costText,
  intervalText,
  moved,
  shareOf,
} from "./comparison_words.ts";
import { count, decimal, integer, moment, NO_VALUE, times } from "./format.ts";
import { renderPage } from "./page.tsx";

/** Flipped samples in the table. */
const FLIPS = 40;

/** Renders a comparison as one HTML page that needs nothing else. */
export async function renderComparison(report: ComparisonReport): Promise<string> {
  const charts = report.evaluations.flatMap(evaluationCharts);
  const sections = [
    ["results", "Results", report.evaluations.length > 0 && <Results report={report} />],
    [
      "samples",
      "Samples",
      report.evaluations.length > 0 &&
      <Samples report={report} charts={charts} />,
    ],
    ["cost", "Time and memory", report.costs.length > 0 && <Costs report={report} />],
    ["differences", "Differences", <Differences report={report} />],
  ] as const;
  const present = sections.filter(([, , content]) => content !== false);
  return await renderPage({
    title: `${report.candidate.name} against ${report.base.name} – Reflow comparison`,
    links: present.map(([id, name]) => [id, name]),
    charts,
    body: [<Headline report={report} />, ...present.map(([, , content]) => content)],
  });
}

/**
 * Writes the page of a comparison to a file, whole or not at all.
 *
 * @param out The HTML file; its folder is made if absent.
 */
export async function writeComparison(report: ComparisonReport, out: string): Promise<void> {
  await writeFileAtomic(out, await renderComparison(report));
}

function Headline({ report }: { report: ComparisonReport }): Markup {
  const { base, candidate, verdict, reasons, warnings, evaluations, together } = report;
  const flips = evaluations.flatMap((evaluation) => evaluation.flips);
  const leading = together ?? evaluations[0];
  return (
    <article class="headline" aria-label="Result">
      <header>
        <p class="overline">Comparison</p>
        <h1 class="pair">
          <span class="name">{candidate.name}</span>
          <br />
          against <span class="name">{base.name}</span>
        </h1>
      </header>
      <div class="verdict">
        <ComparisonBadge verdict={verdict} />
        <p class="sentence">
          <strong>{COMPARISON_SENTENCES[verdict]}</strong>
        </p>
        {reasons.map((reason) => <p>{reason.replaceAll(" %", "\u00a0%")}</p>)}
      </div>
      {leading !== undefined && (
        <dl class="figures">
          <Figure
            name={together === null ? "Change of the mean" : "Change, all splits"}
            value={moved(leading.change)}
            unit=""
            note={leading.interval === null
              ? "no interval"
              : `95 %: ${intervalText(leading.interval)}`}
          />
          <Figure
            name="Chance if alike"
            value={chanceText(leading.chance)}
            unit=""
            note={`${shareOf(leading.level)} or less counts`}
          />
          <Figure
            name="Samples that moved"
            value={integer(flips.length)}
            unit={`of ${integer(evaluations.reduce((sum, e) => sum + e.samples, 0))}`}
            note={`${flips.filter((flip) => flip.change > 0).length} worse, ` +
              `${flips.filter((flip) => flip.change < 0).length} better`}
          />
          <Figure
            name="Settings that differ"
            value={integer(report.differences.length)}
            unit=""
            note={areas(report.differences)}
          />
        </dl>
      )}
      {warnings.length > 0 && (
        <div class="notes">
          <h2>Know before you trust it</h2>
          <ul>{warnings.map((warning) => <li>{warning}</li>)}</ul>
        </div>
      )}
      <div class="sides">
        <Side title="Base" side={base} />
        <Side title="Candidate" side={candidate} />
      </div>
    </article>
  );
}

function areas(differences: readonly Difference[]): string {
  const counts = Map.groupBy(differences, ({ area }) => area);
  return [...counts].map(([area, { length }]) => `${area} ${length}`).join(" · ") || "none";
}

function Side({ title, side }: { title: string; side: SideSummary }): Markup {
  return (
    <div>
      <h2>{title}</h2>
      <p>{side.runs[0].scale}</p>
      <ul>
        {side.runs.map(({ id, seed, startedAt }) => (
          <li>
            <code>{id}</code>
            <small>seed {seed} · {moment(startedAt)}</small>
          </li>
        ))}
      </ul>
    </div>
  );
}

const NOISE = {
  rounding: "same weights: rounding",
  scenes: "other scenes",
  runs: "other seeds",
};

function Results({ report: { evaluations, together, notCompared } }: {
  report: ComparisonReport;
}): Markup {
  return (
    <Section
      id="results"
      title="Results"
      lead="Worse means both: beyond what noise explains, and beyond the tolerance. Samples of one scene go wrong together, so scenes are what is counted."
    >
      <Scroll label="Results of both sides">
        <table class="compared">
          <thead>
            <tr>
              <th scope="col">Data</th>
              <th scope="col" class="number">Base</th>
              <th scope="col" class="number">Candidate</th>
              <th scope="col" class="number">Change</th>
              <th scope="col" class="number">95 % interval</th>
              <th scope="col" class="number">Chance if alike</th>
              <th scope="col">Noise</th>
              <th scope="col">Verdict and reason</th>
            </tr>
          </thead>
          <tbody>
            {evaluations.map((e) => (
              <tr>
                <th scope="row">
                  {e.dataset}:{e.split}
                  <small>
                    {withUnit(metricName(e.metric))} · {count(e.samples, "sample")} ·{" "}
                    {e.protocol.id}
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
          </tbody>
        </table>
      </Scroll>
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

function Samples({ report: { evaluations }, charts }: {
  report: ComparisonReport;
  charts: readonly Chart[];
}): Markup {
  const flips = evaluations.flatMap((evaluation) => evaluation.flips)
    .toSorted((a, b) => Math.abs(b.change) - Math.abs(a.change));
  return (
    <Section
      id="samples"
      title="Samples"
      lead="The same sample on both sides. A sample counts as moved where its result changed by more than the tolerance."
    >
      <div class="charts">{charts.map((chart) => <ChartFigure chart={chart} />)}</div>
      <h3>Samples that moved</h3>
      {flips.length === 0 ? <p class="protocol">None.</p> : (
        <>
          <p class="protocol">
            {flips.length > FLIPS
              ? `The ${FLIPS} largest of ${integer(flips.length)} changes.`
              : ""}
          </p>
          <Scroll label="Samples that moved">
            <table class="flips">
              <thead>
                <tr>
                  <th scope="col">Sample</th>
                  <th scope="col">Data</th>
                  <th scope="col" class="number">Base</th>
                  <th scope="col" class="number">Candidate</th>
                  <th scope="col" class="number">Change</th>
                </tr>
              </thead>
              <tbody>
                {flips.slice(0, FLIPS).map((flip) => (
                  <tr class={flip.change > 0 ? "worse" : "better"}>
                    <th scope="row">
                      <code>{flip.id}</code>
                    </th>
                    <td>{flip.dataset}</td>
                    <td class="number">{decimal(flip.base)}</td>
                    <td class="number">{decimal(flip.candidate)}</td>
                    <td class="number">
                      <span aria-hidden="true">{flip.change > 0 ? "▲" : "▼"}</span>{" "}
                      {moved(flip.change)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </>
      )}
    </Section>
  );
}

function Costs({ report: { costs, slower } }: { report: ComparisonReport }): Markup {
  return (
    <Section
      id="cost"
      title="Time and memory"
      lead={`By rank test: over runs where each side has several, else over samples. More than ${
        shareOf(slower)
      } counts. One process each says little: the machine had other things to do.`}
    >
      <PlainTable
        label="Time and memory of both sides"
        columns={["Cost", "Base", "Candidate", "Ratio", "Chance if alike", "Outcome"]}
        rows={costs.map((cost) => [
          cost.what.charAt(0).toUpperCase() + cost.what.slice(1),
          costText(cost, cost.base),
          costText(cost, cost.candidate),
          times(cost.ratio),
          chanceText(cost.chance),
          costOutcome(cost),
        ])}
      />
    </Section>
  );
}

function Differences({ report: { differences } }: { report: ComparisonReport }): Markup {
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
          <Scroll label={`Differences in ${area}`}>
            <table class="differences">
              <thead>
                <tr>
                  <th scope="col">Setting</th>
                  <th scope="col">Base</th>
                  <th scope="col">Candidate</th>
                </tr>
              </thead>
              <tbody>
                {rows.map(({ name, base, candidate }) => (
                  <tr>
                    <th scope="row">{name}</th>
                    <td>{base}</td>
                    <td>{candidate}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </>
      ))}
    </Section>
  );
}

/** Both sides against each other, and how the changes are spread. */
function evaluationCharts(evaluation: ComparedEvaluation, index: number): Chart[] {
  const { dataset, split, metric, flips, changes, counts } = evaluation;
  const { quantity } = metricName(metric);
  const where = `${dataset}:${split}`;
  if (changes.length < 2) return [];
  const sorted = changes.map(({ change }) => 100 * change).sort((a, b) => a - b);
  const pairs = flips.map(({ base, candidate }) => [base, candidate] as const);
  const ends = pairs.flat();
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const spread: Chart = {
    id: `changes-${index}`,
    title: `Change by sample · ${where}`,
    description: `Share of the samples of ${where} whose ${quantity} got worse by at most x per ` +
      `cent: ${counts.worse} got worse, ${counts.better} better.`,
    x: { title: `${quantity}, worse by (%)`, log: false },
    y: { title: "share of samples (%)", log: false },
    series: [{
      label: "candidate against base",
      points: thin([
        [sorted[0], 0],
        ...sorted.map((x, i) => [x, 100 * (i + 1) / sorted.length] as const),
      ]),
      style: "main",
      color: 0,
    }],
    stepped: true,
    mark: { x: 0, label: "no change" },
    table: {
      columns: ["Sample", "Worse by (%)"],
      rows: changes.map(({ id, change }) => [id, decimal(100 * change)]),
    },
  };
  if (pairs.length === 0) return [spread];
  const log = spansDecades(ends);
  return [spread, {
    id: `pairs-${index}`,
    title: `Moved samples · ${where}`,
    description: `${quantity} of the samples that moved: the base's across, the candidate's up. ` +
      "Points above the dashed line got larger.",
    x: { title: `base, ${withUnit(metricName(metric))}`, log },
    y: { title: "candidate", log },
    series: [
      { label: "samples", points: pairs, style: "points", color: 1 },
      { label: "no change", points: [[low, low], [high, high]], style: "baseline", color: 5 },
    ],
    stepped: false,
    mark: null,
    table: {
      columns: ["Sample", "Base", "Candidate"],
      rows: flips.map(({ id, base, candidate }) => [id, decimal(base), decimal(candidate)]),
    },
  }];
}
