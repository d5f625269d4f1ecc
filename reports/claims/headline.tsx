// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** The first screen of the claims' page: what was run at which scale, and what to know of it. @module */
import type { ClaimsReport } from "../../benchmarks/claims/claims_record.ts";
import { claimsSentence, testedWith } from "../claims_words.ts";
import type { Markup } from "../components.tsx";
import { withStop } from "../sections/headline.tsx";

/** The paper, the verdicts in one sentence, the scale and the notes. */
export function Headline({ report }: { report: ClaimsReport }): Markup {
  const { paper, scale, claims, notes, warnings, scored } = report;
  return (
    <article class="headline" aria-label="Result">
      <header>
        <p class="overline">Claims</p>
        <h1>{paper.title}</h1>
        <p class="byline">{paper.authors} · {paper.venue} {paper.year}</p>
      </header>
      <div class="verdict">
        <p class="sentence">
          {withStop(scale)} <strong>{claimsSentence(claims)}</strong>
        </p>
        <p>{testedWith(report)}</p>
        <p>
          A verdict says how two arms compare at this scale. It neither repeats nor refutes a number
          of the paper.
        </p>
      </div>
      {scored !== null && (
        <p class="scale">Protocol {scored.protocol.id}: {scored.protocol.summary}.</p>
      )}
      {notes.length + warnings.length > 0 && (
        <div class="notes">
          <h2>Know before you trust a verdict</h2>
          <ul>{[...warnings, ...notes].map((note) => <li>{note}</li>)}</ul>
        </div>
      )}
    </article>
  );
}
