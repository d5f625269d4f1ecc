import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { fabricateRun } from "../reports/fabricated_run.ts";
import { run } from "../tests/reflow_process.ts";
import { serveReports } from "./serve.ts";

async function inRuns(test: (runs: string, folder: RunFolder) => Promise<void>) {
  const runs = await Deno.makeTempDir({ prefix: "reflow-reports-" });
  try {
    const { record, curves } = fabricateRun(0, { steps: 20, samples: 2, pictures: 0 });
    const folder = await RunFolder.create(runs, "going");
    await folder.writeRecord({ ...record, id: "going", status: "running" });
    for (const point of curves.slice(0, 10)) await folder.appendCurve(point);
    const done = await RunFolder.create(runs, "done");
    await done.writeRecord({ ...record, id: "done" });
    await Deno.writeTextFile(join(done.path, "report.html"), "<p>a report");
    await Deno.mkdir(join(runs, "broken"));
    await Deno.writeTextFile(join(runs, "raft-claims.html"), "<p>claims");
    await test(runs, folder);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

Deno.test("deno task reports writes a page over all runs and says what it skipped", async () => {
  await inRuns(async (runs) => {
    const { code, stdout, stderr } = await run("cli/reports.ts", ["--runs", runs], runs, "serve");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "2 runs, 0 speed benchmarks, 1 skipped");
    assertStringIncludes(stderr, "skipped broken: the run has no record");
    const page = await Deno.readTextFile(join(runs, "index.html"));
    assertStringIncludes(page, 'href="done/report.html"');
    assertStringIncludes(page, "<code>broken</code>");
  });
});

Deno.test("a port that is taken is a mistake of the command line, not of a file", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await inRuns(async (runs) => {
    const args = ["--runs", runs, "--serve", "--port", String(port)];
    const { code, stdout, stderr } = await run("cli/reports.ts", args, runs, "serve");
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, `error: Cannot serve on port ${port}: it is in use`);
    assertStringIncludes(stderr, "--port");
  });
});

Deno.test("the server shows runs in progress, reports, and nothing else", async (t) => {
  await inRuns(async (runs, folder) => {
    const stop = new AbortController();
    const server = serveReports(runs, 0, stop.signal);
    const get = async (path: string, init?: RequestInit) => {
      const answer = await fetch(new URL(path, server.address), init);
      return { status: answer.status, text: await answer.text(), headers: answer.headers };
    };
    try {
      await t.step("the index links the run in progress", async () => {
        const { status, text } = await get("/");
        assertEquals(status, 200);
        assertStringIncludes(text, 'href="live/going"');
        assertStringIncludes(text, 'href="done/report.html"');
      });
      await t.step("its curves follow the run", async () => {
        assertStringIncludes((await get("/live/going")).text, "connect-src 'self'");
        const before = JSON.parse((await get("/live/going/charts.json")).text);
        assertEquals([before.status, before.steps, before.totalSteps], ["running", 10, 20]);
        await folder.appendCurve({ step: 11, values: { loss: 1 } });
        const after = JSON.parse((await get("/live/going/charts.json")).text);
        assertEquals([after.steps, after.charts[0].series[0].points.length], [11, 11]);
      });
      await t.step("reports are served as they are", async () => {
        assertEquals((await get("/done/report.html")).text, "<p>a report");
        assertStringIncludes((await get("/")).text, 'href="raft-claims.html"');
        assertEquals((await get("/raft-claims.html")).text, "<p>claims");
      });
      await t.step("everything else is unknown", async () => {
        await Deno.writeTextFile(join(runs, "done", "secret.txt"), "");
        for (
          const path of [
            "/done/secret.txt",
            "/done/record.json",
            "/going/report.html",
            "/..%2f..%2fetc/report.html",
            "/done/raft-claims.html",
            "/..%2fraft-claims.html",
            "/live/none",
            "/live/broken/charts.json",
          ]
        ) {
          assertEquals((await get(path)).status, 404, path);
        }
        assertEquals((await get("/", { method: "POST" })).status, 405);
      });
      await t.step("requests for another host's name are refused", async () => {
        const { port } = new URL(server.address);
        using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
        const request = "GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n";
        await connection.write(new TextEncoder().encode(request));
        const buffer = new Uint8Array(200);
        const count = await connection.read(buffer) ?? 0;
        assert(new TextDecoder().decode(buffer.subarray(0, count)).startsWith("HTTP/1.1 403"));
      });
    } finally {
      stop.abort();
      await server.finished;
    }
  });
});
