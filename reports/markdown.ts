/**
 * Tables in GitHub-flavoured Markdown, laid out as `deno fmt` lays them out.
 *
 * @module
 */

/** A cell: text, which is taken for text, or a link. */
export type MarkdownCell = string | { readonly text: string; readonly to: string };

/** Text that Markdown takes for text, in one line: no tags, links, mentions or cells. */
export function inlineText(text: string): string {
  return text.replaceAll(/[\r\n\u2028\u2029]+/g, " ").replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;").replaceAll(/[\\*_{}[\]|~#`]/g, "\\$&").replaceAll("@", "@\u200b");
}

/** A table whose columns are padded to their widest cell. */
export function tableOf(
  columns: readonly string[],
  rows: readonly (readonly MarkdownCell[])[],
): string {
  const cells = [columns, ...rows].map((row) =>
    row.map((cell) =>
      typeof cell === "string" ? inlineText(cell) : `[${inlineText(cell.text)}](${cell.to})`
    )
  );
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  return [line(cells[0]), line(rule), ...cells.slice(1).map(line)].join("\n");
}
