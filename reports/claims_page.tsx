// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * The test of a paper's claims as one HTML file in the manner of the reports.
 *
 * @module
 */
import type { ClaimsReport } from "../benchmarks/claims/claims_record.ts";
import { Claims } from "./claims/claims.tsx";
import { Headline } from "./claims/headline.tsx";
import { Seeds } from "./claims/seeds.tsx";
import { Scroll, Section } from "./components.tsx";
import { renderPage } from "./page.tsx";

/** Where the page will lie. */
export interface ClaimsPageOptions {
  /** The folder of the runs, seen from the page, with `/` between; the page's own unless told. */
  readonly runsAt?: string;
}

/** Renders the test of a paper's claims as one HTML page; runs' reports are linked. */
export async function renderClaims(
  report: ClaimsReport,
  { runsAt = "" }: ClaimsPageOptions = {},
): Promise<string> {
  return await renderPage({
    title: `Claims of ${report.paper.title} – Reflow`,
    links: [["claims", "Claims"], ["seeds", "By seed"], ["reproduce", "Reproduce"]],
    charts: [],
    body: [
      <Headline report={report} />,
      <Claims report={report} />,
      <Seeds report={report} runsAt={runsAt} />,
      <Section
        id="reproduce"
        title="Reproduce"
        lead="The same command takes the runs that are there and makes those that are not."
      >
        <Scroll label="Command">
          <pre><code>{report.command}</code></pre>
        </Scroll>
      </Section>,
    ],
  });
}
