import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { packed, type Picture } from "../../base/arrays.ts";
import { backward } from "../../nn/backward.ts";
import { useBackend } from "../../nn/backend.ts";
import { readSafetensors, type SafetensorsFile } from "../../nn/weights/safetensors.ts";
import { type StateDict, toFloat32 } from "../../nn/weights/tensor_file.ts";
import {
  deterministicPair,
  deterministicTensor,
  sampledIndices,
} from "../../tests/reference/deterministic_weights.ts";
import names from "../../tests/reference/fixtures/raft/names.json" with { type: "json" };
import { sequenceLoss } from "./loss.ts";
import { large, Raft, type RaftConfig, small } from "./model.ts";
import { configOf, underOfficialNames } from "./weights.ts";

await useBackend("webgpu");

type ModelName = "large" | "small";
const configs: Record<ModelName, RaftConfig> = { large, small };

/** Official names with shapes and torchvision's names. */
const tensorsOf = (model: ModelName) =>
  Object.entries<{ shape: number[]; torchvision: string | null }>(names[`raft_${model}`].tensors);

function deterministicWeights(model: ModelName): StateDict {
  const dict: StateDict = new Map();
  for (const [name, { shape }] of tensorsOf(model)) {
    const own = name.replace(/downsample\.1/, model === "large" ? "norm3" : "norm4");
    const data = deterministicTensor(own, shape);
    const isCounter = name.endsWith("num_batches_tracked");
    dict.set(
      name,
      isCounter
        ? { dtype: "I64", shape: [], data: BigInt64Array.of(0n) }
        : { dtype: "F32", shape, data },
    );
  }
  return dict;
}

function deterministicModel(model: ModelName, largestVolume?: number): Raft {
  const raft = new Raft(configs[model], 0, largestVolume);
  raft.network.load(deterministicWeights(model), "deterministic weights");
  return raft;
}

function stacked(pictures: Picture[]): tf.Tensor4D {
  const [height, width] = pictures[0].shape;
  const data = new Float32Array(pictures.length * height * width * 3);
  pictures.forEach((picture, i) => data.set(packed(picture), i * height * width * 3));
  return tf.tensor4d(data, [pictures.length, height, width, 3]);
}

const fixture = (name: string) =>
  readSafetensors(
    new URL(`../../tests/reference/fixtures/raft/${name}.safetensors`, import.meta.url).pathname,
  );
const values = (file: SafetensorsFile, name: string) => toFloat32(file.tensors.get(name)!);

function largestDifference(a: Float32Array, b: Float32Array): number {
  assertEquals(a.length, b.length);
  return a.reduce((top, x, i) => Math.max(top, Math.abs(x - b[i])), 0);
}

Deno.test("Raft has the official parameters, by name, shape and number", () => {
  for (const model of ["large", "small"] as const) {
    const raft = new Raft(configs[model]);
    assertEquals(raft.network.size, model === "large" ? 5_257_536 : 990_162);
    raft.dispose();
  }
});

for (const model of ["large", "small"] as const) {
  Deno.test(`Raft (${model}) loads official, prefixed and torchvision names alike`, async () => {
    const official = deterministicWeights(model);
    const prefixed: StateDict = new Map([...official].map(([k, v]) => [`module.${k}`, v]));
    const torchvision: StateDict = new Map(
      tensorsOf(model).filter(([, { torchvision }]) => torchvision)
        .map(([name, { torchvision }]) => [torchvision!, official.get(name)!]),
    );
    for (const dict of [official, prefixed, torchvision]) {
      const renamed = underOfficialNames(dict);
      assertEquals(configOf(renamed, "test"), configs[model]);
      const raft = new Raft(configs[model]);
      raft.network.load(renamed, "test");
      const back = await raft.network.stateDict();
      assertEquals([...back.keys()].sort(), [...official.keys()].sort());
      for (const [name, tensor] of back) assertEquals(tensor.data, official.get(name)!.data, name);
      raft.dispose();
    }
  });

  for (const path of ["all-pairs volume", "on demand"]) {
    Deno.test(`Raft (${model}, ${path}) equals torchvision after 12 iterations`, async () => {
      const reference = await fixture(`forward_${model}`);
      const raft = deterministicModel(model, path === "on demand" ? 0 : undefined);
      const pair = deterministicPair(
        ...JSON.parse(reference.metadata.picture_pair) as [string, number, number, number, number],
      );
      const [image1, image2] = pair.map((picture) => stacked([picture]));
      const { flows: [flow], coarse } = raft.infer(image1, image2, [12]);
      const got = await flow.data() as Float32Array;
      assert(largestDifference(got, values(reference, "flow")) < 1e-3);
      tf.dispose([image1, image2, flow, coarse]);
      raft.dispose();
    });
  }
}

for (const name of ["small", "large_batch_norm_frozen", "large_batch_norm_training"]) {
  Deno.test(`every gradient of Raft (${name}) equals PyTorch's`, async () => {
    const model = name.startsWith("large") ? "large" : "small";
    const reference = await fixture(`gradients_${name}`);
    const batch = await fixture("training_batch");
    const raft = deterministicModel(model);
    raft.batchNormMode.batchStatistics = name.endsWith("training");
    const pairs = (JSON.parse(reference.metadata.picture_pairs) as [
      string,
      number,
      number,
      number,
      number,
    ][]).map((pair) => deterministicPair(...pair));
    const images = [0, 1].map((i) => stacked(pairs.map((pair) => pair[i])));
    const flow = tf.tensor4d(values(batch, "flow"), [2, 64, 64, 2]);
    const valid = tf.tensor4d(values(batch, "valid"), [2, 64, 64, 1]);
    const { trainable } = raft.network;
    const { value, grads } = backward(
      () => sequenceLoss(raft.predictions(images[0], images[1], 3), flow, valid, 0.8),
      trainable.map(({ tensor }) => tensor),
    );
    raft.network.afterStep();

    const loss = (await value.data())[0];
    assertAlmostEquals(loss, Number(reference.metadata.loss), 1e-4);
    const stats = JSON.parse(reference.metadata.stats) as Record<
      string,
      { norm: number; sum: number; max: number }
    >;
    const whole = Number(reference.metadata.gradient_norm);
    assertEquals(trainable.map((p) => p.name).sort(), Object.keys(stats).sort());
    let squares = 0;
    for (let i = 0; i < trainable.length; i++) {
      const { name, shape } = trainable[i];
      const device = await grads[i].data() as Float32Array;
      const gradient = shape.length === 4 ? toOfficial(device, shape) : device;
      const { norm, max } = stats[name];
      // A bias in front of a normalisation has a gradient of zero; only rounding is left of it.
      const scale = Math.max(max, 1e-4 * whole);
      const picked = reference.tensors.has(`gradient/${name}`)
        ? gradient
        : Float32Array.from(sampledIndices(name, gradient.length), (at) => gradient[at]);
      const wanted = reference.tensors.has(`gradient/${name}`)
        ? values(reference, `gradient/${name}`)
        : values(reference, `samples/${name}`);
      const off = largestDifference(picked, wanted) / scale;
      assert(off < 1e-3, `${name}: ${off}`);
      const own = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
      assertAlmostEquals(own, norm, 1e-3 * Math.max(norm, 1e-4 * whole), name);
      squares += own ** 2;
    }
    assertAlmostEquals(Math.sqrt(squares), whole, 1e-4 * whole);

    const state = await raft.network.stateDict();
    for (const key of reference.tensors.keys()) {
      if (!key.startsWith("after/") || key.endsWith("num_batches_tracked")) continue;
      const got = toFloat32(state.get(key.slice("after/".length))!);
      assert(largestDifference(got, values(reference, key)) < 1e-5, key);
    }
    tf.dispose([images, flow, valid, value, grads]);
    raft.dispose();
  });
}

/** HWIO to OIHW. */
function toOfficial(data: Float32Array, [o, i, h, w]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const oo = at % o, ii = Math.floor(at / o) % i, tap = Math.floor(at / (o * i));
    out[(oo * i + ii) * h * w + tap] = data[at];
  }
  return out;
}
