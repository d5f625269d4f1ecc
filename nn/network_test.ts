import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { DataError } from "../base/errors.ts";
import { randomStream } from "../base/random.ts";
import { constant, normal } from "./initializers.ts";
import "./kernels/kernel_test_support.ts";
import { Network, Scope } from "./network.ts";
import type { StateDict, StoredTensor } from "./weights/tensor_file.ts";

/** A network with one tensor of every kind; `down` names what is below `norm` again. */
function example(seed: number): Network {
  const network = new Network(randomStream(seed));
  const root = new Scope(network);
  root.at("conv").parameter("weight", [2, 3, 1, 5], normal(1));
  const norm = root.at("block").at("norm");
  norm.parameter("weight", [4], normal(1));
  norm.buffer("running_mean", [4], constant(seed));
  network.counter(norm.name("num_batches_tracked")).value = seed;
  network.alias("block.down", norm.path);
  return network;
}

const f32 = (shape: number[], values: Iterable<number>): StoredTensor => ({
  dtype: "F32",
  shape,
  data: Float32Array.from(values),
});

Deno.test("parameters have official names and shapes, buffers are not trained", async () => {
  const network = example(1);
  assertEquals(network.trainable.map(({ name }) => name), ["conv.weight", "block.norm.weight"]);
  assertEquals(network.all.length, 3);
  assertEquals(network.size, 30 + 4);
  const dict = await network.stateDict();
  assertEquals([...dict].map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`), [
    "conv.weight F32 [2,3,1,5]",
    "block.norm.weight F32 [4]",
    "block.down.weight F32 [4]",
    "block.norm.running_mean F32 [4]",
    "block.down.running_mean F32 [4]",
    "block.norm.num_batches_tracked I64 []",
    "block.down.num_batches_tracked I64 []",
  ]);
  network.dispose();
});

Deno.test("filters are OIHW in files and HWIO on the device", async () => {
  const network = new Network(randomStream(0));
  const init = () => Float32Array.from({ length: 30 }, (_, i) => i);
  const filter = new Scope(network).parameter("weight", [2, 3, 1, 5], init);
  assertEquals(filter.shape, [1, 5, 3, 2]);
  const values = await filter.array() as number[][][][];
  assertEquals(values[0][4][2][1], (1 * 3 + 2) * 5 + 4);
  assertEquals((await network.stateDict()).get("weight"), f32([2, 3, 1, 5], init()));
  network.dispose();
});

Deno.test("first values depend on seed and name alone", async () => {
  const [one, other] = [example(1), new Network(randomStream(1))];
  new Scope(other).at("block").at("norm").parameter("weight", [4], normal(1));
  const name = "block.norm.weight";
  assertEquals((await one.stateDict()).get(name), (await other.stateDict()).get(name));
  one.dispose();
  other.dispose();
});

Deno.test("two parameters of one name are an error", () => {
  const network = new Network(randomStream(0));
  const scope = new Scope(network);
  scope.parameter("weight", [1], constant(0));
  assertThrows(() => scope.buffer("weight", [1], constant(0)), Error, "weight exists already");
  network.dispose();
});

Deno.test("loading what was saved gives the same network, in the same tensors", async () => {
  const [from, to] = [example(1), example(2)];
  const tensors = to.all.map(({ tensor }) => tensor);
  const { numTensors } = tf.memory();
  to.load(await from.stateDict(), "weights.safetensors");
  assertEquals(await to.stateDict(), await from.stateDict());
  assertEquals(to.all.every(({ tensor }, i) => tensor === tensors[i]), true);
  assertEquals(tf.memory().numTensors, numTensors);
  from.dispose();
  to.dispose();
});

Deno.test("one of two names is enough, and a counter may be missing", async () => {
  const [from, to] = [example(1), example(2)];
  const dict = await from.stateDict();
  dict.delete("block.norm.weight");
  dict.delete("block.norm.num_batches_tracked");
  dict.delete("block.down.num_batches_tracked");
  to.load(dict, "weights.safetensors");
  const loaded = await to.stateDict();
  assertEquals(loaded.get("block.norm.weight"), dict.get("block.down.weight"));
  assertEquals(loaded.get("block.norm.num_batches_tracked")!.data, BigInt64Array.of(2n));
  from.dispose();
  to.dispose();
});

const faults: Record<string, [spoil: (dict: StateDict) => void, reason: RegExp]> = {
  "a missing tensor": [(dict) => dict.delete("conv.weight"), /conv\.weight is missing/],
  "an unknown tensor": [
    (dict) => dict.set("extra", f32([1], [0])),
    /extra is not in the model/,
  ],
  "another shape of as many numbers": [
    (dict) => dict.get("conv.weight")!.shape = [2, 3, 5, 1],
    /conv\.weight has shape \[2,3,5,1\], the model's has \[2,3,1,5\]/,
  ],
  "a counter that is no single number": [
    (dict) => {
      for (const name of ["norm", "down"]) {
        dict.set(`block.${name}.num_batches_tracked`, f32([2], [1, 2]));
      }
    },
    /num_batches_tracked has shape \[2\]/,
  ],
  "two names of one tensor with unlike values": [
    (dict) => dict.set("block.down.weight", f32([4], [0, 0, 0, 0])),
    /block\.down\.weight differs from block\.norm\.weight/,
  ],
  "more faults than fit in a line": [
    (dict) => {
      dict.clear();
      for (const name of ["p", "q"]) dict.set(name, f32([], [0]));
    },
    /conv\.weight is missing; .*; .* \(and 2 more\)$/,
  ],
};

for (const [fault, [spoil, reason]] of Object.entries(faults)) {
  Deno.test(`loading refuses ${fault} and takes nothing over`, async () => {
    const [from, to] = [example(1), example(2)];
    const dict = await from.stateDict();
    spoil(dict);
    const before = await to.stateDict();
    const error = assertThrows(() => to.load(dict, "weights.safetensors"), DataError);
    assertEquals(error.path, "weights.safetensors");
    assertMatch(error.reason, reason);
    assertEquals(await to.stateDict(), before);
    from.dispose();
    to.dispose();
  });
}
