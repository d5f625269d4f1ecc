/**
 * A RAFT that was broken on purpose against the good one, on real frames, as a user's CI would
 * compare them.
 *
 * Every day small crops at few iterations; with `REFLOW_LONG=1` whole frames under the usual
 * protocols, which takes some ten minutes on two cores.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type NdArray, ndarray, packed } from "../base/arrays.ts";
import { sha256 } from "../base/files.ts";
import type { FlowContender } from "../benchmarks/contenders/contender.ts";
import { captureEnvironment } from "../benchmarks/environment.ts";
import { evaluateFlow } from "../benchmarks/evaluate.ts";
import type { ComparisonReport } from "../benchmarks/comparison/comparison_record.ts";
import { flowProtocol } from "../benchmarks/protocols/protocol.ts";
import { RECORD_SCHEMA, type RunRecord } from "../benchmarks/record.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { readFlo } from "../datasets/formats/flo.ts";
import { readKittiFlow } from "../datasets/formats/kitti_flow.ts";
import { loadPair } from "../datasets/official_files.ts";
import type { FlowDataset, FlowSample } from "../datasets/sample.ts";
import { useBackend } from "../nn/backend.ts";
import type { StateDict } from "../nn/weights/tensor_file.ts";
import { toFloat32 } from "../nn/weights/tensor_file.ts";
import { RaftContender } from "../replications/raft/contender.ts";
import { Raft } from "../replications/raft/model.ts";
import { raft } from "../replications/raft/raft.ts";
import { readRaftWeights } from "../replications/raft/weights.ts";
import { run } from "./reflow_process.ts";
import { sharedData } from "./shared_data.ts";

const LONG = Deno.env.get("REFLOW_LONG") !== undefined;

/** Height and width of the daily crops, from the middle of a frame. */
const CROP = [112, 144] as const;

interface Pair {
  readonly id: string;
  readonly load: () => Promise<Omit<FlowSample, "id">>;
}

/** Nine pairs of four datasets, each of a scene of its own; null where they are absent. */
function realPairs(): Record<string, { protocol: string; pairs: Pair[] }> | null {
  let missing = false;
  const at = (path: string) => {
    const found = sharedData(path);
    if (found === null) missing = true;
    return found ?? "";
  };
  const pair = (
    id: string,
    first: string,
    second: string,
    truth: string,
    read: typeof readFlo = readFlo,
  ): Pair => {
    const [a, b, t] = [first, second, truth].map(at);
    return { id, load: () => loadPair(a, b, read(t)) };
  };
  const names = ["Dimetrodon", "Grove2", "Hydrangea", "RubberWhale", "Urban2"];
  const found = {
    middlebury: {
      protocol: "middlebury-raft",
      pairs: names.map((name) => {
        const frames = `middlebury/other-data/${name}`;
        const truth = `middlebury/other-gt-flow/${name}/flow10.flo`;
        return pair(name, `${frames}/frame10.png`, `${frames}/frame11.png`, truth);
      }),
    },
    "sintel-clean": {
      protocol: "sintel-raft",
      pairs: [pair(
        "alley_1/frame_0001",
        "sintel/training/clean/alley_1/frame_0001.png",
        "sintel/training/clean/alley_1/frame_0002.png",
        "sintel/training/flow/alley_1/frame_0001.flo",
      )],
    },
    "kitti-2015": {
      protocol: "kitti15-raft",
      pairs: [pair(
        "000000",
        "kitti2015/training/image_2/000000_10.png",
        "kitti2015/training/image_2/000000_11.png",
        "kitti2015/training/flow_occ/000000_10.png",
        readKittiFlow,
      )],
    },
    "flying-chairs": {
      protocol: "chairs-raft",
      pairs: ["00001", "00002"].map((name) => {
        const file = `flyingchairs/FlyingChairs_release/data/${name}`;
        return pair(name, `${file}_img1.ppm`, `${file}_img2.ppm`, `${file}_flow.flo`);
      }),
    },
  };
  return missing ? null : found;
}

const weights = sharedData("raft-small/raft-small.pth");
const real = weights === null ? null : realPairs();

function cropped<T extends Uint8Array | Float32Array>(view: NdArray<T>): NdArray<T> {
  const [height, width, ...rest] = view.shape;
  const [h, w] = CROP, y = (height - h) >> 1, x = (width - w) >> 1;
  const inner = view.lo(y, x).hi(h, w, ...rest);
  return ndarray(packed(inner as NdArray<T>), [h, w, ...rest]) as NdArray<T>;
}

function datasetOf(id: string, pairs: readonly Pair[]): FlowDataset {
  const about = { id, split: "train", digest: sha256(id), length: pairs.length, sparse: false };
  return {
    ...about,
    async read(index) {
      const { id, load } = pairs[index];
      const { image1, image2, flow, valid } = await load();
      if (LONG) return { id, image1, image2, flow, valid };
      return {
        id,
        image1: cropped(image1),
        image2: cropped(image2),
        flow: cropped(flow),
        valid: cropped(valid),
      };
    },
  };
}

/** Every weight of the tensors a name fits, times a factor. */
function scaled(dict: StateDict, fits: RegExp, factor: number): StateDict {
  return new Map([...dict].map(([name, tensor]) => {
    if (!fits.test(name)) return [name, tensor];
    const data = toFloat32(tensor).map((value) => value * factor);
    return [name, { dtype: "F32", shape: tensor.shape, data }];
  }));
}

/** Channels of the small model's matching features: a correlation is divided by their root. */
const CHANNELS = 128;

/** Faults that nobody sees in the code at a glance; the weights file is the same for all. */
const FAULTS: Record<string, { dict?: (dict: StateDict) => StateDict; fewer?: number }> = {
  "correlation scaled wrongly": {
    // Both pictures' features grow, their product by the missing division.
    dict: (dict) => scaled(dict, /^fnet\.conv2\./, Math.sqrt(Math.sqrt(CHANNELS))),
  },
  "one iteration fewer": { fewer: 1 },
  "weights off by 1 %": { dict: (dict) => scaled(dict, /./, 1.01) },
};

async function contenderOf(
  { dict: change, fewer = 0 }: typeof FAULTS[string],
  digest: string,
): Promise<FlowContender> {
  const { dict, config } = await readRaftWeights(weights!);
  const model = new Raft(config);
  model.network.load(change?.(dict) ?? dict, weights!);
  const stamp = { kind: "weights", name: "raft-small.pth", digest, parameters: 990162 } as const;
  const contender = new RaftContender(model, stamp);
  return {
    stamp,
    predict: (a, b, iterations) => contender.predict(a, b, iterations.map((n) => n - fewer)),
    dispose: () => contender.dispose(),
  };
}

/** Scores a contender on all the frames and keeps it as a run. */
async function scoredRun(runsDir: string, id: string, contender: FlowContender): Promise<void> {
  const folder = await RunFolder.create(runsDir, id);
  const evaluations: RunRecord["evaluations"] = [], data: RunRecord["data"] = [];
  for (const [name, { protocol, pairs }] of Object.entries(real!)) {
    const dataset = datasetOf(name, pairs);
    const { evaluation, samples } = await evaluateFlow({
      contender,
      dataset,
      protocol: flowProtocol(LONG ? protocol : `${protocol}@3`),
      gallery: 0,
    });
    await folder.writeSamples(evaluation.id, samples);
    evaluations.push(evaluation);
    const { split, digest, length } = dataset;
    data.push({ dataset: name, split, digest, samples: length, licence: "", source: "" });
  }
  contender.dispose?.();
  const now = new Date().toISOString();
  await folder.writeRecord({
    schema: RECORD_SCHEMA,
    id,
    paper: raft.paper,
    status: "complete",
    scale: "raft-small.pth on nine pairs of four datasets",
    notes: [],
    startedAt: now,
    finishedAt: now,
    seed: 0,
    commands: [],
    environment: await captureEnvironment("webgpu", null),
    data,
    training: null,
    evaluations,
    comparisons: [],
  });
}

Deno.test({
  name: "a RAFT broken on purpose is caught on real frames, the same twice is not",
  ignore: real === null,
  async fn(t) {
    await useBackend("webgpu");
    const folder = await Deno.makeTempDir({ prefix: "reflow-compare-" });
    const compare = async (...args: string[]) => {
      const finished = await run("cli/compare.ts", [...args, "--json"], folder, "files");
      assert(finished.stdout !== "", finished.stderr);
      return { ...finished, report: JSON.parse(finished.stdout) as ComparisonReport };
    };
    try {
      const runs = join(folder, "runs");
      await scoredRun(runs, "good", await contenderOf({}, sha256("weights")));
      await t.step("the same model twice: exit 0", async () => {
        await scoredRun(runs, "twice", await contenderOf({}, sha256("weights")));
        const { code, report } = await compare("good", "twice");
        assertEquals([code, report.verdict], [0, "same"]);
        assert(report.evaluations.every(({ reason }) => reason.includes("to the last bit")));
      });
      for (const [name, fault] of Object.entries(FAULTS)) {
        await t.step(`${name}: exit 1, with the samples that moved`, async () => {
          const id = name.replaceAll(/[^a-z0-9]+/g, "-");
          await scoredRun(runs, id, await contenderOf(fault, sha256("weights")));
          const out = join(folder, `${id}.html`);
          const { code, report } = await compare("good", id, "--out", out);
          assertEquals([code, report.verdict], [1, "worse"], JSON.stringify(report.reasons));
          const moved = report.evaluations.flatMap(({ flips }) => flips);
          assert(moved.some(({ change }) => change > 0));
          const page = await Deno.readTextFile(out);
          for (const flip of moved) assertStringIncludes(page, `<code>${flip.id}</code>`);
        });
      }
      await t.step(
        "as other weights, a fault must be beyond the noise of nine scenes",
        async () => {
          const fault = FAULTS["correlation scaled wrongly"];
          await scoredRun(runs, "other", await contenderOf(fault, sha256("other weights")));
          const { code, report } = await compare("good", "other");
          assertEquals([code, report.together?.verdict], [1, "worse"], report.together?.reason);
          assertEquals(report.together!.units, 9);
        },
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
