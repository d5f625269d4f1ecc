/**
 * What of RAFT is worth timing: its convolutions, inference, a training step, growth with the
 * picture, and the way from a cold start to the first flow.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "@std/path";
import { packed, type Picture } from "../../base/arrays.ts";
import { exists } from "../../base/files.ts";
import type { Contest, SpeedCase, SpeedGroup } from "../../base/speed_case.ts";
import { type OnnxInput, type OnnxProvider, openOnnx } from "../../benchmarks/onnx/session.ts";
import { demoConfig } from "../../datasets/moving_shapes/config.ts";
import { writePng } from "../../datasets/formats/picture.ts";
import { renderVideo } from "../../datasets/moving_shapes/mod.ts";
import { settle } from "../../nn/backend.ts";
import {
  convolutionCases,
  CONVOLUTIONS,
  kernelContest,
  optimizerCase,
  recordConvolutions,
} from "../../nn/speed.ts";
import { writeSafetensors } from "../../nn/weights/safetensors.ts";
import { pictureTensor } from "../flow_tensors.ts";
import { RaftContender } from "./contender.ts";
import { forwardGigamacs } from "./cost.ts";
import { large, Raft, small } from "./model.ts";
import { inChild, pointsOf } from "./speed_child.ts";
import { memoryCases, trainingCases } from "./speed_training.ts";
import { readRaftWeights } from "./weights.ts";

const HEIGHT = 128, WIDTH = 256, UPDATES = 12;
const SHAPE = `${HEIGHT}×${WIDTH}, ${UPDATES} updates`;

/** Operations of one inference. */
const INFERENCE = {
  amount: 2e9 * forwardGigamacs(small, HEIGHT, WIDTH, UPDATES),
  unit: "flop",
} as const;

/** Two frames of a generated video. */
function frames(height: number, width: number): [Picture, Picture] {
  const { frames } = renderVideo({ ...demoConfig, height, width }, "test", 0);
  return [frames.pick(0), frames.pick(1)] as [Picture, Picture];
}

/** The distinct convolutions of both models for one picture pair. */
function convolutionsOfRaft(): SpeedCase[] {
  const shapes = [small, large].flatMap((config) => {
    const model = new Raft(config);
    const picture = tf.zeros<tf.Rank.R4>([1, HEIGHT, WIDTH, 3]);
    try {
      return recordConvolutions(() => model.infer(picture, picture, [1]));
    } finally {
      picture.dispose();
      model.dispose();
    }
  });
  const distinct = new Map(shapes.map((shape) => [JSON.stringify(shape), shape]));
  return convolutionCases([...distinct.values()]);
}

/** The same model on both kernel sets. */
function inferenceContest(): Promise<Contest> {
  const model = new Raft(small);
  const pictures = frames(HEIGHT, WIDTH).map(pictureTensor);
  const [first, second] = pictures;
  const compute = () => model.infer(first, second, [UPDATES]).flows;
  const contest = kernelContest({ operands: pictures, compute }, 1e-3);
  const close = async () => {
    await contest.close();
    model.dispose();
  };
  return Promise.resolve({ ...contest, close });
}

/** Channels first, as PyTorch has it. */
function planes(view: Parameters<typeof packed>[0]): OnnxInput & { data: Float32Array } {
  const [height, width, channels] = view.shape;
  const values = packed(view), data = new Float32Array(values.length);
  const area = height * width;
  for (let i = 0; i < values.length; i++) {
    data[i % channels * area + Math.floor(i / channels)] = values[i];
  }
  return { shape: [1, channels, height, width], data };
}

/** Our model and its ONNX twin, from pictures on the host to flow on the host. */
async function onnxContest(path: string, provider: OnnxProvider): Promise<Contest> {
  const weights = path.replace(/\.onnx$/, ".safetensors");
  const { dict, config } = await readRaftWeights(weights);
  const model = new Raft(config);
  model.network.load(dict, weights);
  const contender = new RaftContender(model, {
    kind: "weights",
    name: "RAFT-small",
    digest: null,
    parameters: model.network.size,
  });
  const pair = frames(HEIGHT, WIDTH);
  const [image1, image2] = pair.map(planes);
  const twin = await openOnnx(path, provider);
  const done = () => Promise.resolve(); // both give their result only when it is there
  const ours = async () => [planes((await contender.predict(...pair, [UPDATES]))[0]).data];
  return {
    ours: { name: "ours", call: () => contender.predict(...pair, [UPDATES]), settle, result: ours },
    alternative: {
      name: `onnxruntime-web, ${provider === "webgpu" ? "WebGPU" : "WASM, one thread"}`,
      call: () => twin.run({ image1, image2 }),
      settle: done,
      result: async () => [(await twin.run({ image1, image2 })).data],
    },
    tolerance: 1e-3,
    async close() {
      contender.dispose();
      await twin.close();
    },
  };
}

/** Inference on our kernels against TensorFlow.js' and against onnxruntime-web. */
async function inferenceCases(dataDir: string): Promise<SpeedCase[]> {
  const path = join(dataDir, "bench", `raft-small-${HEIGHT}x${WIDTH}x${UPDATES}.onnx`);
  const present = await exists(path);
  const skipped = `There is no ${path}. On a machine with PyTorch and torchvision: ` +
    `python3 tests/reference/export_raft_onnx.py ${path}`;
  const about = { shape: SHAPE, work: INFERENCE };
  return [
    { name: "RAFT-small, both kernel sets", ...about, measure: { open: inferenceContest } },
    ...(["webgpu", "wasm"] as const).map((provider): SpeedCase => ({
      name: `RAFT-small, pictures to flow, ${provider === "webgpu" ? "ONNX WebGPU" : "ONNX WASM"}`,
      ...about,
      ...provider === "webgpu" ? { goal: 15, most: 3 } : { goal: 1 },
      measure: present ? { open: () => onnxContest(path, provider) } : { skipped },
    })),
  ];
}

/** Pictures of RAFT's benchmarks in size, each a multiple of 64. */
const SIZES = [[128, 256], [256, 512], [384, 768], [576, 1024], [1088, 1920]] as const;

/** Crops of a training step, each twice the height and width of the one before. */
const CROPS = [[64, 128], [128, 256], [256, 512]] as const;

/** Seconds from the start of `predict` to its end, with a cold shader cache and a warm one. */
async function readStart(repeats: number) {
  const folder = await Deno.makeTempDir({ prefix: "reflow-bench-" });
  try {
    const at = (name: string) => join(folder, name);
    const model = new Raft(small);
    await writeSafetensors(at("weights.safetensors"), await model.network.stateDict());
    model.dispose();
    for (const [i, picture] of frames(HEIGHT, WIDTH).entries()) {
      await writePng(at(`${i}.png`), picture);
    }
    const args = [
      ...["predict", at("0.png"), at("1.png"), "--weights", at("weights.safetensors")],
      ...["--out", at("flow.flo"), "--quiet"],
    ];
    const predict = async (cache: string) => {
      const started = performance.now();
      await inChild("replications/raft/main.ts", args, { MESA_SHADER_CACHE_DIR: cache });
      return (performance.now() - started) / 1000;
    };
    const cold: number[] = [], warm: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const cache = await Deno.makeTempDir({ dir: folder });
      cold.push(await predict(cache));
      warm.push(await predict(cache));
    }
    return {
      ours: { name: "warm shader cache", values: warm },
      alternative: { name: "cold shader cache", values: cold },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Groups about RAFT. */
export function raftGroups(dataDir: string): readonly SpeedGroup[] {
  return [
    {
      id: "conv-raft",
      title: "Convolutions of RAFT",
      about: `${CONVOLUTIONS} Those that the large and the small model call for 128×256 pictures.`,
      cases: convolutionsOfRaft,
    },
    {
      id: "optimizer",
      title: "Optimiser",
      about: "Clipping by the global norm and AdamW's update of all parameters, against a " +
        "composition of TensorFlow.js' operations.",
      cases: () => [
        optimizerCase("clipping and AdamW", "RAFT-small", () => new Raft(small).network),
      ],
    },
    {
      id: "raft-inference",
      title: "RAFT-small, inference",
      about: "The same model on both kernel sets; and from pictures to flow beside " +
        "onnxruntime-web, which runs torchvision's graph with the same weights.",
      cases: () => inferenceCases(dataDir),
    },
    {
      id: "raft-training",
      title: "RAFT, a training step",
      about:
        "The demo recipe's step (forward, backward, clipping, update, loss read back) on both " +
        "kernel sets. Correlation lookup has no counterpart in TensorFlow.js and is ours on both; so is " +
        "the way back over the tape.",
      datasets: ["moving-shapes"],
      cases: () => trainingCases(dataDir),
    },
    {
      id: "raft-memory",
      title: "RAFT, memory of a training step",
      about: "The most that living tensors hold on the device from the loss to the gradients, " +
        "copies in textures and the gradients included, parameters and optimiser not. " +
        "Recomputing runs residual blocks and iterations again on the way back.",
      datasets: ["moving-shapes"],
      cases: () => memoryCases(dataDir),
    },
    {
      id: "training-size",
      title: "RAFT-small and the crop it trains on",
      about: "Time and memory of a training step with 12 updates on a batch of one, each size in " +
        "a process of its own. The device's memory is counted as above.",
      sizes: () => pointsOf("training", CROPS),
    },
    {
      id: "size",
      title: "RAFT-small and the picture's size",
      about:
        "Time and peak memory of 12 updates, each size in a process of its own. The memory of " +
        "the process includes the runtime's, and on a software adapter the device's.",
      sizes: () => pointsOf("inference", SIZES),
    },
    {
      id: "start",
      title: "From start to first flow",
      about:
        "A process that compiles its pipelines, predicts one 128×256 pair and writes the flow. " +
        "The cache is Mesa's; other drivers keep theirs warm.",
      cases: () => [{
        name: "raft predict, RAFT-small",
        shape: SHAPE,
        most: 3,
        measure: { unit: "s", read: readStart },
      }],
    },
  ];
}
