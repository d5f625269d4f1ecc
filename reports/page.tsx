// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * The page around the sections: one file that needs nothing else and may run nothing else.
 *
 * The content security policy allows exactly the styles and scripts that are in the file, by their
 * hash, and no network at all. A script injected through a run's texts would not run even if it
 * got past the escaping.
 *
 * @module
 */
import { renderToString } from "preact-render-to-string";
import { createHash } from "node:crypto";
import type { Chart } from "./chart.ts";
import type { Content, Markup } from "./components.tsx";

/** What fills the page. */
export interface PageContent {
  /** Title of the document. */
  readonly title: string;
  /** Anchors of the sections and their names in the navigation. */
  readonly links: readonly (readonly [id: string, name: string])[];
  /** The sections, in order. */
  readonly body: Content;
  /** The charts whose canvases are in the body. */
  readonly charts: readonly Chart[];
  /** Own scripts that the page needs beside those for charts and tables. */
  readonly scripts?: readonly string[];
  /** Whether the page may ask the server it came from for news. */
  readonly live?: boolean;
}

/** A section: its anchor, its name in the navigation, and what it shows; null where that is nothing. */
export type PageSection = readonly [id: string, name: string, content: Markup | null];

/** The page's links and content from its sections, without those that show nothing. */
export function presentSections(
  sections: readonly PageSection[],
): Pick<PageContent, "links"> & { readonly contents: readonly Markup[] } {
  const present = sections.filter(([, , content]) => content !== null);
  return {
    links: present.map(([id, name]) => [id, name]),
    contents: present.map(([, , content]) => content!),
  };
}

/** The page as HTML. */
export async function renderPage(
  { title, links, body, charts, scripts: own = [], live = false }: PageContent,
): Promise<string> {
  const style = await ownText("./page.css");
  const drawing = charts.length === 0 ? [] : [await chartLibrary(), await ownText("./page.js")];
  const further = await Promise.all(own.map(ownText));
  const content = renderToString(<>{body}</>);
  const tables = drawing.length > 0 || /<table[^>]* data-sortable|data-csv=/.test(content);
  const zoom = content.includes('class="zoomed"') ? [await ownText("./zoom.js")] : [];
  const scripts = [
    ...zoom,
    ...tables ? [await ownText("./tables.js")] : [],
    ...drawing,
    ...further,
  ];
  const policy = [
    "default-src 'none'",
    `style-src ${sourceHash(style)}`,
    `script-src ${scripts.map(sourceHash).join(" ") || "'none'"}`,
    "img-src data:",
    ...live ? ["connect-src 'self'"] : [],
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the result</a>
        <nav aria-label="Sections">
          <div>
            <a class="brand" href="#main">Reflow</a>
            <ul>
              {links.map(([id, name]) => (
                <li>
                  <a href={`#${id}`}>{name}</a>
                </li>
              ))}
            </ul>
          </div>
        </nav>
        <main id="main" dangerouslySetInnerHTML={{ __html: content }} />
        {scripts.length > 0 && <Scripts charts={charts} scripts={scripts} />}
      </body>
    </html>
  );
  return `<!DOCTYPE html>\n${renderToString(page)}\n`;
}

function Scripts({ charts, scripts }: { charts: readonly Chart[]; scripts: string[] }): Markup {
  // The tables stand in the page already.
  const drawn = charts.map(({ table: _, ...chart }) => chart);
  return (
    <>
      <script
        type="application/json"
        id="charts"
        dangerouslySetInnerHTML={{ __html: inertJson(drawn) }}
      />
      {scripts.map((script) => <script dangerouslySetInnerHTML={{ __html: script }} />)}
    </>
  );
}

/**
 * JSON that can stand in a script element: nothing in it ends the element or a line. Numbers keep
 * seven digits, more than a chart can show.
 */
export function inertJson(value: unknown): string {
  const short = (_key: string, x: unknown) => typeof x === "number" ? Number(x.toPrecision(7)) : x;
  return JSON.stringify(value, short).replaceAll(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function ownText(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, import.meta.url));
}

/** Chart.js as one classic script, read from the package cache. */
async function chartLibrary(): Promise<string> {
  const build = new URL("chart.umd.min.js", import.meta.resolve("chart.js"));
  // The source map is another file, which this one must not ask for.
  return (await Deno.readTextFile(build)).replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
}

/** Never called: an import is what makes Deno install the package and resolve it to a file. */
export const installChartLibrary = (): Promise<unknown> => import("chart.js");

function sourceHash(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}
