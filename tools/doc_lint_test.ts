import { assertEquals, assertThrows } from "@std/assert";
import { ours, parseFindings } from "./doc_lint.ts";

/** What `deno doc --lint` prints about source lines, as [rule, file, source line]. */
function printed(...found: [string, string, string][]): string {
  const blocks = found.map(([rule, file, source]) =>
    `error[${rule}]: some words\n  --> ${file}:27:3\n   | \n27 | ${source}\n   |   ^\n\n\n`
  );
  return `${blocks.join("")}error: Found ${found.length} documentation lint errors.\n`;
}

const OUTPUT = printed(
  ["missing-jsdoc", "/house/base/a.ts", "export function a(): void {"],
  ["missing-jsdoc", "/house/base/a.ts", "  plan?(recipe: R): void;"],
  ["missing-return-type", "/house/base/b.ts", "export const b = (x) => x;"],
  ["missing-jsdoc", "/house/base/c.ts", "  constructor("],
  ["missing-jsdoc", "/house/base/c.ts", "  readonly steps: number;"],
  ["missing-jsdoc", "/house/base/c.ts", "  private words(): void {"],
  ["private-type-ref", "/house/base/d.ts", "export function d(): Tensor {"],
  ["missing-explicit-type", "/house/base/d.ts", "export const D = z.object({"],
  ["missing-jsdoc", "/cache/npm/e.d.ts", "    type E"],
);

Deno.test("parseFindings() reads every complaint", () => {
  const findings = parseFindings(OUTPUT);
  assertEquals(findings.length, 9);
  const message = "some words", source = "  plan?(recipe: R): void;";
  const file = "/house/base/a.ts";
  assertEquals(findings[1], { rule: "missing-jsdoc", message, file, line: 27, source });
});

Deno.test("ours() keeps exports and methods of this house", () => {
  const kept = ours(parseFindings(OUTPUT), "/house/").map(({ file, source }) => [file, source]);
  assertEquals(kept, [
    ["/house/base/a.ts", "export function a(): void {"],
    ["/house/base/a.ts", "  plan?(recipe: R): void;"],
    ["/house/base/b.ts", "export const b = (x) => x;"],
  ]);
});

Deno.test("parseFindings() tells silence from failure", () => {
  assertEquals(parseFindings("Checked 1 file\n"), []);
  for (const output of ["", "error: Module not found", OUTPUT.replace("Found 9", "Found 8")]) {
    assertThrows(() => parseFindings(output), Error, "deno doc --lint printed");
  }
});
