import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type FlowField, ndarray, packed } from "../../base/arrays.ts";
import { evaluateFlow } from "../../benchmarks/evaluate.ts";
import { flowProtocol } from "../../benchmarks/protocols/protocol.ts";
import { forwardInterpolate } from "../../benchmarks/protocols/warm_start.ts";
import type { FlowDataset } from "../../datasets/sample.ts";
import { useBackend } from "../../nn/backend.ts";
import { readSafetensors } from "../../nn/weights/safetensors.ts";
import { type StateDict, toFloat32 } from "../../nn/weights/tensor_file.ts";
import {
  deterministicPair,
  deterministicTensor,
} from "../../tests/reference/deterministic_weights.ts";
import names from "../../tests/reference/fixtures/raft/names.json" with { type: "json" };
import { RaftContender } from "./contender.ts";
import { Raft, small } from "./model.ts";

await useBackend("webgpu");

const { tensors, metadata } = await readSafetensors(
  fromFileUrl(
    new URL("../../tests/reference/fixtures/raft/warm_start.safetensors", import.meta.url),
  ),
);
const fixture = (name: string): FlowField => {
  const tensor = tensors.get(name)!;
  return ndarray(toFloat32(tensor), [...tensor.shape]);
};

function contender(): RaftContender {
  const weights: StateDict = new Map(
    Object.entries(names.raft_small.tensors)
      .map((
        [name, { shape }],
      ) => [name, { dtype: "F32", shape, data: deterministicTensor(name, shape) }]),
  );
  const raft = new Raft(small);
  raft.network.load(weights, "deterministic weights");
  return new RaftContender(raft, { kind: "weights", name: "small", digest: null, parameters: 0 });
}

/** Largest distance between two fields. */
function apart(a: FlowField, b: FlowField): number {
  assertEquals(a.shape, b.shape);
  const [x, y] = [packed(a), packed(b)];
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0);
}

Deno.test("forwardInterpolate() moves a real flow as RAFT's code with scipy does", () => {
  assertEquals(apart(forwardInterpolate(fixture("before")), fixture("start")), 0);
});

Deno.test("a warm start gives the second pair of a sequence the flow it has in PyTorch", async () => {
  const model = contender();
  const [first, second] = deterministicPair("warm", 128, 136, 3, -5);
  const third = ndarray(new Uint8Array(packed(second).length), second.shape);
  for (let y = 0; y < 128; y++) {
    for (let x = 0; x < 136; x++) {
      for (const c of [0, 1, 2]) third.set((y + 3) % 128, (x + 131) % 136, c, second.get(y, x, c));
    }
  }
  const flow = ndarray(new Float32Array(2 * 128 * 136), [128, 136, 2]);
  const valid = ndarray(new Uint8Array(128 * 136).fill(1), [128, 136]);
  const pairs = [[first, second], [second, third]] as const;
  const dataset: FlowDataset = {
    ...{ id: "sintel-clean", split: "train", digest: "0".repeat(64), length: 2, sparse: false },
    read(i) {
      const [image1, image2] = pairs[i];
      return Promise.resolve({ id: `a/frame_000${i}`, image1, image2, flow, valid });
    },
  };
  const before = tf.memory().numTensors;
  const kept: FlowField[] = [];
  await evaluateFlow({
    contender: model,
    dataset,
    protocol: flowProtocol("sintel-raft-warm@3"),
    onPrediction: (_, flow) => Promise.resolve(void kept.push(flow)),
    gallery: 0,
  });
  assertEquals(tf.memory().numTensors, before);
  const warm = kept[1].step(4, 4, 1);
  assert(Number(metadata.changed_by) > 1, "the start makes a difference");
  const distance = apart(warm, fixture("flow"));
  assert(distance < 1e-3, `${distance} px from PyTorch's`);
  model.dispose();
});

Deno.test("RaftContender takes KITTI's and HD1K's pictures as RAFT's code pads them", () => {
  const model = contender();
  const padding = (dataset: string) => model.sizing(dataset).padding;
  assertEquals(["kitti-2015", "kitti-2012", "hd1k"].map(padding), ["kitti", "kitti", "kitti"]);
  assertEquals(["sintel-clean", "middlebury", ""].map(padding), ["sintel", "sintel", "sintel"]);
  model.dispose();
});
