/**
 * The index and the reports of a folder of runs, served to this machine alone.
 *
 * It answers reads of pages that are in the folder or made from its records, and nothing else:
 * names that are no plain run are unknown, and so are requests for another host's name, which a page
 * elsewhere could make its reader's browser send.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { buildHistory } from "../benchmarks/history.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { CLAIMS_PAGE, scanRuns } from "../benchmarks/scan_runs.ts";
import { renderIndex } from "../reports/index_page.tsx";
import { liveCharts, renderLive } from "../reports/live_page.tsx";

/** A server that runs. */
export interface ReportServer {
  /** Where it answers, for example `http://127.0.0.1:8765/`. */
  readonly address: string;
  /** Settles when it has ended. */
  readonly finished: Promise<void>;
}

const HOST = "127.0.0.1";

/** A run's folder as part of an address. */
const NAME = "([A-Za-z0-9][A-Za-z0-9._@+-]{0,199})";

/** What every answer says: keep nothing, guess nothing, be framed by nobody. */
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * Serves a folder of runs until the signal is aborted.
 *
 * @param port 0 takes a free one.
 */
export function serveReports(runsDir: string, port: number, signal: AbortSignal): ReportServer {
  const server = Deno.serve(
    { hostname: HOST, port, signal, onListen() {} },
    (request) => answer(request, runsDir),
  );
  const address = `http://${HOST}:${server.addr.port}/`;
  return { address, finished: server.finished };
}

async function answer(request: Request, runsDir: string): Promise<Response> {
  const { pathname, hostname } = new URL(request.url);
  if (hostname !== HOST && hostname !== "localhost") return refuse(403, "Not served to this name");
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "Read only");
  try {
    if (pathname === "/") return html(await index(runsDir));
    const [, page, file] = new RegExp(`^/${NAME}/(report|speed)\\.html$`).exec(pathname) ?? [];
    if (page !== undefined) {
      return html(await Deno.readTextFile(join(runsDir, page, `${file}.html`)));
    }
    const [, claims] = new RegExp(`^/(${NAME}${CLAIMS_PAGE})$`).exec(pathname) ?? [];
    if (claims !== undefined) return html(await Deno.readTextFile(join(runsDir, claims)));
    const [, live, json] = new RegExp(`^/live/${NAME}?(/charts\\.json)?$`).exec(pathname) ?? [];
    if (live !== undefined) return await liveAnswer(join(runsDir, live), json !== undefined);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof DataError)) throw error;
  }
  return refuse(404, "There is no such page");
}

async function index(runsDir: string): Promise<string> {
  const found = await scanRuns(runsDir);
  const history = buildHistory(found.runs.map(({ record }) => record));
  return await renderIndex(found, history, { served: true });
}

async function liveAnswer(path: string, asJson: boolean): Promise<Response> {
  const folder = await RunFolder.open(path);
  const run = {
    record: await folder.readRecord(),
    curves: await folder.readCurves(),
    samples: new Map(),
  };
  if (!asJson) return html(await renderLive(run));
  return Response.json(liveCharts(run), { headers: HEADERS });
}

function html(text: string): Response {
  return new Response(text, {
    headers: { ...HEADERS, "content-type": "text/html; charset=utf-8" },
  });
}

function refuse(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...HEADERS, "content-type": "text/plain" },
  });
}
