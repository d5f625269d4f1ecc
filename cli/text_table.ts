/**
 * Tables as text.
 *
 * @module
 */

/**
 * Rows as lines whose columns are as wide as their widest cell.
 *
 * A row shorter than the first is a remark: its last cell runs on, and widens no column.
 *
 * @param left How many columns stand to the left of their room; those after it to the right.
 */
export function textTable(rows: readonly (readonly string[])[], left = Infinity): string {
  const columns = rows[0]?.length ?? 0;
  const runsOn = (row: readonly string[], i: number) =>
    row.length < columns && i === row.length - 1;
  const widths = Array.from(
    { length: columns },
    (_, i) => Math.max(...rows.map((row) => i >= row.length || runsOn(row, i) ? 0 : row[i].length)),
  );
  return rows.map((row) =>
    row.map((cell, i) => i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))
      .join("  ").trimEnd()
  ).join("\n");
}
