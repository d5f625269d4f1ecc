/**
 * `deno task reports`: a page over all runs, as a file or served on this machine alone.
 *
 * @module
 */
import { join } from "@std/path";
import { UsageError } from "../base/errors.ts";
import { requireWritable, writeFileAtomic } from "../base/files.ts";
import { buildHistory } from "../benchmarks/history.ts";
import { scanRuns } from "../benchmarks/scan_runs.ts";
import { renderIndex } from "../reports/index_page.tsx";
import {
  createCommand,
  interruptSignal,
  jsonOption,
  printResult,
  runCommand,
  runsOption,
  userPath,
  wholeNumber,
} from "./command.ts";
import { type ReportServer, serveReports } from "./serve.ts";

interface ReportsOptions {
  runs: string;
  out?: string;
  json: boolean;
  serve: boolean;
  port: number;
}

async function reports(options: ReportsOptions): Promise<void> {
  const { runs: runsDir, json } = options;
  if (options.serve) {
    const server = served(runsDir, options.port);
    printResult(json, { address: server.address }, `${server.address}\nCtrl-C ends it.`);
    await server.finished;
    return;
  }
  await Deno.permissions.revoke({ name: "net" });
  const out = options.out ?? join(runsDir, "index.html");
  await requireWritable(out);
  const found = await scanRuns(runsDir);
  const history = buildHistory(found.runs.map(({ record }) => record));
  await writeFileAtomic(out, await renderIndex(found, history));
  for (const { folder, reason } of found.skipped) console.error(`skipped ${folder}: ${reason}`);
  const { runs, speeds, skipped } = found;
  printResult(
    json,
    { page: out, runs: runs.length, speeds: speeds.length, skipped },
    `${runs.length} runs, ${speeds.length} speed benchmarks, ${skipped.length} skipped\n${out}`,
  );
}

/** A server on a port, which may be taken. */
function served(runsDir: string, port: number): ReportServer {
  try {
    return serveReports(runsDir, port, interruptSignal());
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new UsageError(
      `Cannot serve on port ${port}: it is in use`,
      "Name another one with --port; 0 takes a free one.",
    );
  }
}

if (import.meta.main) {
  await runCommand(async () => {
    const command = createCommand("deno task reports", "A page over all runs.")
      .addOption(runsOption())
      .addOption(jsonOption())
      .option("--out <file>", "where to write it; default index.html in the runs folder", userPath)
      .option("--serve", "serve it on this machine, with live curves of runs in progress", false)
      .option("--port <n>", "port to serve on; 0 takes a free one", wholeNumber(0, 65535), 8765)
      .action(reports);
    await command.parseAsync();
  });
}
