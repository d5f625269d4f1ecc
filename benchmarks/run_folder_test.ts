import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError, UsageError } from "../base/errors.ts";
import { sha256 } from "../base/files.ts";
import type { CurvePoint, RunRecord } from "./record.ts";
import { newRunId, RunFolder } from "./run_folder.ts";

const RECORD: RunRecord = {
  schema: 1,
  id: "a-run",
  paper: { id: "raft", title: "RAFT", authors: "Teed", venue: "ECCV", year: 2020, arxiv: "" },
  status: "running",
  scale: "a test",
  notes: [],
  startedAt: "2026-11-22T10:15:30.000Z",
  finishedAt: null,
  seed: 0,
  commands: [],
  environment: {
    reflow: "0",
    commit: null,
    code: sha256("code"),
    deno: "2",
    v8: "14",
    os: "linux",
    arch: "x86_64",
    cores: 2,
    memoryBytes: 1,
    backend: "cpu",
    kernels: "tuned",
    adapter: null,
    packages: {},
  },
  data: [],
  training: null,
  evaluations: [],
  comparisons: [],
};

async function withRun(test: (run: RunFolder) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir();
  try {
    await test(await RunFolder.create(runs, "a-run"));
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

async function assertRefused(work: () => Promise<unknown>, ...says: string[]): Promise<void> {
  const error = await assertRejects(work, DataError);
  for (const text of says) assert(error.message.includes(text), `${error.message} lacks ${text}`);
}

Deno.test("newRunId() sorts by paper, recipe, seed and time", () => {
  const id = newRunId("raft", "demo", 3, new Date("2026-11-22T10:15:30.999Z"));
  assertEquals(id, "raft-demo-s3-20261122-101530");
});

Deno.test("RunFolder.create() refuses a second run of a name and names that are paths", () =>
  withRun(async ({ path }) => {
    const runs = join(path, "..");
    await assertRejects(() => RunFolder.create(runs, "a-run"), UsageError, "this name exists");
    for (const id of ["", ".", "..", "../b", "a/b", "a\\b", "a\0", "a:b", "-a", "a".repeat(201)]) {
      await assertRejects(() => RunFolder.create(runs, id), UsageError, JSON.stringify(id));
    }
    assertEquals([...Deno.readDirSync(runs)].map((entry) => entry.name), ["a-run"]);
    assertEquals((await RunFolder.open(join(path, "."))).id, "a-run");
    await assertRefused(() => RunFolder.open(join(runs, "b")), "there is no such run");
  }));

Deno.test("RunFolder.createNext() numbers runs of the same second", () =>
  withRun(async ({ path }) => {
    const next = async (id: string) => (await RunFolder.createNext(join(path, ".."), id)).id;
    assertEquals([await next("a-run"), await next("a-run")], ["a-run-2", "a-run-3"]);
    assertEquals(await next("other"), "other");
  }));

Deno.test("a record comes back as it was written", () =>
  withRun(async (run) => {
    await assertRefused(() => run.readRecord(), "the run has no record");
    await run.writeRecord(RECORD);
    await run.writeRecord({ ...RECORD, status: "complete" });
    assertEquals(await run.readRecord(), { ...RECORD, status: "complete" });
  }));

Deno.test("a record that is damaged, wrong or of a later schema is refused", () =>
  withRun(async (run) => {
    const path = join(run.path, "record.json");
    const write = (value: unknown) => Deno.writeTextFile(path, JSON.stringify(value));
    await Deno.writeTextFile(path, '{"schema": 1');
    await assertRefused(() => run.readRecord(), path, "not valid JSON");
    await write({ schema: 2, anything: true });
    await assertRefused(() => run.readRecord(), "schema 2 is later than 1");
    await write({ ...RECORD, seed: "0", surprise: 1 });
    await assertRefused(() => run.readRecord(), "seed", "and 1 more");
    await write([]);
    await assertRefused(() => run.readRecord(), "record");
  }));

Deno.test("writeRecord() keeps the old record when the new one is wrong", () =>
  withRun(async (run) => {
    await run.writeRecord(RECORD);
    const wrong = { ...RECORD, environment: { ...RECORD.environment, memoryBytes: NaN } };
    await assertRefused(() => run.writeRecord(wrong), "environment.memoryBytes");
    assertEquals(await run.readRecord(), RECORD);
    assertEquals([...Deno.readDirSync(run.path)].length, 1);
  }));

const CURVES: CurvePoint[] = [
  { step: 1, values: { loss: 1 } },
  { step: 2, values: { loss: 0.5, "validation EPE": 3.25 } },
  { step: 3, values: { loss: 1 / 3 } },
  { step: 4, values: { loss: 1e-9 } },
];

Deno.test("curves come back in order, without a line that a crash cut off", () =>
  withRun(async (run) => {
    assertEquals(await run.readCurves(), []);
    for (const point of CURVES) await run.appendCurve(point);
    assertEquals(await run.readCurves(), CURVES);
    const path = join(run.path, "curves.jsonl");
    const whole = await Deno.readTextFile(path);
    const third = whole.split("\n").slice(0, 3).join("\n").length + 1;
    for (let end = third; end < whole.length; end++) {
      await Deno.writeTextFile(path, whole.slice(0, end));
      assertEquals(await run.readCurves(), CURVES.slice(0, 3));
    }
  }));

Deno.test("truncateCurves() leaves a file that can be continued", () =>
  withRun(async (run) => {
    for (const point of CURVES) await run.appendCurve(point);
    const path = join(run.path, "curves.jsonl");
    await Deno.writeTextFile(path, '{"step": 5, "va', { append: true });
    await run.truncateCurves(2);
    await run.appendCurve(CURVES[2]);
    assertEquals(await run.readCurves(), CURVES.slice(0, 3));
    await run.truncateCurves(0);
    assertEquals(await run.readCurves(), []);
  }));

Deno.test("a curve takes no value that is not finite and hides no damaged line", () =>
  withRun(async (run) => {
    await run.appendCurve(CURVES[0]);
    for (const loss of [NaN, Infinity]) {
      await assertRefused(() => run.appendCurve({ step: 2, values: { loss } }), "step 2", "loss");
    }
    assertEquals(await run.readCurves(), [CURVES[0]]);
    const path = join(run.path, "curves.jsonl");
    await Deno.writeTextFile(path, '{"step": 2, "va\n{"step": 3, "values": {}}\n', {
      append: true,
    });
    await assertRefused(() => run.readCurves(), "line 2");
  }));

Deno.test("a run keeps the samples of each evaluation by its id, a plain name", () =>
  withRun(async (run) => {
    const samples = { ids: ["a"], metrics: { epe: Float64Array.of(1.5) }, gallery: [] };
    assertEquals(await run.readSamples("raft"), null);
    await run.writeSamples("raft", samples);
    assertEquals(await run.readSamples("raft"), samples);
    assertEquals(await run.readSamples("zero"), null);
    await assertRefused(() => run.writeSamples("../raft", samples), '"../raft"');
  }));
