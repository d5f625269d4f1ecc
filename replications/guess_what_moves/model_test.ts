import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertNotEquals } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { assertClose, onDevice, take } from "../../nn/kernels/kernel_test_support.ts";
import { Network, Scope } from "../../nn/network.ts";
import names from "../../tests/reference/fixtures/guess_what_moves/names.json" with {
  type: "json",
};
import {
  assertModuleGradients,
  moduleFixture,
  withDeterministicWeights,
} from "../../tests/reference/module_fixture.ts";
import type { StateDict } from "../../nn/weights/tensor_file.ts";
import type { DropoutMode } from "./decoder.ts";
import {
  cropOrResize,
  Head,
  type HeadConfig,
  officialHead,
  ownWeights,
  pixelDecoder,
  predictor,
} from "./model.ts";

/** The fixtures' size: {@link HeadConfig} in the words of the script that made them. */
interface Size {
  readonly width: number;
  readonly mask: number;
  readonly groups: number;
  readonly queries: number;
  readonly heads: number;
  readonly hidden: number;
  readonly layers: number;
}

const configOf = ({ queries, heads, hidden, layers, ...size }: Size): HeadConfig => ({
  ...size,
  segments: queries,
  doublings: 2,
  decoder: { heads, hidden, layers, dropout: 0.1 },
});

const small: HeadConfig = {
  ...{ width: 8, mask: 8, groups: 2, segments: 3, doublings: 0 },
  decoder: { heads: 2, hidden: 8, layers: 1, dropout: 0.3 },
};

const still: DropoutMode = { seed: null };
const maps = (inputs: Record<string, tf.Variable>) =>
  Object.values(inputs) as tf.Tensor[] as tf.Tensor4D[];

/** Builds a module of a fixture's size, and checks outputs and gradients. */
async function check(
  name: string,
  output: string,
  build: (
    root: Scope,
    channels: readonly number[],
    config: HeadConfig,
    size: readonly [number, number],
  ) => (inputs: Record<string, tf.Variable>) => tf.Tensor,
): Promise<void> {
  const file = await moduleFixture(`guess_what_moves/${name}`);
  const network = new Network(randomStream(0));
  const { channels, head, size } = file.metadata as {
    channels: number[];
    head: Size;
    size: [number, number];
  };
  const run = build(new Scope(network), channels, configOf(head), size);
  withDeterministicWeights(network);
  const inputs = Object.fromEntries(
    Object.entries(file.tensors).filter(([key]) => key.startsWith("input/"))
      .map(([key, tensor]) => [key.slice("input/".length), tf.variable(onDevice(tensor))]),
  );
  const outputs = () => ({ [output]: run(inputs) });
  assertClose(await take(tf.tidy(outputs)[output]), file.tensors[`output/${output}`], 1e-4, name);
  await assertModuleGradients(file, network, inputs, outputs);
}

for (const name of ["pixel_decoder", "pixel_decoder_pyramid"]) {
  Deno.test(`${name}: features and every gradient agree with PyTorch`, () =>
    check(name, "features", (root, channels, config) => {
      const decode = pixelDecoder(root.at("sem_seg_head").at("pixel_decoder"), channels, config);
      return (inputs) => decode(maps(inputs));
    }));
}

Deno.test("the transformer predictor and every gradient agree with PyTorch", () =>
  check("predictor", "embeddings", (root, channels, config) => {
    const at = root.at("sem_seg_head").at("predictor");
    const predict = predictor(at, channels.at(-1)!, config, still);
    return ({ res5 }) => predict(res5 as tf.Tensor as tf.Tensor4D);
  }));

for (const name of ["head_cropped", "head_resized"]) {
  Deno.test(`${name}: logits and every gradient agree with PyTorch`, () =>
    check(name, "logits", (root, channels, config, [height, width]) => {
      const head = new Head(root, channels, config, still);
      return (inputs) => head.run(maps(inputs), height, width);
    }));
}

Deno.test("the published size has the official names, shapes and number of parameters", async () => {
  const network = new Network(randomStream(0));
  new Head(new Scope(network), [768, 768, 768, 768], officialHead, still);
  const dict = await network.stateDict();
  const shapes = Object.fromEntries([...dict].map(([name, { shape }]) => [name, shape]));
  assertEquals(shapes, names.tensors);
  assertEquals(network.size, names.parameters);
  assertEquals(network.size, 15_901_662);
  network.dispose();
});

Deno.test("dropout changes what a head says, the same way for the same seed", async () => {
  const mode: DropoutMode = { seed: null };
  const head = new Head(new Scope(new Network(randomStream(0))), [4, 4], small, mode);
  const features = [8, 4].map((side) => tf.ones<tf.Rank.R4>([1, side, side, 4]));
  const logits = async (seed: number | null) => {
    mode.seed = seed === null ? null : tf.tensor1d([seed], "int32");
    return (await take(head.run(features, 8, 8))).data;
  };
  assertEquals(await logits(1), await logits(1));
  assertNotEquals(await logits(1), await logits(2));
  assertNotEquals(await logits(1), await logits(null));
});

Deno.test("cropOrResize() crops as torchvision rounds", async () => {
  const x = tf.tensor4d(Array.from({ length: 23 * 22 }, (_, i) => i), [1, 23, 22, 1]);
  const { data, shape } = await take(cropOrResize(x, 22, 22));
  assertEquals([shape, data[0]], [[1, 22, 22, 1], 0]); // margin 1: half is 0.5, rounded to 0
  assertEquals((await take(cropOrResize(x, 21, 21))).data[0], 22);
  assertEquals((await take(cropOrResize(x, 23, 22))).data.length, 23 * 22);
});

Deno.test("the loss' constant in an official checkpoint is no weight of the model", async () => {
  const network = new Network(randomStream(0));
  new Head(new Scope(network), [4, 4], small, still);
  const dict = await network.stateDict();
  const official: StateDict = new Map(
    [...dict].map(([name, tensor]) => [`module.${name}`, tensor]),
  );
  const constant = { dtype: "F32", shape: [2], data: Float32Array.of(1, 0.1) } as const;
  official.set("module.criterion.empty_weight", { ...constant, shape: [2] });
  assertEquals([...ownWeights(official).keys()], [...dict.keys()]);
  network.load(ownWeights(official), "official.pth");
});
