import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError, UsageError } from "../base/errors.ts";
import { sha256 } from "../base/files.ts";
import type { RunRecord } from "../benchmarks/record.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { withFolder } from "../datasets/store/small_store.ts";
import { fabricateRun } from "../reports/fabricated_run.ts";
import { newestRun, openRun } from "./find_run.ts";

const { record } = fabricateRun(0, { steps: 2, samples: 2, pictures: 0 });

/** Keeps a run of RAFT that was started on a day of November, with changes. */
async function keep(
  runs: string,
  id: string,
  day: number,
  changes: Partial<RunRecord> = {},
): Promise<void> {
  const startedAt = new Date(Date.UTC(2026, 10, day)).toISOString();
  await (await RunFolder.create(runs, id)).writeRecord({ ...record, id, startedAt, ...changes });
}

const trained = ({ training }: RunRecord) => training !== null && training.weights !== null;
const newest = async (runs: string, paper = "raft") =>
  (await newestRun(paper, runs, "trained run", trained)).folder.id;

Deno.test("newestRun() goes by paper and time of birth, whatever a run is named", () =>
  withFolder(async (runs) => {
    await keep(runs, "raft-demo-s0-20261101-000000", 1);
    assertEquals(await newest(runs), "raft-demo-s0-20261101-000000");
    await keep(runs, "mine", 3);
    await keep(runs, "raft-2", 2);
    assertEquals(await newest(runs), "mine");
    const paper = { ...record.paper, id: "pwc-net" };
    await keep(runs, "raft-like", 4, { paper });
    await keep(runs, "raft-evaluate-s0-20261105-000000", 5, { training: null });
    assertEquals(await newest(runs), "mine");
    assertEquals(await newest(runs, "pwc-net"), "raft-like");
  }));

Deno.test("newestRun() passes over what is half written, and arms of claims", () =>
  withFolder(async (runs) => {
    const training = { ...record.training!, config: { name: "demo", arm: "shallow" } };
    await keep(runs, "raft-demo-shallow-s0", 2, { training });
    const error = await assertRejects(() => newest(runs), DataError, "no trained run of raft");
    assertStringIncludes(error.nextStep, "name one of a claim's arms");
    await keep(runs, "whole", 1);
    await Deno.mkdir(join(runs, "raft-demo-s0-20261103-000000"));
    await keep(runs, "raft-torn", 4);
    await Deno.writeTextFile(join(runs, "raft-torn", "record.json"), '{"schema": 1,');
    assertEquals(await newest(runs), "whole");
    assertEquals((await openRun("raft-demo-shallow-s0", "raft", runs)).record.training, training);
  }));

Deno.test("openRun() answers an unknown id with the nearest of the paper's", () =>
  withFolder(async (runs) => {
    const none = await assertRejects(() => openRun("mine", "raft", runs), UsageError);
    assertEquals(none.message, `There is no run named "mine" in ${runs}`);
    assertStringIncludes(none.nextStep, "deno task raft");
    await keep(runs, "mine", 1);
    const meant = await assertRejects(() => openRun("mien", "raft", runs), UsageError);
    assertEquals(meant.nextStep, 'Did you mean "mine"?');
    const other = await assertRejects(() => openRun(sha256("x"), "raft", runs), UsageError);
    assertEquals(other.nextStep, "Known: mine");
  }));
