// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * The small parts that sections share. Text given to them is escaped by the renderer.
 *
 * @module
 */
import type { ComponentChildren, VNode } from "preact";
import type { ClaimVerdict } from "../benchmarks/claims/claims_record.ts";
import type { ComparisonVerdict } from "../benchmarks/comparison/comparison_record.ts";
import type { Verdict } from "../benchmarks/record.ts";
import type { Chart } from "./chart.ts";
import { CLAIM_MARKS } from "./claims_words.ts";
import { COMPARISON_MARKS } from "./comparison_words.ts";
import type { Rendered } from "./pictures.ts";
import { VERDICT_MARKS } from "./verdict.ts";

/**
 * What a component returns.
 *
 * @internal
 */
export type Markup = VNode;

/**
 * What stands inside a component.
 *
 * @internal
 */
export type Content = ComponentChildren;

/** A part of the page: anchor, name in the navigation, heading and content. */
export function Section(
  { id, title, lead, children }: {
    id: string;
    title: string;
    lead?: Content;
    children: Content;
  },
): Markup {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {lead !== undefined && <p class="lead">{lead}</p>}
      {children}
    </section>
  );
}

/** A box that scrolls sideways by itself where the page is narrow; reachable by keyboard. */
export function Scroll({ label, children }: { label: string; children: Content }): Markup {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/** A column's heading, alone or with a class: "number" over numbers. */
export type Column = string | readonly [heading: string, name: string];

/** A table under one row of headings, in a box that scrolls. Its children are the rows. */
export function Table({ label, columns, children, ...attributes }: {
  label: string;
  columns: readonly Column[];
  children: Content;
  class?: string;
}): Markup {
  // Spread, as `class={undefined}` would leave a blank in the tag.
  return (
    <Scroll label={label}>
      <table {...attributes}>
        <thead>
          <tr>
            {columns.map((column) => {
              if (typeof column === "string") return <th scope="col">{column}</th>;
              const [heading, name] = column;
              return <th scope="col" class={name}>{heading}</th>;
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Scroll>
  );
}

/** A table of plain cells; the first column names the rows. */
export function PlainTable(
  { label, columns, rows }: {
    label: string;
    columns: readonly string[];
    rows: readonly (readonly string[])[];
  },
): Markup {
  return (
    <Table label={label} columns={columns.map((name, i) => [name, i > 0 ? "number" : ""])}>
      {rows.map(([first, ...cells]) => (
        <tr>
          <th scope="row">{first}</th>
          {cells.map((cell) => <td class="number">{cell}</td>)}
        </tr>
      ))}
    </Table>
  );
}

/** A verdict as a mark, a word and a color. */
export function Badge({ verdict }: { verdict: Verdict }): Markup {
  return <Marked mark={VERDICT_MARKS[verdict]} verdict={verdict} />;
}

/** The same for the verdict of a comparison. */
export function ComparisonBadge({ verdict }: { verdict: ComparisonVerdict }): Markup {
  return <Marked mark={COMPARISON_MARKS[verdict]} verdict={verdict} />;
}

/** The same for the verdict on a claim. */
export function ClaimBadge({ verdict }: { verdict: ClaimVerdict }): Markup {
  return <Marked mark={CLAIM_MARKS[verdict]} verdict={verdict} />;
}

function Marked({ mark, verdict }: { mark: string; verdict: string }): Markup {
  return (
    <span class={`badge ${verdict.replace(" ", "-")}`}>
      <span aria-hidden="true">{mark}</span> {verdict}
    </span>
  );
}

/** One of the numbers under a headline; they stand in a `<dl class="figures">`. */
export function Figure(
  { name, value, unit, note }: { name: string; value: string; unit: string; note: string },
): Markup {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="value">{value}</span> {unit}
        <small>{note}</small>
      </dd>
    </div>
  );
}

/** Text in which https addresses are links. */
export function Linked({ text }: { text: string }): Markup {
  const pieces = text.split(/(https:\/\/[^\s<>"'()]+[^\s<>"'().,;:])/);
  return (
    <>
      {pieces.map((piece, i) =>
        i % 2 === 1 ? <a href={piece} rel="noopener noreferrer">{piece}</a> : piece
      )}
    </>
  );
}

/** A digest, short to look at and whole to copy. */
export function Digest({ value }: { value: string }): Markup {
  return <code class="digest">{value}</code>;
}

/** An image with its size, so that the page never jumps. */
export function Picture({ of, alt, class: name }: {
  of: Rendered;
  alt: string;
  class?: string;
}): Markup {
  return <img class={name} src={of.uri} width={of.width} height={of.height} alt={alt} />;
}

/** An image that `zoom.js` enlarges together with the others of its sample. */
export function Zoomed({ of, alt }: { of: Rendered; alt: string }): Markup {
  return (
    <div class="zoomed">
      <Picture of={of} alt={alt} />
    </div>
  );
}

/** A chart drawn by `page.js`, and the same numbers as a table; both can be saved. */
export function ChartFigure({ chart }: { chart: Chart }): Markup {
  return (
    <figure class="chart">
      <figcaption>{chart.title}</figcaption>
      <div class="plot">
        <canvas id={chart.id} role="img" aria-label={chart.description} />
      </div>
      <div class="below">
        <details data-table={chart.id}>
          <summary>Numbers</summary>
          <PlainTable label={`${chart.title}, numbers`} {...chart.table} />
        </details>
        <p class="saves">
          <button type="button" data-png={chart.id} aria-label={`PNG of ${chart.title}`}>
            PNG
          </button>
          <button type="button" data-csv={chart.id} aria-label={`CSV of ${chart.title}`}>
            CSV
          </button>
        </p>
      </div>
    </figure>
  );
}
