/**
 * ONNX files as PyTorch exports them, scored as contenders.
 *
 * A tiny network is part of the repository. RAFT-small with the official weights is not: with
 * `REFLOW_LONG=1` it is taken from `data/bench` or exported with Python where that has torchvision,
 * and then scored beside our own model. That takes minutes on two cores.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { type FlowField, ndarray, packed } from "../base/arrays.ts";
import { exists } from "../base/files.ts";
import { onnxContender } from "../benchmarks/contenders/onnx.ts";
import { evaluateFlow } from "../benchmarks/evaluate.ts";
import { FlowMetrics } from "../benchmarks/metrics/flow.ts";
import { pad } from "../benchmarks/protocols/padding.ts";
import { flowProtocol } from "../benchmarks/protocols/protocol.ts";
import { findDataset } from "../datasets/registry.ts";
import type { FlowDataset } from "../datasets/sample.ts";
import { readSafetensors } from "../nn/weights/safetensors.ts";
import { toFloat32 } from "../nn/weights/tensor_file.ts";
import { deterministicPair } from "./reference/deterministic_weights.ts";
import { run } from "./reflow_process.ts";
import { sharedData } from "./shared_data.ts";

const root = fromFileUrl(new URL("..", import.meta.url));
const fixture = (name: string) => join(root, "tests/reference/fixtures/onnx", name);

/** One pair as a dataset of its own, whose true flow is zero. */
function datasetOf(id: string, ...args: Parameters<typeof deterministicPair>): FlowDataset {
  const [image1, image2] = deterministicPair(...args);
  const [height, width] = image1.shape;
  const flow = ndarray(new Float32Array(2 * height * width), [height, width, 2]);
  const valid = ndarray(new Uint8Array(height * width).fill(1), [height, width]);
  return {
    ...{ id, split: "test", digest: "0".repeat(64), length: 1, sparse: false },
    read: () => Promise.resolve({ id: "pair", image1, image2, flow, valid }),
  };
}

for (const provider of ["wasm", "webgpu"] as const) {
  Deno.test(`a network exported by PyTorch scores as it does there, on ${provider}`, async () => {
    const contender = await onnxContender(fixture("tiny_flow.onnx"), { provider });
    const dataset = datasetOf("moving-shapes", "onnx", 48, 64, 1, 2);
    const kept: FlowField[] = [];
    const { evaluation } = await evaluateFlow({
      contender,
      dataset,
      protocol: flowProtocol("moving-shapes"),
      onPrediction: (_, flow) => Promise.resolve(void kept.push(flow)),
      gallery: 0,
    });
    contender.dispose?.();
    const { image1, flow: truth, valid } = await dataset.read(0);
    const stored = (await readSafetensors(fixture("tiny_flow.safetensors"))).tensors.get("flow")!;
    const coarse = ndarray(toFloat32(stored), stored.shape.slice(1));
    const expected = pad(image1, "sintel", 8).restore(coarse);
    const ours = packed(kept[0]), theirs = packed(expected);
    assert(theirs.some((value) => Math.abs(value) > 1), "there is flow to compare");
    theirs.forEach((value, i) => assertAlmostEquals(ours[i], value, 1e-3));
    const own = new FlowMetrics().add("pair", { prediction: expected, truth, valid });
    assertAlmostEquals(evaluation.metrics.epe!, own.epe!, 1e-4);
    assertEquals(contender.notes!.length, provider === "webgpu" ? 3 : 2);
  });
}

const long = Deno.env.get("REFLOW_LONG") !== undefined;
const weights = sharedData("raft-small/raft-small.pth"), chairs = sharedData("flyingchairs");

/** RAFT-small as ONNX for FlyingChairs' pictures: the file there is, or a new one; null without Python. */
async function raftFile(folder: string): Promise<string | null> {
  const name = "raft-small-384x512x12.onnx";
  const known = join(root, "data/bench", name);
  if (await exists(known)) return known;
  const script = join(root, "tests/reference/export_raft_onnx.py");
  const made = join(folder, name);
  for (const python of ["python3", "/usr/bin/python3"]) {
    const command = new Deno.Command(python, {
      args: [script, made, "--weights", weights!, "--size", "384x512", "--updates", "12"],
      stdout: "null",
      stderr: "null",
    });
    const { success } = await command.output().catch(() => ({ success: false }));
    if (success) return made;
  }
  console.error(`skipped: no ${known}, and no Python with torch and torchvision to make one`);
  return null;
}

Deno.test({
  name: "RAFT-small as ONNX scores what our own model scores, on either provider",
  ignore: !long || weights === null || chairs === null,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "reflow-onnx-" });
    try {
      const file = await raftFile(folder);
      if (file === null) return;
      const data = join(folder, "data", "flying-chairs");
      await findDataset("flying-chairs").importFrom!(chairs!, data, () => {});
      const epe = async (...args: string[]) => {
        const { code, stdout, stderr } = await run(
          "replications/raft/main.ts",
          ["evaluate", ...args, "--dataset", "flying-chairs", "--iterations", "12", "--json"],
          folder,
        );
        assertEquals(code, 0, stderr);
        return JSON.parse(stdout).metrics.epe as number;
      };
      const one = ["--samples", "1"];
      assertAlmostEquals(
        await epe("--onnx", file, "--backend", "cpu"),
        await epe("--weights", weights!),
        1e-3,
      );
      assertAlmostEquals(
        await epe("--onnx", file, ...one),
        await epe("--weights", weights!, ...one),
        1e-3,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
