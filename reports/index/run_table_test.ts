import { assertEquals, assertStringIncludes } from "@std/assert";
import { renderToString } from "preact-render-to-string";
import type { RunRecord } from "../../benchmarks/record.ts";
import { fabricateRun } from "../fabricated_run.ts";
import { RunTable } from "./run_table.tsx";

const { record } = fabricateRun(0, { steps: 2, samples: 2, pictures: 0 });

/** The table of one run as HTML. */
function tableOf(edit: Partial<RunRecord>, { report = true, served = false } = {}): string {
  const runs = [{ folder: "a folder", record: { ...record, id: "a-run", ...edit }, report }];
  return renderToString(RunTable({ runs, served })!);
}

Deno.test("a row shows the main metric, and its share of what zero flow scores", () => {
  const evaluations = record.evaluations.map((e, i) => ({ ...e, metrics: { epe: [1, 4][i] } }));
  const table = tableOf({ evaluations });
  assertStringIncludes(table, 'data-value="1">1.000 px<small>EPE, moving-shapes:test</small>');
  assertStringIncludes(table, 'data-value="0.25">25 %');
  const alone = tableOf({ evaluations: evaluations.slice(0, 1) });
  assertStringIncludes(alone, 'data-value="">–</td>');
  const protocol = { ...evaluations[1].protocol, hash: "b".repeat(64) };
  const otherwise = tableOf({ evaluations: [evaluations[0], { ...evaluations[1], protocol }] });
  assertStringIncludes(otherwise, 'data-value="">–</td>');
  assertStringIncludes(tableOf({ evaluations: [] }), 'data-value="">– <small></small>');
});

Deno.test("a run links to its report, and in progress to its own page where that is served", () => {
  const running = { status: "running" } as const;
  assertStringIncludes(tableOf({}), '<a href="a%20folder/report.html">a-run</a>');
  assertStringIncludes(tableOf(running, { served: true }), '<a href="live/a%20folder">a-run</a>');
  assertEquals(tableOf(running, { report: false }).includes("<a "), false);
});

Deno.test("filters offer what the rows hold", () => {
  const table = tableOf({});
  for (const value of ["raft", "complete", "not comparable"]) {
    assertStringIncludes(table, `<option value="${value}">`);
  }
  assertEquals(table.includes('<option value="running">'), false);
});
