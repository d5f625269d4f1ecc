import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { captureEnvironment } from "../environment.ts";
import { faultsIn, parseSpeedRecord, SPEED_SCHEMA, type SpeedRecord } from "./speed_record.ts";

const environment = await captureEnvironment("webgpu", null);

const record: SpeedRecord = {
  schema: SPEED_SCHEMA,
  id: "bench-20261122-101530",
  startedAt: "2026-11-22T10:15:30Z",
  finishedAt: "2026-11-22T10:25:30Z",
  complete: true,
  command: "deno task bench",
  repeats: 5,
  environment,
  groups: [{ id: "g", title: "Group", about: "What it is." }],
  rows: [{
    ...{ group: "g", name: "work", shape: "8×8", unit: "s", work: null, goal: 3, note: null },
    ours: { name: "ours", values: [1, 2], median: 1.5, lower: 1.25, upper: 1.75, min: 1 },
    ...{ alternative: null, ratio: null, agreement: null, skipped: null, error: null },
  }],
  sizes: [],
};

Deno.test("a record comes back as it was written", () => {
  assertEquals(parseSpeedRecord(JSON.stringify(record), "speed.json"), record);
});

Deno.test("records that are no records are refused with what is wrong", () => {
  const samples = { ...record.rows[0].ours!, values: [] };
  const refused: [unknown, string][] = [
    [{ ...record, schema: SPEED_SCHEMA + 1 }, "later than"],
    [{ ...record, repeats: 0 }, "repeats"],
    [{ ...record, rows: [{ ...record.rows[0], ours: samples }] }, "rows.0.ours.values"],
    [{ ...record, extra: 1 }, "extra"],
  ];
  for (const [value, reason] of refused) {
    assertThrows(() => parseSpeedRecord(JSON.stringify(value), "x.json"), DataError, reason);
  }
  assertThrows(() => parseSpeedRecord("{", "x.json"), DataError, "not valid JSON");
});

Deno.test("faultsIn() names rows and sizes in error, not those that were skipped", () => {
  const [row] = record.rows;
  const curve = {
    ...{ group: "size", points: [], error: null },
    fits: { seconds: null, residentBytes: null, deviceBytes: null },
  };
  assertEquals(faultsIn({ rows: [row, { ...row, skipped: "no file" }], sizes: [curve] }), []);
  const faults = faultsIn({
    rows: [row, { ...row, error: "off by 2" }],
    sizes: [{ ...curve, error: "too large" }],
  });
  assertEquals(faults, ["g, work 8×8: off by 2", "size: too large"]);
});
