import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { fabricateRun } from "../reports/fabricated_run.ts";
import { scanRuns } from "./scan_runs.ts";

Deno.test("scanRuns() skips what it cannot read with a reason each, and keeps the rest", async () => {
  const runs = await Deno.makeTempDir();
  const write = async (folder: string, text: string | null) => {
    await Deno.mkdir(join(runs, folder));
    if (text !== null) await Deno.writeTextFile(join(runs, folder, "record.json"), text);
  };
  try {
    const [first, second] = [0, 1].map((seed) =>
      fabricateRun(seed, { steps: 2, samples: 2, pictures: 0 }).record
    );
    await write("a-first", JSON.stringify(first));
    await write("b-again", JSON.stringify(first));
    await write("c-half", JSON.stringify(second).slice(0, 1000));
    await write("d-future", JSON.stringify({ ...second, schema: 2, more: true }));
    await write("e-missing", null);
    await write("f-other", `{"schema": 1}`);
    await write("g-second", JSON.stringify({ ...second, startedAt: "2026-11-23T00:00:00.000Z" }));
    await Deno.writeTextFile(join(runs, "g-second", "report.html"), "");
    await write(".h-partial", JSON.stringify(second));
    await Deno.writeTextFile(join(runs, "index.html"), "");
    await Deno.writeTextFile(join(runs, "raft-claims.html"), "");
    const found = await scanRuns(runs);
    assertEquals(
      found.runs.map(({ folder, report }) => [folder, report]),
      [["g-second", true], ["a-first", false]],
    );
    assertEquals(found.claims.map(({ paper, file }) => [paper, file]), [
      ["raft", "raft-claims.html"],
    ]);
    const reasons = Object.fromEntries(found.skipped.map(({ folder, reason }) => [folder, reason]));
    assertEquals(Object.keys(reasons), ["b-again", "c-half", "d-future", "e-missing", "f-other"]);
    assertStringIncludes(reasons["b-again"], "is in a-first already");
    assertStringIncludes(reasons["c-half"], "not valid JSON");
    assertStringIncludes(reasons["d-future"], "schema 2 is later than 1");
    assertStringIncludes(reasons["e-missing"], "no record");
    assertStringIncludes(reasons["f-other"], "id");
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("scanRuns() of no folder finds nothing", async () => {
  assertEquals(await scanRuns("none/at/all"), {
    ...{ runs: [], speeds: [], claims: [], skipped: [] },
  });
});
