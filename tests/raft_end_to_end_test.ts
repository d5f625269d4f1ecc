/**
 * RAFT's commands from nothing to a report, on a demo of a few steps.
 *
 * With `REFLOW_LONG=1` the run that is killed is killed ten times rather than twice.
 */
import { fromFileUrl, join } from "@std/path";
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { ndarray, packed } from "../base/arrays.ts";
import { sha256File } from "../base/files.ts";
import { randomStream } from "../base/random.ts";
import type { RunRecord } from "../benchmarks/record.ts";
import { readFlo } from "../datasets/formats/flo.ts";
import { readPicture, writePng } from "../datasets/formats/picture.ts";
import { renderVideo } from "../datasets/moving_shapes/mod.ts";
import { demoConfig } from "../datasets/moving_shapes/config.ts";
import { run, start } from "./reflow_process.ts";

const RAFT = "replications/raft/main.ts";
const folder = await Deno.makeTempDir({ prefix: "reflow-raft-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

async function json(args: string[]): Promise<Record<string, never>> {
  const { code, stdout, stderr } = await run(RAFT, [...args, "--json", "--quiet"], folder);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

interface Whole {
  run: string;
  report: string;
  record: string;
  metrics: { epe: number };
  baselines: { zero: { epe: number }; farneback: { epe: number } };
}

Deno.test("deno task raft goes from nothing to a report", async (t) => {
  const whole = await json(["--steps", "3"]) as unknown as Whole;

  await t.step("it prints what scripts rely on", async () => {
    assertGreater(whole.metrics.epe, 0);
    assertGreater(whole.baselines.zero.epe, whole.baselines.farneback.epe);
    const record = JSON.parse(await Deno.readTextFile(join(folder, whole.record)));
    assertEquals(record.status, "complete");
    assertEquals(record.training.steps, 3);
    assertStringIncludes(record.commands[0], "train --recipe demo --seed 0 --steps 3");
    const html = await Deno.readTextFile(join(folder, whole.report));
    assertStringIncludes(html, "not comparable");
    assertStringIncludes(html, "RAFT");
  });

  await t.step("evaluate scores the run again and gets the same number", async () => {
    const dataset = ["--dataset", "moving-shapes:test"];
    const keep = ["--save-predictions", "flows"];
    const again = await json(["evaluate", "--run", whole.run, ...dataset, ...keep]);
    const { samples, metrics, protocol } = again as unknown as {
      samples: number;
      metrics: Record<string, number>;
      protocol: { id: string };
    };
    assertEquals(metrics.epe, whole.metrics.epe);
    assertEquals(samples, 108);
    assertEquals(protocol.id, "moving-shapes");
    assert("epePooled" in metrics && "fl" in metrics);
    const { evaluations } = JSON.parse(await Deno.readTextFile(join(folder, whole.record)));
    assertEquals(evaluations.length, 3);
    assertGreater(evaluations[0].byIteration.length, 1, "scores by iteration are kept");
  });

  await t.step("evaluate scores the flows it kept, and gets the same numbers", async () => {
    const test = "moving-shapes:test";
    const files = await json(["evaluate", "--predictions", "flows", "--dataset", test]);
    const { metrics, contender } = files as unknown as {
      metrics: Record<string, number>;
      contender: { kind: string };
    };
    assertEquals(metrics, { ...whole.metrics });
    assertEquals(contender.kind, "folder");
  });

  await t.step("evaluate scores an ONNX file, and says what could not be checked", async () => {
    const onnx = fromFileUrl(
      new URL("reference/fixtures/onnx/tiny_flow.onnx", import.meta.url),
    );
    const part = ["--dataset", "moving-shapes:test", "--samples", "2", "--with-baselines"];
    const { results, record } = await json(["evaluate", "--onnx", onnx, ...part]) as unknown as {
      results: { metrics: { epe: number } }[];
      record: string;
    };
    for (const { metrics } of results) assertGreater(metrics.epe, 0);
    const { notes, evaluations, commands } = JSON.parse(
      await Deno.readTextFile(join(folder, record)),
    ) as RunRecord;
    const kinds = evaluations.map(({ contender }) => contender.kind);
    assertEquals(kinds, ["onnx", "baseline", "baseline"]);
    assertEquals(commands.length, 1);
    assertStringIncludes(commands[0], "--samples 2 --with-baselines");
    assert(notes.some((note: string) => note.includes("WebGPU and WebAssembly give")));
  });

  await t.step("predict writes flow and a picture of an odd size", async () => {
    const { frames } = renderVideo({ ...demoConfig, height: 43, width: 77 }, "test", 0);
    for (const i of [0, 1]) await writePng(join(folder, `${i}.png`), frames.pick(i));
    const args = ["predict", "0.png", "1.png", "--out", "flow.flo", "--image", "flow.png"];
    const { width, height, iterations, seconds } = await json(args) as unknown as {
      width: number;
      height: number;
      iterations: number;
      seconds: number;
    };
    assertEquals([width, height, iterations], [77, 43, 12]);
    assertGreater(seconds, 0);
    assertEquals((await readFlo(join(folder, "flow.flo"))).flow.shape, [43, 77, 2]);
    assertEquals((await readPicture(join(folder, "flow.png"))).shape, [43, 77, 3]);
  });

  await t.step("the model gives the same flow on TensorFlow.js' own kernels", async () => {
    await json(["predict", "0.png", "1.png", "--out", "stock.flo", "--kernels", "stock"]);
    const [ours, stock] = await Promise.all(["flow.flo", "stock.flo"].map(async (name) => {
      return packed((await readFlo(join(folder, name))).flow);
    }));
    const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs));
    const apart = largest(ours.map((value, i) => value - stock[i]));
    assertLess(apart, 1e-3 * largest(stock));
    assertGreater(apart, 0, "the same kernels ran");
  });

  await t.step("Ctrl-C ends a prediction at once and leaves no flow behind", async () => {
    await writePng(
      join(folder, "large.png"),
      ndarray(new Uint8Array(512 * 512 * 3), [512, 512, 3]),
    );
    const args = ["predict", "large.png", "large.png", "--out", "none.flo", "--iterations", "1000"];
    const child = start(RAFT, args, folder);
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const stopped = performance.now();
    child.kill("SIGINT");
    assertEquals((await child.status).code, 130);
    assertLess(performance.now() - stopped, 60_000); // all of it would take many minutes
    assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name.includes("none")), []);
  });
});

Deno.test("wrong options are answered with the nearest right one, exit code 2", async () => {
  for (
    const [args, hint] of [
      [["trian"], "train"],
      [["train", "--recipe", "dmeo"], "demo"],
      [["evaluate", "--dataset", "moving-shape"], "moving-shapes"],
      [["train", "--stepz", "3"], "--steps"],
      [["train", "--steps", "many"], "whole number"],
      [["predict", "a", "b", "--out", "c.flo", "--kernels", "stok"], "stock"],
    ] as const
  ) {
    const { code, stderr } = await run(RAFT, args, folder);
    assertEquals(code, 2, args.join(" "));
    assertStringIncludes(stderr, hint);
  }
});

/** Training steps a run has curves of. */
const stepsOf = (id: string): Promise<number> =>
  Deno.readTextFile(join(folder, "runs", id, "curves.jsonl")).then(
    (text) => text.split("\n").length - 1,
    () => 0,
  );

Deno.test("a run that was killed and resumed ends with the same bits", async () => {
  const kills = Deno.env.get("REFLOW_LONG") ? 10 : 2;
  const perLife = 3;
  const steps = String((perLife + 3) * kills); // more than the lives between kills get through
  const train = (...args: string[]) => ["train", "--checkpoint-every", "1", "--quiet", ...args];
  const weights = (id: string) => join(folder, "runs", id, "weights.safetensors");
  const whole = await run(RAFT, train("--steps", steps, "--run", "whole"), folder);
  assertEquals(whole.code, 0, whole.stderr);

  const draws = randomStream(1, "kills");
  let child = start(RAFT, train("--steps", steps, "--run", "killed"), folder);
  for (let kill = 0; kill < kills; kill++) {
    // At a random moment, but before a fast machine is through with all steps.
    const moment = performance.now() + draws.uniform(500, 6000);
    const done = await stepsOf("killed");
    while (performance.now() < moment && await stepsOf("killed") < done + perLife) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGKILL"); // throws if the run is over: a kill that hits nothing proves nothing
    assertEquals((await child.status).signal, "SIGKILL");
    const record = join(folder, "runs", "killed", "record.json");
    const begun = await Deno.stat(record).then(() => true, () => false);
    if (begun) {
      const { code } = await run(RAFT, ["train", "--resume", "killed", "--steps", steps], folder);
      assertEquals(code, 2, "resuming takes no other settings");
    }
    const args = begun ? train("--resume", "killed") : train("--steps", steps, "--run", "killed");
    child = start(RAFT, args, folder);
  }
  assertEquals((await child.status).code, 0);
  assertEquals(await sha256File(weights("killed")), await sha256File(weights("whole")));
});

Deno.test("Ctrl-C saves, and the run resumes to the same bits", async () => {
  const args = ["train", "--steps", "8", "--run", "stopped", "--quiet"];
  const child = start(RAFT, args, folder);
  const curves = join(folder, "runs", "stopped", "curves.jsonl");
  while (!await Deno.stat(curves).then(() => true, () => false)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGINT");
  assertEquals((await child.status).code, 130);
  const record = JSON.parse(
    await Deno.readTextFile(join(folder, "runs", "stopped", "record.json")),
  );
  assertEquals(record.status, "interrupted");
  const resumed = await run(RAFT, ["train", "--resume", "stopped", "--quiet"], folder);
  assertEquals(resumed.code, 0, resumed.stderr);
  const whole = await run(RAFT, ["train", "--steps", "8", "--run", "unstopped", "--quiet"], folder);
  assertEquals(whole.code, 0, whole.stderr);
  const weights = (id: string) => join(folder, "runs", id, "weights.safetensors");
  assertEquals(await sha256File(weights("stopped")), await sha256File(weights("unstopped")));
});
