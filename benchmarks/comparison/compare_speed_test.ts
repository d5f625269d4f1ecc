import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { fabricateRun } from "../../reports/fabricated_run.ts";
import { SPEED_SCHEMA, SpeedRecord, type SpeedRow } from "../speed/speed_record.ts";
import { summarize } from "../speed/sampler.ts";
import { compareSpeed } from "./compare_speed.ts";

const { environment } = fabricateRun(0, { steps: 2, samples: 2, pictures: 0 }).record;

/** A record of rows that take `factor(row)` times as long, on a machine `drift` times as slow. */
function record(
  name: string,
  factor: (row: number) => number,
  { drift = 1, repeats = 8, rows = 10, bytes = 1e8 } = {},
): SpeedRecord {
  const random = randomStream(0, name);
  const samples = (contestant: string, seconds: number) => {
    const values = Array.from(
      { length: repeats },
      () => seconds * drift * random.uniform(0.97, 1.03),
    );
    return { name: contestant, values, ...summarize(values) };
  };
  const row = (i: number): SpeedRow => ({
    ...{ group: "conv", name: `row ${i}`, shape: "8×8", unit: "s", work: null, goal: null },
    ours: samples("ours", 0.1 * factor(i)),
    alternative: samples("stock", 0.4),
    ...{ ratio: null, agreement: null, note: null, skipped: null, error: null },
  });
  return SpeedRecord.parse({
    schema: SPEED_SCHEMA,
    id: name,
    startedAt: "2026-11-22T10:15:30Z",
    finishedAt: "2026-11-22T10:25:30Z",
    complete: true,
    command: "deno task bench",
    repeats,
    environment,
    groups: [{ id: "conv", title: "Convolutions", about: "" }],
    rows: Array.from({ length: rows }, (_, i) => row(i)),
    sizes: [{
      group: "size",
      points: [{ height: 8, width: 8, seconds: 1, residentBytes: 1e9 * drift, deviceBytes: bytes }],
      fits: { seconds: null, residentBytes: null, deviceBytes: null },
      error: null,
    }],
  });
}

const base = record("base", () => 1);

Deno.test("a machine that is slower now makes no row slower", () => {
  const report = compareSpeed(base, record("drifted", () => 1, { drift: 2 }), 0.1);
  assertEquals([report.verdict, report.exitCode], ["undecided", 0]);
});

Deno.test("one slow row among many is found, and so are many that are a little slow", () => {
  const one = compareSpeed(base, record("one", (i) => i === 3 ? 1.5 : 1), 0.1);
  assertEquals([one.verdict, one.exitCode, one.reasons.length], ["worse", 1, 1]);
  assertStringIncludes(one.reasons[0], "row 3");
  const all = compareSpeed(base, record("all", () => 1.2, { repeats: 2 }), 0.1);
  assertEquals(all.exitCode, 1);
  assertStringIncludes(all.reasons[0], "all 10 rows");
  assertEquals(compareSpeed(base, record("fast", () => 0.7), 0.1).verdict, "better");
});

Deno.test("more device memory is worse, and too little to judge is not comparable", () => {
  const larger = compareSpeed(base, record("larger", () => 1, { bytes: 2e8 }), 0.1);
  assertEquals([larger.exitCode, larger.reasons], [1, [
    "device memory at 8×8: 2.00 times as much.",
  ]]);
  const few = record("few", () => 9, { repeats: 2, rows: 3 });
  const report = compareSpeed({ ...few, sizes: [] }, { ...few, sizes: [] }, 0.1);
  assertEquals([report.verdict, report.exitCode], ["not comparable", 2]);
});
