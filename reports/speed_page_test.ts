import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { SPEED_SCHEMA, SpeedRecord, type SpeedRow } from "../benchmarks/speed/speed_record.ts";
import { fabricateRun } from "./fabricated_run.ts";
import { renderSpeedPage } from "./speed_page.tsx";

const { environment } =
  fabricateRun(0, { steps: 2, samples: 2, pictures: 1, shape: [8, 8] }).record;

const samples = (name: string, ...values: number[]) => ({
  name,
  values,
  ...{ median: values[0], lower: values[0], upper: values.at(-1)!, min: values[0] },
});

const row: SpeedRow = {
  ...{ group: "conv", name: "3×3, 64→64, forward", shape: "64×128", unit: "s", note: "a note" },
  work: { amount: 1e9, unit: "flop" },
  ours: samples("ours", 0.1, 0.2),
  alternative: samples("TensorFlow.js", 0.4, 0.5),
  ratio: { value: 4, lower: 3, upper: 5 },
  goal: 3,
  agreement: { with: "TensorFlow.js", difference: 2.5e-7, tolerance: 1e-4 },
  skipped: null,
  error: null,
};
const empty = { ours: null, alternative: null, ratio: null, agreement: null };

const record: SpeedRecord = {
  schema: SPEED_SCHEMA,
  id: "bench-20261122-101530",
  startedAt: "2026-11-22T10:15:30Z",
  finishedAt: "2026-11-22T10:25:30Z",
  complete: true,
  command: "deno task bench --repeats 2",
  repeats: 2,
  environment,
  groups: [
    { id: "conv", title: "Convolutions", about: "About them." },
    { id: "size", title: "Sizes", about: "Growth." },
    { id: "never", title: "Never run", about: "Nothing." },
  ],
  rows: [
    row,
    { ...row, name: "slow one", goal: 5 },
    { ...row, ...empty, name: "absent", skipped: "Make the file with x" },
  ],
  sizes: [{
    group: "size",
    points: [1, 2].map((n) => ({
      ...{ height: 128 * n, width: 256 * n, seconds: n * n, residentBytes: 2e8 * n },
      deviceBytes: 1e8 * n * n,
    })),
    fits: {
      seconds: { exponent: 1, factor: 1 / 32768, explained: 1 },
      residentBytes: { exponent: 0.5, factor: 1e6, explained: 1 },
      deviceBytes: null,
    },
    error: null,
  }],
};
const html = await renderSpeedPage(record);

/** The text of the page as a reader sees it. */
const text = (page: string) =>
  page.replaceAll(/<(script|style)[^>]*>.*?<\/\1>/gs, "").replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");

Deno.test("a row shows times, rates, ratio, what is wanted and how far results differ", () => {
  const shown = text(html);
  for (
    const part of [
      "100 ms 10.0 GFLOP/s 100–200 ms",
      "400 ms 2.50 GFLOP/s 400–500 ms",
      "4.0× 3.0–5.0×",
      "✓ 3×",
      "✗ 5×",
      "2.50e-7",
      "64×128 · a note",
      "1 of 2",
      "Skipped: Make the file with x",
    ]
  ) assertStringIncludes(shown, part);
  assertStringIncludes(html, "pixels to the power of 0.500"); // in the chart's legend
});

Deno.test("a group that never ran is not shown, the others are linked", () => {
  assertEquals(html.includes("Never run"), false);
  for (const id of ["glance", "conv", "size", "reproduce"]) {
    assertStringIncludes(html, `href="#${id}"`);
    assertStringIncludes(html, `id="${id}"`);
  }
});

Deno.test("columns that no row of a group fills are left out", async () => {
  const bare = { ...row, goal: null, agreement: null, group: "size" };
  const page = await renderSpeedPage({ ...record, rows: [row, bare] });
  const heads = (id: string) =>
    text(new RegExp(`<section id="${id}".*?<thead>(.*?)</thead>`, "s").exec(page)![1]).trim();
  assertStringIncludes(heads("conv"), "Wanted Difference");
  assertEquals(heads("size").split(" ").at(-1), "Ratio");
});

Deno.test("a wrong row is said at the top and holds no times", async () => {
  const wrong = { ...row, ...empty, error: "The results differ" };
  const page = text(await renderSpeedPage({ ...record, rows: [row, wrong] }));
  assertStringIncludes(page, "1 row of this benchmark cannot be trusted");
  assertStringIncludes(page, "Wrong: The results differ");
  assertEquals(text(html).includes("cannot be trusted"), false);
});

Deno.test("an interrupted benchmark says so", async () => {
  const page = await renderSpeedPage({ ...record, complete: false });
  assertStringIncludes(page, "was interrupted");
  assertEquals(html.includes("was interrupted"), false);
});

Deno.test("text from a record stays text, and only the page's own scripts may run", async () => {
  const hostile = `"'</script><img src=x onerror=alert(1)>`;
  const poisoned = JSON.parse(
    JSON.stringify(record),
    (key, value) =>
      typeof value === "string" && !["unit", "startedAt", "finishedAt", "kernels"].includes(key)
        ? value + hostile
        : value,
  );
  const groups = new Set(poisoned.rows.map(({ group }: SpeedRow) => group));
  assertEquals(groups.size, 1); // still joined to its group
  const page = await renderSpeedPage(SpeedRecord.parse({ ...poisoned, environment }));
  assertEquals(page.includes("<img"), false);
  const policy = /script-src (.*?);/.exec(page)![1];
  for (const [, content] of page.matchAll(/<script>(.*?)<\/script>/gs)) {
    assertStringIncludes(policy, createHash("sha256").update(content).digest("base64"));
  }
});

Deno.test("the same record gives the same page, and one without sizes runs no script", async () => {
  assertEquals(await renderSpeedPage(record), html);
  const plain = await renderSpeedPage({ ...record, sizes: [] });
  assert(!plain.includes("<script"));
});
