/**
 * The official weights on real frames, as `predict` and `evaluate` run them, against the official
 * architecture in PyTorch (`reference/make_raft_fixtures.py`).
 *
 * With `REFLOW_LONG=1` the pairs of 32 iterations run too; they take a minute on two cores.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type FlowField, packed, type Picture } from "../base/arrays.ts";
import { sha256 } from "../base/files.ts";
import { type FlowContender, sizingOf } from "../benchmarks/contenders/contender.ts";
import { evaluateFlow } from "../benchmarks/evaluate.ts";
import { flowProtocol } from "../benchmarks/protocols/protocol.ts";
import { readFlo } from "../datasets/formats/flo.ts";
import { loadPair } from "../datasets/official_files.ts";
import type { FlowDataset } from "../datasets/sample.ts";
import { useBackend } from "../nn/backend.ts";
import { readSafetensors } from "../nn/weights/safetensors.ts";
import { toFloat32 } from "../nn/weights/tensor_file.ts";
import { predictFlow } from "../replications/flow.ts";
import { raft } from "../replications/raft/raft.ts";
import expected from "./reference/fixtures/raft/real_frames.json" with { type: "json" };
import { sharedData } from "./shared_data.ts";

type Case = keyof typeof expected;

/** The protocols that run what the fixtures ran, and whether a case is too long for every day. */
const CASES: Record<Case, { protocol: string; long: boolean }> = {
  rubberwhale_12: { protocol: "middlebury-raft@12", long: false },
  rubberwhale_32: { protocol: "middlebury-raft@32", long: true },
  alley_1_32: { protocol: "sintel-raft@32", long: true },
};

/** Pixels between the fixtures' stored flow vectors, in both directions. */
const STRIDE = 4;

const weights = sharedData("raft-small/raft-small.pth");

/** One pair as a dataset of its own. */
function datasetOf(pair: ReturnType<typeof loadPair>): FlowDataset {
  const about = { id: "pair", split: "train", digest: sha256("pair"), length: 1, sparse: false };
  return { ...about, read: async () => ({ id: "pair", ...await pair }) };
}

/**
 * The contender, which runs but once for the same pictures and iterations: what `evaluate` asks for
 * costs nothing after `predict`, as long as both pad alike.
 */
function remembering(contender: FlowContender): FlowContender & { readonly runs: number } {
  const known = new Map<string, Promise<FlowField[]>>();
  const digest = (picture: Picture) => sha256(packed(picture) as Uint8Array);
  return {
    stamp: contender.stamp,
    sizing: (dataset) => sizingOf(contender, dataset),
    predict(image1, image2, iterations) {
      const key = [digest(image1), digest(image2), iterations].join();
      const flow = known.get(key) ?? contender.predict(image1, image2, iterations);
      known.set(key, flow);
      return flow;
    },
    get runs() {
      return known.size;
    },
  };
}

/** Largest and mean distance of a flow's components from the fixture's, at the stored pixels. */
async function distance(name: Case, flow: FlowField): Promise<{ max: number; mean: number }> {
  const file = new URL("reference/fixtures/raft/real_frames.safetensors", import.meta.url);
  const stored = (await readSafetensors(fromFileUrl(file))).tensors.get(name)!;
  const ours = packed(flow.step(STRIDE, STRIDE, 1)), theirs = toFloat32(stored);
  assertEquals([ours.length, stored.shape.at(-1)], [theirs.length, 2]);
  const distances = theirs.map((value, i) => Math.abs(value - ours[i]));
  return {
    max: distances.reduce((top, d) => Math.max(top, d)),
    mean: distances.reduce((sum, d) => sum + d, 0) / distances.length,
  };
}

for (const [name, { protocol, long }] of Object.entries(CASES) as [Case, typeof CASES[Case]][]) {
  const { frames, truth, iterations, epe_float64 } = expected[name];
  const files = weights === null ? [] : [...frames, truth].map(sharedData);
  Deno.test({
    name: `official weights, ${name}: flow and EPE are those of the official code`,
    ignore: weights === null || files.includes(null) || (long && !Deno.env.get("REFLOW_LONG")),
    async fn() {
      const [first, second, flo] = files as string[];
      await useBackend("webgpu");
      const model = await raft.contender({ kind: "weights", path: weights! });
      const contender = remembering(model);
      const out = await Deno.makeTempFile({ suffix: ".flo" });
      try {
        await predictFlow(contender, { pictures: [first, second], out, iterations });
        const { max, mean } = await distance(name, (await readFlo(out)).flow);
        assert(max < 1e-2 && mean < 1e-3, `flow is off by ${max} px, ${mean} px on average`);

        const dataset = datasetOf(loadPair(first, second, readFlo(flo)));
        const { evaluation } = await evaluateFlow({
          contender,
          dataset,
          protocol: flowProtocol(protocol),
          gallery: 0,
        });
        assertAlmostEquals(evaluation.metrics.epe!, epe_float64, 5e-4);
        assertEquals(contender.runs, 2, "warming up, and one run that served both");
      } finally {
        model.dispose?.();
        await Deno.remove(out);
      }
    },
  });
}
