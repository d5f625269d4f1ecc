import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError, UsageError } from "../../base/errors.ts";
import { fabricateRun } from "../../reports/fabricated_run.ts";
import { RunFolder } from "../run_folder.ts";
import { compareSides } from "./compare_sides.ts";
import { compactJson, loadSide, readPinned, writePinned } from "./side.ts";

async function inFolder(test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function keep(runsDir: string, seed: number): Promise<string> {
  const { record, samples } = fabricateRun(seed, {
    steps: 2,
    samples: 8,
    pictures: 1,
    shape: [8, 8],
  });
  const folder = await RunFolder.create(runsDir, record.id);
  await folder.writeRecord(record);
  for (const [id, results] of samples) await folder.writeSamples(id, results);
  return record.id;
}

Deno.test("a run, a folder of runs and a pinned file are sides", async () => {
  await inFolder(async (folder) => {
    const runs = join(folder, "runs");
    const ids = [await keep(runs, 0), await keep(runs, 1)];
    await Deno.mkdir(join(runs, "no-run"));
    const one = await loadSide(ids[0], runs);
    assertEquals(one.runs.map(({ record }) => record.id), [ids[0]]);
    const all = await loadSide(runs, runs);
    assertEquals(all.runs.map(({ record }) => record.id), ids);
    const file = join(folder, "base.json");
    await writePinned(all.runs, file);
    const pinned = await loadSide(file, runs);
    assertEquals(pinned.runs.map(({ record }) => record), all.runs.map(({ record }) => record));
    // To the last bit, pictures left out.
    const report = compareSides(all, pinned);
    assertEquals([report.verdict, report.differences], ["same", []]);
  });
});

Deno.test("what is no side is refused", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "empty"));
    await assertRejects(() => loadSide("none", folder), UsageError, "no run, folder or file");
    await assertRejects(() => loadSide("empty", folder), DataError, "holds no runs");
    const file = join(folder, "x.json");
    for (
      const [text, reason] of [
        ["{", "not valid JSON"],
        [`{"schema": 2}`, "its schema 2 is later than 1"],
        [`{"schema": 1}`, "pinned file, kind"],
        [`{"kind": "reflow pinned runs", "schema": 1, "runs": []}`, "runs"],
      ]
    ) {
      await Deno.writeTextFile(file, text);
      await assertRejects(() => readPinned(file), DataError, reason);
    }
    await writePinned([fabricateRun(0, { steps: 2, samples: 4, pictures: 0 })], file);
    const torn = JSON.parse(await Deno.readTextFile(file));
    torn.runs[0].samples.raft.ids.pop();
    await Deno.writeTextFile(file, JSON.stringify(torn));
    await assertRejects(() => readPinned(file), DataError, "4 values for 3 samples");
  });
});

Deno.test("compactJson() keeps lists of plain values on one line and loses nothing", () => {
  const value = {
    a: [1, -2.5e-7, null, true, 'x, "y"\n[1]'],
    b: [[1, 2], [{ c: [] }]],
    d: "[1,\n 2]",
  };
  const text = compactJson(value);
  assertEquals(JSON.parse(text), value);
  assertEquals(text.split("\n")[1], ` "a": [1, -2.5e-7, null, true, "x, \\"y\\"\\n[1]"],`);
});
