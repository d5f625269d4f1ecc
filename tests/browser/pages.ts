/**
 * Every kind of page in a real browser: no errors, no requests, accessible, inert against hostile
 * text. `tests/pages_in_browser_test.ts` runs it, with all permissions: as it loads, Playwright looks
 * at a file of the system that no lesser set can allow.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { type Browser, chromium, type Page } from "playwright-core";
import type { ClaimsReport } from "../../benchmarks/claims/claims_record.ts";
import { compareSides } from "../../benchmarks/comparison/compare_sides.ts";
import { RunFolder } from "../../benchmarks/run_folder.ts";
import { serveReports } from "../../cli/serve.ts";
import { buildHistory } from "../../benchmarks/history.ts";
import type { ScannedRuns } from "../../benchmarks/scan_runs.ts";
import { renderClaims } from "../../reports/claims_page.tsx";
import { writeComparison } from "../../reports/comparison_page.tsx";
import { fabricateRun } from "../../reports/fabricated_run.ts";
import { HOSTILE, poison, poisonedRun } from "../../reports/hostile_run.ts";
import { renderIndex } from "../../reports/index_page.tsx";
import { type LoadedRun, writeReport } from "../../reports/report.tsx";
import { SPEED_SCHEMA, type SpeedRecord } from "../../benchmarks/speed/speed_record.ts";
import { writeSpeedPage } from "../../reports/speed_page.tsx";
import { fabricateClaims } from "../fabricated_claims.ts";

const CHROMIUM = Deno.env.get("CHROMIUM")!;

const AXE = await Deno.readTextFile(
  fromFileUrl(new URL("axe.min.js", import.meta.resolve("axe-core"))),
);

/** Never called: an import is what makes Deno install the package. */
export const installAxe = (): Promise<unknown> => import("axe-core");

const runs = [0, 1, 2].map((seed) => fabricateRun(seed, { samples: 16 }));

/** A run's comparison with another, of which every sample moved. */
function comparisonOf([a, b]: readonly LoadedRun[], name: string) {
  const side = (run: LoadedRun, name: string) => ({ name, runs: [run] });
  const worse = { ...b, samples: a.samples };
  return compareSides(side(a, `base${name}`), side(worse, `candidate${name}`));
}

function indexOf(loaded: readonly LoadedRun[], name = ""): [ScannedRuns, LoadedRun[]] {
  const scanned = loaded.map(({ record }) => ({ folder: record.id, record, report: true }));
  const claims = [{
    paper: `raft${name}`,
    file: "raft-claims.html",
    writtenAt: "2026-11-30T00:00:00Z",
  }];
  const skipped = [{ folder: `broken${name}`, reason: `not valid JSON${name}` }];
  return [{ runs: scanned, speeds: [], claims, skipped }, [...loaded]];
}

async function writeIndex(loaded: readonly LoadedRun[], out: string, name = ""): Promise<void> {
  const [found, all] = indexOf(loaded, name);
  await Deno.writeTextFile(out, await renderIndex(found, buildHistory(all.map((r) => r.record))));
}

async function writeClaims(report: ClaimsReport, out: string): Promise<void> {
  await Deno.writeTextFile(out, await renderClaims(report));
}

/** A speed record of one row and one curve. */
function speedRecord(): SpeedRecord {
  const samples = (name: string, ...values: number[]) => ({
    ...{ name, values, median: values[0], lower: values[0], upper: values[1], min: values[0] },
  });
  return {
    schema: SPEED_SCHEMA,
    id: "bench-20261122-101530",
    startedAt: "2026-11-22T10:15:30Z",
    finishedAt: "2026-11-22T10:25:30Z",
    complete: true,
    command: "deno task bench --repeats 2",
    repeats: 2,
    environment: runs[0].record.environment,
    groups: [{ id: "conv", title: "Convolutions", about: "About them." }],
    rows: [{
      ...{ group: "conv", name: "3×3", shape: "64×128", unit: "s", note: null, goal: 3 },
      work: { amount: 1e9, unit: "flop" },
      ours: samples("ours", 0.1, 0.2),
      alternative: samples("TensorFlow.js", 0.4, 0.5),
      ratio: { value: 4, lower: 3, upper: 5 },
      agreement: { with: "TensorFlow.js", difference: 2.5e-7, tolerance: 1e-4 },
      skipped: null,
      error: null,
    }],
    sizes: [{
      group: "conv",
      points: [1, 2].map((n) => ({
        ...{ height: 128 * n, width: 256 * n, seconds: n * n },
        ...{ residentBytes: 2e8 * n, deviceBytes: 1e8 * n },
      })),
      fits: { seconds: null, residentBytes: null, deviceBytes: null },
      error: null,
    }],
  };
}

const hostile = poisonedRun(runs[0]);

/** Every kind of page, plain and with hostile text wherever text can come from outside. */
const PAGES: Record<string, (out: string) => Promise<void>> = {
  "report": (out) => writeReport(runs.slice(0, 1), out),
  "report of three": (out) => writeReport(runs, out),
  "report, hostile": (out) => writeReport([hostile], out),
  "comparison": (out) => writeComparison(comparisonOf(runs, ""), out),
  "comparison, hostile": (out) => writeComparison(comparisonOf([hostile, hostile], HOSTILE), out),
  "index": (out) => writeIndex(runs, out),
  "index, hostile": (out) => writeIndex([hostile], out, HOSTILE),
  "speed": (out) => writeSpeedPage(speedRecord(), out),
  "claims": (out) => writeClaims(fabricateClaims(), out),
  "claims, hostile": (out) => writeClaims(poison(fabricateClaims()), out),
};

/** What went on in a page from its first byte on. */
interface Visit {
  readonly page: Page;
  readonly errors: string[];
  readonly requests: string[];
}

async function visit(
  browser: Browser,
  of: string | URL,
  width: number,
  dark: boolean,
): Promise<Visit> {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
  });
  const errors: string[] = [], requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("dialog", (dialog) => {
    errors.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url())) requests.push(request.url());
  });
  const address = (of instanceof URL ? of : toFileUrl(of)).href;
  await page.goto(address);
  assertEquals(requests.splice(0), [address], "nothing but the page itself");
  return { page, errors, requests };
}

/** Violations of axe-core's rules, as sentences. */
async function axe({ page }: Visit): Promise<string[]> {
  // As the page's own security policy allows no script of ours, the debugger runs it.
  await page.evaluate(AXE);
  const found = await page.evaluate(`axe.run(document, { resultTypes: ["violations"] })
    .then(({ violations }) => violations.map(({ id, nodes }) =>
      id + ": " + nodes.slice(0, 3).map(({ target, failureSummary }) =>
        target + " " + failureSummary.replaceAll("\\n", " ")).join(" | ")))`);
  return found as string[];
}

Deno.test({
  name: "pages in a browser",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    const folder = await Deno.makeTempDir({ prefix: "reflow-pages-" });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    const written = async (name: string) => {
      const path = join(folder, `${name.replaceAll(/\W+/g, "-")}.html`);
      await PAGES[name](path);
      return path;
    };
    try {
      for (const name of Object.keys(PAGES)) {
        await t.step(
          `${name}: no errors, no requests, no violations, nothing cut off`,
          async () => {
            const path = await written(name);
            for (const [width, dark] of [[1280, false], [390, true]] as const) {
              const visited = await visit(browser, path, width, dark);
              const { page, errors, requests } = visited;
              await page.evaluate(
                "document.querySelectorAll('details').forEach((d) => d.open = true)",
              );
              await page.evaluate("scrollTo(0, document.body.scrollHeight)");
              assertEquals(await axe(visited), [], `${name} at ${width}`);
              const wide = await page.evaluate("document.documentElement.scrollWidth") as number;
              assertEquals(wide, width, "the page itself never scrolls sideways");
              assertEquals([errors, requests], [[], []], name);
              assertEquals(await page.evaluate("globalThis.hacked"), undefined);
              await page.close();
            }
          },
        );
      }

      await t.step("a run in progress is followed, from its server alone", async () => {
        const { record, curves } = runs[0];
        const runsDir = join(folder, "runs"), id = "going";
        const going = await RunFolder.create(runsDir, id);
        await going.writeRecord({ ...record, id, status: "running" });
        for (const point of curves.slice(0, 50)) await going.appendCurve(point);
        const stop = new AbortController();
        const { address, finished } = serveReports(runsDir, 0, stop.signal);
        const visited = await visit(browser, new URL(`live/${id}`, address), 1280, false);
        const { page, errors, requests } = visited;
        assertEquals(await axe(visited), []);
        const step = page.locator(".figures .value");
        assertEquals(await step.innerText(), "50");
        await going.appendCurve(curves[50]);
        await page.locator(".figures .value", { hasText: "51" }).waitFor();
        const length = "Chart.getChart('curve-1').data.datasets[0].data.length";
        while (await page.evaluate(length) !== 51) await page.waitForTimeout(20);
        await going.writeRecord({ ...record, id, status: "complete" });
        await page.locator("#news", { hasText: "The run is complete." }).waitFor();
        assert(requests.length > 0);
        assertEquals(requests.filter((url) => !url.startsWith(address)), []);
        assertEquals(errors, []);
        await page.close();
        stop.abort();
        await finished;
      });

      await t.step("a report of three runs with gallery is small enough to send", async () => {
        const { size } = await Deno.stat(await written("report of three"));
        assertLess(size, 3e6);
      });

      await t.step("charts are drawn, and saved as picture and table", async () => {
        const { page, errors } = await visit(browser, await written("report"), 1280, false);
        await page.locator("#curve-0").scrollIntoViewIfNeeded();
        while (!await page.evaluate("Chart.getChart('curve-0') !== undefined")) {
          await page.waitForTimeout(20);
        }
        const [png] = await Promise.all([
          page.waitForEvent("download"),
          page.locator("[data-png=curve-0]").click(),
        ]);
        assertEquals(png.suggestedFilename(), "curve-0.png");
        const picture = await Deno.readFile(await png.path());
        assertEquals([...picture.slice(1, 4)], [0x50, 0x4e, 0x47]);
        assertGreater(picture.length, 2000);
        const [csv] = await Promise.all([
          page.waitForEvent("download"),
          page.locator("[data-csv=curve-0]").click(),
        ]);
        const table = await Deno.readTextFile(await csv.path());
        assertEquals(table.split("\r\n")[0], "Step,loss");
        assertEquals(table.trim().split("\r\n").length, 21);
        assertEquals(errors, []);
        await page.close();
      });

      await t.step("pictures of a sample are enlarged together, by keyboard too", async () => {
        const { page, errors } = await visit(browser, await written("report"), 1280, false);
        const sample = page.locator(".sample").first();
        const shift = () =>
          sample.locator(".zoomed img").evaluateAll((images) =>
            images.map((image) => (image as HTMLElement).style.transform)
          );
        await sample.locator("button", { hasText: "+" }).click();
        const transforms = new Set(await shift());
        assertEquals(transforms.size, 1, "all alike");
        assert([...transforms][0].includes("scale(2)"), [...transforms][0]);
        await page.keyboard.press("ArrowRight");
        assert(![...transforms].includes((await shift())[0]), "moved");
        await page.keyboard.press("0");
        assertEquals((await shift())[0].includes("scale(2)"), false);
        assertEquals(errors, []);
        await page.close();
      });

      await t.step("the run table is sorted and filtered", async () => {
        const { page } = await visit(browser, await written("index"), 1280, false);
        const ids = () => page.locator("#run-table tbody tr:visible th").allInnerTexts();
        const before = await ids();
        assertEquals(before.length, 3);
        await page.locator("#run-table thead button", { hasText: "Result" }).click();
        const results = await page.locator("#run-table tbody tr td:nth-child(5)")
          .evaluateAll((cells) => cells.map((cell) => Number((cell as HTMLElement).dataset.value)));
        assertEquals(results, [...results].sort((a, b) => a - b));
        await page.locator("input[name=words]").fill("s1-");
        assertEquals((await ids()).length, 1);
        assertEquals(await page.locator("form output").innerText(), "1 of 3 shown");
        await page.close();
      });
    } finally {
      await browser.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
