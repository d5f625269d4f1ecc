import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import type { Training } from "../benchmarks/record.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { withFolder } from "../datasets/store/small_store.ts";
import { runWeights } from "../replications/stage_weights.ts";
import { fabricateRun } from "../reports/fabricated_run.ts";
import type { Run } from "./find_run.ts";
import { stageWithWeights } from "./run_stage.ts";

const { record } = fabricateRun(0, { steps: 2, samples: 2, pictures: 0 });

/** A run of three stages with weights after those named. */
async function runWith(
  runs: string,
  id: string,
  ended: readonly string[],
  weights: Training["weights"],
): Promise<Run> {
  const folder = await RunFolder.create(runs, id);
  for (const stage of ended) await Deno.writeTextFile(runWeights(folder.path, stage), "");
  const stages = ["chairs", "things", "sintel 1"].map((name) => ({ name, steps: 1, data: "" }));
  const training = { ...record.training!, stages, weights };
  return { folder, record: { ...record, id, training } };
}

Deno.test("a stage is taken where it has weights, else those that have are named", () =>
  withFolder(async (runs) => {
    const refused = async (run: Run, stage: string | undefined, message: string, next: string) => {
      const error = await assertRejects(() => stageWithWeights(run, stage), UsageError, message);
      assertEquals(error.nextStep, next);
    };
    const none = await runWith(runs, "none", [], null);
    const resume = "deno task raft train --resume";
    await refused(none, undefined, "no final weights", `Finish it: ${resume} none`);
    await refused(
      none,
      "chairs",
      "Cannot use stage chairs of run none: it has not ended yet",
      `There are none of any stage yet. Go on with the run: ${resume} none`,
    );
    await refused(none, "thing", `no stage named "thing" in run none`, `Did you mean "things"?`);
    await refused(none, "x", "no stage named", "Known: chairs, things, sintel 1");

    const some = await runWith(runs, "some", ["chairs"], null);
    assertEquals(await stageWithWeights(some, "chairs"), "chairs");
    await refused(some, "sintel 1", "it has not ended yet", "There are weights after: chairs");

    const all = await runWith(runs, "all", ["things"], "a".repeat(64));
    assertEquals(await stageWithWeights(all, undefined), undefined);
    assertEquals(await stageWithWeights(all, "things"), "things");
    assertEquals(await stageWithWeights(all, "sintel 1"), undefined, "the last one's are its own");
    await refused(all, "chairs", "or kept no weights", "There are weights after: things, sintel 1");
  }));
