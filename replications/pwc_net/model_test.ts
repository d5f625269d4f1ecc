import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ndarray, packed, type Picture } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import { pad } from "../../benchmarks/protocols/padding.ts";
import { backward } from "../../nn/backward.ts";
import { assertClose, take } from "../../nn/kernels/kernel_test_support.ts";
import type { Penalty } from "../../nn/kernels/vector_error.ts";
import type { StateDict } from "../../nn/weights/tensor_file.ts";
import {
  deterministicTensor,
  sampledIndices,
} from "../../tests/reference/deterministic_weights.ts";
import names from "../../tests/reference/fixtures/pwc_net/names.json" with { type: "json" };
import {
  assertFlowGradients,
  flowFixture,
  largestDifference,
} from "../../tests/reference/flow_fixture.ts";
import { PwcNetContender } from "./contender.ts";
import { LENGTH, multiScaleLoss, ROBUST } from "./loss.ts";
import { published, PwcNet, type PwcNetConfig, released } from "./model.ts";
import { configOf, underOfficialNames } from "./weights.ts";

type ModelName = "released" | "published";
const configs: Record<ModelName, PwcNetConfig> = { released, published };

/** Official names with shapes, and for the released model the converted names. */
const tensorsOf = (model: ModelName) =>
  Object.entries<{ shape: number[]; sniklaus?: string }>(names[model].tensors);

const deterministicWeights = (model: ModelName): StateDict =>
  new Map(
    tensorsOf(model).map(([name, { shape }]) =>
      [name, { dtype: "F32", shape, data: deterministicTensor(name, shape) }] as const
    ),
  );

const weights = {
  released: deterministicWeights("released"),
  published: deterministicWeights("published"),
};

const models = new Map<ModelName, PwcNet>();

/** One model of each kind for all tests: drawing millions of first values takes longer than a test. */
function deterministicModel(model: ModelName): PwcNet {
  const known = models.get(model);
  if (known) return known;
  const net = new PwcNet(configs[model]);
  net.network.load(weights[model], "deterministic weights");
  models.set(model, net);
  return net;
}

for (const model of ["released", "published"] as const) {
  Deno.test(`PwcNet (${model}) loads what it saves, by official names and shapes`, async () => {
    const net = deterministicModel(model);
    assertEquals(net.network.size, model === "released" ? 9_374_340 : 8_749_280);
    assertEquals(net.network.size, names[model].parameters);
    const back = await net.network.stateDict();
    assertEquals([...back.keys()].sort(), [...weights[model].keys()].sort());
    for (const [name, { shape, data }] of back) {
      assertEquals(shape, weights[model].get(name)!.shape, name);
      assert(
        largestDifference(data as Float32Array, weights[model].get(name)!.data as Float32Array) ===
          0,
      );
    }
    assertEquals(configOf(back, "test"), configs[model]);
  });

  Deno.test(`PwcNet (${model}) equals the released code in PyTorch on every level`, async () => {
    const { tensors, metadata, pairs, images } = await flowFixture(`pwc_net/forward_${model}`);
    const net = deterministicModel(model);
    const [image1, image2] = images;
    const stats = metadata.feature_stats as Record<string, { norm: number; max: number }>;
    const features = tf.tidy(() => net.features(image1));
    for (let level = 1; level <= 6; level++) {
      const data = await features[level].data() as Float32Array;
      const { norm, max } = stats[level];
      const indices = sampledIndices(`features/${level}`, data.length, 1024);
      const picked = Float32Array.from(indices, (at) => data[at]);
      const off = largestDifference(picked, tensors[`features/${level}`].data) / max;
      assert(off < 1e-4, `features of level ${level}: ${off}`);
      assertAlmostEquals(Math.sqrt(data.reduce((sum, x) => sum + x * x, 0)), norm, 1e-4 * norm);
    }
    const flows = tf.tidy(() => net.flows(image1, image2));
    for (let level = 2; level <= 6; level++) {
      assertClose(await take(flows[level]), tensors[`flow/${level}`], 1e-4, `level ${level}`);
    }

    // The way of the released script, for pictures that were resized to these.
    const contender = new PwcNetContender(net, {
      ...{ kind: "weights", name: "it", digest: null, parameters: net.network.size },
    });
    const [quarter] = await contender.predict(...pairs[0], [1]);
    const [height, width] = metadata.size as [number, number];
    const blank: Picture = ndarray(new Uint8Array(height * width * 3), [height, width, 3]);
    const { padding, multiple } = contender.sizing();
    const full = pad(blank, padding, multiple).restore(quarter);
    const kept = packed(full.step(3, 3)) as Float32Array;
    assert(largestDifference(kept, tensors.full.data) < 1e-3);
    tf.dispose([...images, features.filter(Boolean)]);
  });
}

Deno.test("converted and prefixed names load like the released ones", () => {
  const official = weights.released;
  const prefixed: StateDict = new Map([...official].map(([k, v]) => [`module.${k}`, v]));
  const converted = (word: string): StateDict =>
    new Map(
      tensorsOf("released").filter(([, { sniklaus }]) => sniklaus).map(([name, { sniklaus }]) => [
        sniklaus!.replaceAll("module", word),
        official.get(name)!,
      ]),
    );
  assertEquals(converted("module").size, official.size - 2);
  for (const dict of [prefixed, converted("module"), converted("net")]) {
    const renamed = underOfficialNames(dict);
    assertEquals(configOf(renamed, "test"), released);
    assertEquals([...renamed.keys()].sort(), [...official.keys()].sort());
    for (const [name, { data }] of renamed) {
      if (dict === prefixed || !name.startsWith("deconv2")) {
        assert(data === official.get(name)!.data, name);
      }
    }
  }
});

/** Ground truth of the fixtures' batch: -8…8 px, a fifth of it unknown. */
function truth(): { flow: tf.Tensor4D; valid: tf.Tensor4D } {
  const [height, width] = [64, 128];
  const flows = randomStream(0, "pwc training", "flow");
  const known = randomStream(0, "pwc training", "valid");
  const planes = Float32Array.from(
    { length: 2 * 2 * height * width },
    () => flows.uniform() * 16 - 8,
  );
  const valid = Float32Array.from(
    { length: 2 * height * width },
    () => known.integer(0, 5) > 0 ? 1 : 0,
  );
  return {
    flow: tf.tidy(() => tf.transpose(tf.tensor4d(planes, [2, 2, height, width]), [0, 2, 3, 1])),
    valid: tf.tensor4d(valid, [2, height, width, 1]),
  };
}

const losses: Record<string, Penalty> = { length: LENGTH, robust: ROBUST };

Deno.test("both losses and every gradient of PwcNet equal PyTorch's", async () => {
  const net = deterministicModel("released");
  const { flow, valid } = truth();
  for (const [label, penalty] of Object.entries(losses)) {
    const reference = await flowFixture(`pwc_net/gradients_${label}`);
    const { value, grads } = backward(
      () => multiScaleLoss(net.flows(...reference.images), flow, valid, penalty),
      net.network.trainable.map(({ tensor }) => tensor),
    );
    const loss = reference.metadata.loss as number;
    assertAlmostEquals((await value.data())[0], loss, 1e-5 * loss);
    await assertFlowGradients(reference, net.network, grads);
    tf.dispose([...reference.images, value]);
  }
  tf.dispose([flow, valid]);
});
