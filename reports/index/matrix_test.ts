import { assertEquals, assertStringIncludes } from "@std/assert";
import { renderToString } from "preact-render-to-string";
import type { RunRecord } from "../../benchmarks/record.ts";
import { fabricateRun } from "../fabricated_run.ts";
import { Matrix } from "./matrix.tsx";

const { record } = fabricateRun(0, { steps: 2, samples: 2, pictures: 0 });
const [clean] = record.comparisons;

const run = (id: string, edit: Partial<RunRecord> = {}) => {
  return { folder: id, record: { ...record, id, ...edit }, report: true };
};

/** A run whose EPE on Sintel's clean pass compares. */
const compared = (id: string, ours: number) =>
  run(id, { comparisons: [{ ...clean, ours, verdict: "close" }] });

/** What the cells of the matrix hold, row by row. */
function cells(...runs: ReturnType<typeof run>[]): string[] {
  return [...renderToString(Matrix({ runs })!).matchAll(/<td>(.*?)<\/td>/gs)].map(([, c]) => c);
}

Deno.test("a cell shows the newest run whose number compares, else why none does", () => {
  const [kitti, sintel] = cells(run("newest"), compared("newer", 1.5), compared("older", 9));
  assertStringIncludes(kitti, "not run");
  assertStringIncludes(kitti, "<small>1 number</small>");
  assertStringIncludes(sintel, "close");
  assertStringIncludes(sintel, "EPE: 1.500 against 1.43 px");
  assertStringIncludes(sintel, '<a href="newer/report.html">newer</a>');
  assertEquals(sintel.includes("older"), false);
});

Deno.test("a run that is not complete has a row for its paper and no verdict", () => {
  assertEquals(cells(run("going", { status: "running" })), []);
  const other = { ...record.paper, id: "pwc-net" };
  const [, , kitti, sintel] = cells(run("done"), run("going", { paper: other, status: "running" }));
  assertEquals([kitti, sintel], ["–", "–"]);
});
