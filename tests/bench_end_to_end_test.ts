/**
 * `deno task bench` from its command line to its page, on one small group.
 */
import { join } from "@std/path";
import { assertEquals, assertGreater, assertMatch, assertStringIncludes } from "@std/assert";
import { parseSpeedRecord } from "../benchmarks/speed/speed_record.ts";
import { run } from "./reflow_process.ts";

const folder = await Deno.makeTempDir({ prefix: "reflow-bench-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const bench = (...args: string[]) => run("cli/bench.ts", args, folder, "bench");

Deno.test("a group becomes a table, a record and a page, whose path is the last line", async () => {
  const { code, stdout, stderr } = await bench("--only", "optimizer", "--repeats", "1");
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /clipping and AdamW, RAFT-small +\S+ ms +\S+ \S+ TensorFlow.js +\S+×/);
  const page = join(folder, stdout.trim().split("\n").at(-1)!);
  assertStringIncludes(await Deno.readTextFile(page), "Speed and memory");
  const path = page.replace(/\.html$/, ".json");
  const { rows: [row], ...record } = parseSpeedRecord(await Deno.readTextFile(path), path);
  assertEquals([record.complete, record.environment.kernels], [true, "tuned"]);
  assertEquals([row.error, row.agreement?.with], [null, "TensorFlow.js"]);
  assertGreater(row.ours!.median, 0);
  assertGreater(row.alternative!.median, 0);
});

Deno.test("with --json, standard output is one object; --out names the page", async () => {
  const args = ["--only", "optimizer", "--repeats", "1", "--json", "--quiet", "--out", "a.html"];
  const { code, stdout, stderr } = await bench(...args);
  assertEquals(code, 0, stderr);
  const { page, record, rows } = JSON.parse(stdout);
  assertEquals(rows.length, 1);
  for (const file of [page, record]) await Deno.stat(join(folder, file));
  assertMatch(page, /a\.html$/);
});

Deno.test("an unknown group is answered with the nearest one, exit code 2", async () => {
  const { code, stderr } = await bench("--only", "optimiser");
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'Did you mean "optimizer"?');
});
