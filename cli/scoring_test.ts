import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import type { Evaluation } from "../benchmarks/record.ts";
import { raft } from "../replications/raft/raft.ts";
import type { Setting } from "./runs.ts";
import { metricsText, scoredSource } from "./scoring.ts";

const evaluation = (dataset: string, metrics: Evaluation["metrics"]): Evaluation => ({
  id: dataset,
  contender: { kind: "baseline", name: "zero flow", digest: null, parameters: 0 },
  dataset,
  split: "train",
  protocol: { id: "sintel-raft", version: 1, hash: "0".repeat(64), summary: "as RAFT does" },
  samples: dataset === "short" ? 1 : 20,
  metrics,
  byIteration: [],
  seconds: 1,
});

Deno.test("metricsText() has both averages of every metric, a column a dataset", () => {
  const text = metricsText([
    evaluation("short", { epe: 1, epePooled: 2.5, fl: 10, flPerImage: 5, epeOccluded: null }),
    evaluation("much-longer", { epe: 12.34567, epePooled: null, fl: 0, flPerImage: 0 }),
  ], "run-1");
  assertEquals(text.split("\n"), [
    "zero flow: EPE 1.0000 on short:train (1 sample)",
    "  protocol sintel-raft: as RAFT does",
    "zero flow: EPE 12.3457 on much-longer:train (20 samples)",
    "  protocol sintel-raft: as RAFT does",
    "",
    "                            short:train  much-longer:train",
    "EPE (px)         per image       1.0000            12.3457",
    "                 pooled          2.5000                  -",
    "Fl outliers (%)  per image       5.0000             0.0000",
    "                 pooled         10.0000             0.0000",
    "run run-1",
  ]);
});

Deno.test("a stage is one of a run that is named, whatever else is scored", async () => {
  for (const what of [{}, { weights: "a.pth" }, { predictions: "flows" }, { baseline: "zero" }]) {
    await assertRejects(
      () => scoredSource(raft, { ...what, stage: "things", runs: "runs" }, {} as Setting),
      UsageError,
      "Cannot take --stage without --run",
    );
  }
});
