import { assertEquals } from "@std/assert";
import { sha256 } from "../base/files.ts";
import { fabricateRun } from "../reports/fabricated_run.ts";
import { buildHistory, lastStep } from "./history.ts";
import type { RunRecord } from "./record.ts";

const fabricated = fabricateRun(0, { steps: 4, samples: 4, pictures: 0 }).record;

/** A run of day `day` with this EPE and seconds of training. */
function run(day: number, epe: number, seconds: number, edit: Partial<RunRecord> = {}): RunRecord {
  return {
    ...fabricated,
    id: `run-${day}`,
    startedAt: `2026-11-${String(day + 1).padStart(2, "0")}T00:00:00.000Z`,
    training: { ...fabricated.training!, seconds },
    evaluations: fabricated.evaluations.map((e) =>
      e.id === "raft" ? { ...e, metrics: { ...e.metrics, epe } } : e
    ),
    ...edit,
  };
}

const scoredBy = (code: string): Partial<RunRecord> => ({
  environment: { ...fabricated.environment, benchmark: sha256(code) },
});

Deno.test("a number has one history over machines, a time one on each", () => {
  const elsewhere: Partial<RunRecord> = {
    environment: { ...fabricated.environment, cores: 64 },
  };
  const series = buildHistory([run(2, 2, 10), run(0, 1, 10), run(1, 1, 5, elsewhere)]);
  assertEquals(
    series.map(({ what, points }) => [what, points.map(({ run }) => run)]),
    [
      ["EPE on moving-shapes:test", ["run-0", "run-1", "run-2"]],
      ["time of a training step", ["run-0", "run-2"]],
      ["time of a training step", ["run-1"]],
    ],
  );
  assertEquals(series[0].machine, null);
  assertEquals(series[2].machine!.includes("64 cores"), true);
});

Deno.test("results under another version of the benchmark are stale and in no level", () => {
  const old = [0, 1, 2].map((day) => run(day, 9, 10, scoredBy("old")));
  const now = [3, 4, 5].map((day) => run(day, 2, 10, scoredBy("new")));
  const [epe] = buildHistory([...now, ...old, run(6, 2, 10, scoredBy("new"))]);
  assertEquals(epe.points.map(({ stale }) => stale), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  assertEquals([epe.levels, lastStep(epe)], [[{ from: 0, to: 4, value: 2 }], null]);
  const again = run(6, 2, 10, {
    ...scoredBy("old"),
    evaluations: fabricated.evaluations.map((e) => ({ ...e, benchmark: sha256("new") })),
  });
  assertEquals(
    buildHistory([...now, again])[0].points.map(({ stale }) => stale),
    Array(4).fill(false),
  );
  const otherProtocol = run(7, 2, 10, {
    ...scoredBy("new"),
    evaluations: fabricated.evaluations.map((e) => ({
      ...e,
      protocol: { ...e.protocol, hash: sha256("version 2") },
    })),
  });
  const [after] = buildHistory([...now, otherProtocol]);
  assertEquals(after.points.map(({ stale }) => stale), [true, true, true, false]);
});

Deno.test("lastStep() says where a level changed, and to which side", () => {
  const [epe, time] = buildHistory(
    [2, 2.01, 1.99, 2.2, 2.21, 2.2].map((epe, day) => run(day, epe, day < 3 ? 20 : 10)),
  );
  const step = lastStep(epe)!;
  assertEquals([step.at.run, step.from, step.to], ["run-3", 2, 2.2]);
  assertEquals(Math.round(1000 * step.change), 100);
  assertEquals([time.what, lastStep(time)!.change], ["time of a training step", -0.5]);
});

Deno.test("runs that are not complete have no history", () => {
  assertEquals(buildHistory([run(0, 1, 1, { status: "failed" })]), []);
});
