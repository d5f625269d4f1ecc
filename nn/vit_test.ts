import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { randomStream } from "../base/random.ts";
import { backward } from "./backward.ts";
import { assertClose, drawn, onDevice, take } from "./kernels/kernel_test_support.ts";
import {
  assertModuleGradients,
  type ModuleFixture,
  moduleFixture,
  withDeterministicWeights,
} from "../tests/reference/module_fixture.ts";
import { Network, Scope } from "./network.ts";
import { dinoVits, Vit, type VitConfig } from "./vit.ts";

async function fixture(name: string): Promise<{ vit: Vit; network: Network; file: ModuleFixture }> {
  const file = await moduleFixture(`guess_what_moves/${name}`);
  const network = new Network(randomStream(0));
  const vit = new Vit(new Scope(network), file.metadata.config as VitConfig);
  withDeterministicWeights(network);
  return { vit, network, file };
}

for (const name of ["vit", "vit_own_grid"]) {
  Deno.test(`${name}: tokens, attention, keys and every gradient agree with PyTorch`, async () => {
    const { vit, network, file } = await fixture(name);
    const pictures = tf.variable(onDevice<tf.Tensor4D>(file.tensors["input/pictures"]));
    const blocks = Object.keys(file.tensors).filter((key) => key.startsWith("output/keys_"))
      .map((key) => Number(key.slice("output/keys_".length)));
    const outputs = (): Record<string, tf.Tensor> => {
      const { tokens, attention } = vit.run(pictures as unknown as tf.Tensor4D);
      const first = tf.reshape(
        tf.slice(attention, [0, 0, 0, 0], [-1, -1, 1, -1]),
        [...attention.shape.slice(0, 2), attention.shape[3]],
      );
      const keys = vit.keys(pictures as unknown as tf.Tensor4D, blocks);
      return {
        tokens,
        class_attention: first,
        ...Object.fromEntries(keys.map((map, i) => [`keys_${blocks[i]}`, map])),
      };
    };
    for (const [key, tensor] of Object.entries(tf.tidy(outputs))) {
      assertClose(await take(tensor), file.tensors[`output/${key}`], 1e-4, key);
    }
    await assertModuleGradients(file, network, { pictures }, outputs);
  });
}

Deno.test("without a tape nothing is left behind but the result", () => {
  const network = new Network(randomStream(0));
  const vit = new Vit(new Scope(network), { patch: 4, width: 8, depth: 3, heads: 2, grid: 3 });
  const pictures = tf.zeros<tf.Rank.R4>([1, 12, 16, 3]);
  vit.run(pictures);
  const before = tf.memory().numTensors;
  const { tokens, attention, grid } = vit.run(pictures);
  const keys = vit.keys(pictures, [0, 2]);
  assertEquals(grid, [3, 4]);
  assertEquals(tokens.shape, [1, 13, 8]);
  assertEquals(attention.shape, [1, 2, 13, 13]);
  assertEquals(keys.map(({ shape }) => shape), [[1, 3, 4, 8], [1, 3, 4, 8]]);
  assertEquals(tf.memory().numTensors - before, 4);
});

Deno.test("gradients of keys reach their block's projection and nothing after it", async () => {
  const network = new Network(randomStream(0));
  const vit = new Vit(new Scope(network), { patch: 4, width: 8, depth: 3, heads: 2, grid: 3 });
  const pictures = onDevice<tf.Tensor4D>(drawn("pictures", [1, 12, 12, 3]));
  const parameters = network.trainable;
  const { grads } = backward(
    () => tf.sum(tf.square(vit.keys(pictures, [1])[0])),
    parameters.map(({ tensor }) => tensor),
  );
  for (const [i, { name }] of parameters.entries()) {
    const { data } = await take(grads[i]);
    const after = /^blocks\.(2|1\.(norm2|mlp|attn\.proj))|^norm/.test(name);
    assertEquals(data.some((value) => value !== 0), !after, name);
  }
});

/** Parameters of a vision transformer, counted from its layers. */
function parametersOf({ patch, width, depth, grid }: VitConfig): number {
  const block = 12 * width ** 2 + 13 * width;
  return depth * block + 2 * width + width * (3 * patch ** 2 + 1) + width * (2 + grid ** 2);
}

Deno.test("DINO's sizes have as many parameters as its models", () => {
  const network = new Network(randomStream(0));
  const config = { patch: 4, width: 8, depth: 3, heads: 2, grid: 3 };
  new Vit(new Scope(network), config);
  assertEquals(network.size, parametersOf(config));
  assertEquals(parametersOf(dinoVits["vit-s/16"]), 21_665_664);
  assertEquals(parametersOf(dinoVits["vit-b/8"]), 85_807_872);
});
