import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { fabricateRun } from "../reports/fabricated_run.ts";
import { run } from "../tests/reflow_process.ts";

/** Keeps a fabricated run whose EPE is changed. */
async function keep(runsDir: string, id: string, factor: number): Promise<void> {
  const { record, samples } = fabricateRun(0, { steps: 2, samples: 32, pictures: 0 });
  const folder = await RunFolder.create(runsDir, id);
  await folder.writeRecord({ ...record, id });
  for (const [name, results] of samples) {
    const epe = results.metrics.epe.map((value) => name === "raft" ? factor * value : value);
    await folder.writeSamples(name, { ...results, metrics: { ...results.metrics, epe } });
  }
}

Deno.test("deno task compare gates by its exit code, with runs, folders and pinned files", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "reflow-compare-" });
  const compare = (...args: string[]) => run("cli/compare.ts", args, folder, "files");
  try {
    const runs = join(folder, "runs");
    await keep(runs, "good", 1);
    await keep(runs, "bad", 1.1);

    await t.step("0 for the same, in words", async () => {
      const { code, stdout } = await compare("good", "good");
      assertEquals(code, 0);
      assertStringIncludes(stdout, "= The candidate gives the same results.");
    });
    await t.step("1 for worse, with a page, a summary and JSON alone on stdout", async () => {
      const args = ["--out", "compare.html", "--markdown", "summary.md", "--json"];
      const { code, stdout, stderr } = await compare("good", join("runs", "bad"), ...args);
      assertEquals(code, 1, stderr);
      assertStringIncludes(stderr, "error: The candidate is worse");
      const report = JSON.parse(stdout);
      assertEquals([report.verdict, report.exitCode, report.page], [
        "worse",
        1,
        "compare.html",
      ]);
      assertStringIncludes(await Deno.readTextFile(join(folder, "compare.html")), "</html>");
      assertStringIncludes(await Deno.readTextFile(join(folder, "summary.md")), "### ✕");
    });
    await t.step("help says percentages as they are given", async () => {
      assertStringIncludes((await compare("--help")).stdout, "no matter (default: 10 %)");
    });
    await t.step("0 where that is tolerated", async () => {
      assertEquals((await compare("good", "bad", "--tolerance", "15")).code, 0);
    });
    await t.step("a pinned file stands for the run", async () => {
      const pinned = await compare("--pin", "good", "--out", "base.json");
      assertEquals(pinned.code, 0, pinned.stderr);
      assert((await Deno.stat(join(folder, "base.json"))).size < 60_000);
      await Deno.remove(join(runs, "good"), { recursive: true });
      assertEquals((await compare("base.json", "bad")).code, 1);
      assertEquals((await compare("base.json", "base.json")).code, 0);
    });
    await t.step("2 for what cannot be compared or understood", async () => {
      const path = join(runs, "bad", "record.json");
      const record = JSON.parse(await Deno.readTextFile(path));
      for (const stamp of record.data) stamp.digest = stamp.digest.replace(/^./, "0");
      await Deno.writeTextFile(path, JSON.stringify(record));
      const { code, stdout, stderr } = await compare("base.json", "bad");
      assertEquals(code, 2);
      assertStringIncludes(stdout, "the digests of the stores differ");
      assertStringIncludes(stderr, "not comparable");
      for (
        const [args, says] of [
          [["base.json"], "name a base and a candidate"],
          [["base.json", "goood"], "no run, folder or file"],
          [["--pin", "bad"], "without a file"],
          [["base.json", "bad", "--tolerance", "x"], "percentage"],
        ] as const
      ) {
        const finished = await compare(...args);
        assertEquals(finished.code, 2, finished.stderr);
        assertStringIncludes(finished.stderr, says);
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
