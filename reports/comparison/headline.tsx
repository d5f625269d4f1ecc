// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** The comparison's first screen: the verdict, why, and which two sides. @module */
import { moved, shareOf } from "../../base/change.ts";
import type {
  ComparisonReport,
  Difference,
  SideSummary,
} from "../../benchmarks/comparison/comparison_record.ts";
import { chanceText, COMPARISON_SENTENCES, intervalText } from "../comparison_words.ts";
import { ComparisonBadge, Figure, type Markup } from "../components.tsx";
import { integer, moment } from "../format.ts";

/** The verdict with its reasons, the numbers it rests on, and the runs of each side. */
export function Headline({ report }: { report: ComparisonReport }): Markup {
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
