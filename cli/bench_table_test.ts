import { assertEquals } from "@std/assert";
import type { SpeedRow } from "../benchmarks/speed/speed_record.ts";
import { sizesTable, speedTable } from "./bench_table.ts";

const samples = (name: string, value: number) => ({
  ...{ name, values: [value], median: value, lower: value, upper: value, min: value },
});

const row: SpeedRow = {
  ...{ group: "g", name: "work", shape: "8×8", unit: "s", note: null },
  work: { amount: 1e9, unit: "flop" },
  ours: samples("ours", 0.1),
  alternative: samples("theirs", 0.4),
  ratio: { value: 4, lower: 3, upper: 5 },
  goal: 3,
  ...{ agreement: null, skipped: null, error: null },
};
const alone = { ...row, alternative: null, ratio: null, goal: null, work: null };

Deno.test("speedTable() has a line a row under aligned columns", () => {
  const count = { ...row, unit: "submits" as const, ours: samples("ours", 5), goal: 9 };
  assertEquals(speedTable([row, alone, count]).split("\n"), [
    "           ours                 alternative                 ratio            wanted",
    "work, 8×8  100 ms 10.0 GFLOP/s  400 ms 2.50 GFLOP/s theirs  4.0×   3.0–5.0×  3× reached",
    "work, 8×8  100 ms               -                           -",
    "work, 8×8  5 submits            0 submits theirs            4.0×   3.0–5.0×  9× missed",
  ]);
});

Deno.test("what is wrong or skipped takes a line of its own and widens no column", () => {
  const error = "x".repeat(99), skipped = "y".repeat(99);
  const [header, ...lines] = speedTable([{ ...row, error }, { ...row, skipped }]).split("\n");
  assertEquals(lines, [`work, 8×8  WRONG: ${error}`, `work, 8×8  skipped: ${skipped}`]);
  assertEquals(header.length < 60, true);
});

Deno.test("sizesTable() gives each size and the exponents", () => {
  const law = (exponent: number) => ({ exponent, factor: 1, explained: 1 });
  const curve = {
    group: "size",
    points: [{
      ...{ height: 128, width: 256, seconds: 1.5, residentBytes: 2 ** 29, deviceBytes: 2 ** 28 },
    }],
    fits: { seconds: law(1.1), residentBytes: null, deviceBytes: law(1) },
    error: null,
  };
  assertEquals(sizesTable(curve).split("\n"), [
    "size                time    device memory  process memory",
    "128×256             1.50 s  256 MiB        512 MiB",
    "exponent in pixels  1.100   1.000          -",
  ]);
  assertEquals(sizesTable({ ...curve, error: "Too large" }).split("\n").at(-1), "WRONG: Too large");
});
