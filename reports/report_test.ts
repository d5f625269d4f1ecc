import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import type { PublishedComparison } from "../benchmarks/record.ts";
import { ndarray } from "../base/arrays.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { fabricateRun } from "./fabricated_run.ts";
import { HOSTILE, poisonedRun } from "./hostile_run.ts";
import { inertJson } from "./page.tsx";
import { loadRun, renderReport, writeReport } from "./report.tsx";

const SMALL = { steps: 40, samples: 6, pictures: 1, shape: [16, 24] } as const;
const run = fabricateRun(0, SMALL);
const html = await renderReport([run]);

function elements(page: string, tag: string): { attributes: string; content: string }[] {
  return [...page.matchAll(new RegExp(`<${tag}([^>]*)>(.*?)</${tag}>`, "gs"))]
    .map(([, attributes, content]) => ({ attributes, content }));
}

Deno.test("segmented videos: frames with masks, segments and flow, and a row a video", async () => {
  const [height, width] = [16, 24];
  const mask = ndarray(Uint8Array.from({ length: height * width }, (_, i) => i % 2), [
    height,
    width,
  ]);
  const image = ndarray(new Uint8Array(height * width * 3).fill(90), [height, width, 3]);
  const flow = ndarray(new Float32Array(height * width * 2).fill(1), [height, width, 2]);
  const [evaluation] = run.record.evaluations;
  const metrics = { j: 71.25, f: 60, jFree: 64.5, fFree: 55 };
  const bySequence = [{ name: "camel", samples: 2, metrics }];
  const record = { ...run.record, evaluations: [{ ...evaluation, metrics, bySequence }] };
  const picture = { id: "camel/00002", why: "worst", image, truth: mask, prediction: mask };
  const samples = new Map([[evaluation.id, {
    ids: ["camel/00002"],
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [name, Float64Array.of(value)]),
    ),
    gallery: [],
    segmentations: [{ ...picture, segments: mask, flow }, { ...picture, id: "x", segments: mask }],
  }]]);
  const page = await renderReport([{ ...run, record, samples }]);
  const frames = page.slice(page.indexOf('id="frames"'), page.indexOf('id="samples"'));
  assertEquals(elements(frames, "figcaption").map(({ content }) => content), [
    ...[
      "Frame",
      "True foreground",
      "Foreground without labels",
      "Segments",
      "Flow, up to 1.414 px",
    ],
    ...["Frame", "True foreground", "Foreground without labels", "Segments"],
  ]);
  const videos = page.slice(page.indexOf('id="videos"'));
  assert(/camel.*71\.[23]/s.test(videos), "the video's J");
  assert(!html.includes('id="videos"') && !html.includes('id="frames"'));
});

Deno.test("a report has all its sections, and the navigation leads to each", () => {
  const anchors = elements(html, "section").map(({ attributes }) =>
    /id="(.*?)"/.exec(attributes)![1]
  );
  assertEquals(anchors, [
    "published",
    "evaluations",
    "curves",
    "iterations",
    "motion",
    "samples",
    "distribution",
    "cost",
    "reproduce",
  ]);
  for (const id of anchors) assert(html.includes(`href="#${id}"`), id);
});

Deno.test("a report says what ran, at which scale, and that a demo does not compare", () => {
  const { record } = run;
  const first = html.slice(0, html.indexOf("<section"));
  for (const text of [record.paper.title, record.scale, ...record.notes]) {
    assert(first.includes(text), text);
  }
  assert(first.includes("Not comparable with the published numbers."));
  assert(first.includes(record.comparisons[0].reason));
  assert(html.includes("unverified"));
  for (const text of [...record.commands, record.environment.code, record.data[0].digest]) {
    assert(html.includes(text), text);
  }
});

Deno.test("published numbers that do not compare are folded up by reason, and none is left out", async () => {
  const [first] = run.record.comparisons;
  const about = (metric: string, changes: Partial<PublishedComparison>): PublishedComparison => ({
    ...first,
    ...changes,
    published: { ...first.published, metric, dataset: "-", split: "-", training: "-" },
  });
  const comparisons = [
    about("first", { reason: "why one" }),
    about("second", { reason: "why two" }),
    about("third", { reason: "why one" }),
    about("fourth", { reason: "as it is", verdict: "close", ours: 1.5 }),
  ];
  const page = await renderReport([{ ...run, record: { ...run.record, comparisons } }]);
  const [{ content }] = elements(page, "section");
  const groups = elements(content, "details").map((group) => group.content);
  assertEquals(groups.map((group) => group.split("<tr>").length - 2), [2, 1]);
  for (const [i, names] of [["First", "Third"], ["Second"]].entries()) {
    for (const name of names) assert(groups[i].includes(`<th scope="row">${name}</th>`), name);
  }
  assert(/<strong>2 published numbers<\/strong>.*why one.*<\/summary>/.test(groups[0]));
  const open = content.replaceAll(/<details.*?<\/details>/gs, "");
  assert(open.includes(`<th scope="row">Fourth</th>`) && open.includes("0.0700 worse"));
});

Deno.test("each chart has a table twin, each picture an alternative", () => {
  const { content } = elements(html, "script")[0];
  const charts: { id: string }[] = JSON.parse(content);
  assertEquals(charts.length, 6);
  for (const { id } of charts) {
    const figure = elements(html, "figure").find((f) => f.content.includes(`id="${id}"`));
    assert(figure?.content.includes("<details ") && figure.content.includes("<table>"), id);
  }
  for (const [image] of html.matchAll(/<img[^>]*>/g)) {
    assert(/ alt="/.test(image) && / width="\d+" height="\d+"/.test(image));
  }
});

Deno.test("hostile text stays text", async () => {
  const page = await renderReport([poisonedRun(run)]);
  const markup = page.replaceAll(/<script.*?<\/script>/gs, "");
  assert(markup.includes("&quot;'`&lt;/script>&lt;img src=x"));
  for (const raw of ["<img src=x", "</script", "<!--", `"'`]) assert(!markup.includes(raw), raw);
  assertEquals(page.split("<script").length, page.split("</script").length);
  assertEquals(elements(page, "script").length, 5);
  const { content } = elements(page, "script")[0];
  assert(!/[<>&\u2028\u2029]/.test(content));
  assertEquals(JSON.parse(content)[0].title, `Loss${HOSTILE}`);
});

Deno.test("the policy allows the report's own code by hash, and nothing from elsewhere", () => {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)![1]
    .replaceAll("&#39;", "'");
  assert(policy.startsWith("default-src 'none'"));
  assert(!policy.includes("unsafe"));
  const [, ...code] = elements(html, "script");
  for (const { content } of [...code, ...elements(html, "style")]) {
    const hash = createHash("sha256").update(content).digest("base64");
    assert(policy.includes(`'sha256-${hash}'`));
  }
  assert(!/ style="| on\w+="/.test(html.replaceAll(/<script>.*?<\/script>/gs, "")));
  assert(!/(?:src|href)="(?!#|data:image\/png|https:\/\/arxiv\.org\/)/.test(html));
});

Deno.test("the same runs give the same bytes, and several runs one page", async () => {
  assertEquals(await renderReport([fabricateRun(0, SMALL)]), html);
  const several = await renderReport([run, fabricateRun(1, SMALL)]);
  assertEquals(several.split('class="headline"').length - 1, 2);
  // Both runs scored the same baseline, which needs one row.
  assertEquals(several.split('<tr class="baseline">').length - 1, 1);
});

Deno.test("a run that measured nothing has a report without scripts", async () => {
  const record = { ...run.record, training: null, evaluations: [], comparisons: [], data: [] };
  const page = await renderReport([{ record, curves: [], samples: new Map() }]);
  assertEquals(elements(page, "section").length, 1);
  assertEquals(elements(page, "script"), []);
  assert(page.includes("No published number was put to the test."));
});

Deno.test("an unfinished run says so", async () => {
  const record = { ...run.record, status: "interrupted" as const };
  assert((await renderReport([{ ...run, record }])).includes("This run was interrupted."));
});

Deno.test("inertJson() gives back what it was given", () => {
  const value = { [HOSTILE]: [HOSTILE, 4e-4, 200000, null] };
  assertEquals(JSON.parse(inertJson(value)), value);
});

Deno.test("loadRun() reads what a run folder holds, writeReport() writes it whole", async () => {
  const runs = await Deno.makeTempDir();
  try {
    const folder = await RunFolder.create(runs, run.record.id);
    await folder.writeRecord(run.record);
    for (const point of run.curves) await folder.appendCurve(point);
    for (const [id, results] of run.samples) await folder.writeSamples(id, results);
    const out = join(runs, "reports", "report.html");
    await writeReport([await loadRun(folder.path)], out);
    assertEquals(await Deno.readTextFile(out), html);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});
