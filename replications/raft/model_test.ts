import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { backward } from "../../nn/backward.ts";
import { fixture, onDevice, take } from "../../nn/kernels/kernel_test_support.ts";
import { type StateDict, toFloat32 } from "../../nn/weights/tensor_file.ts";
import {
  assertFlowGradients,
  flowFixture,
  largestDifference,
} from "../../tests/reference/flow_fixture.ts";
import { sequenceLoss } from "./loss.ts";
import { Raft } from "./model.ts";
import {
  configs,
  deterministicModel,
  deterministicWeights,
  tensorsOf,
} from "../../tests/reference/raft_models.ts";
import { configOf, underOfficialNames } from "./weights.ts";

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
      const { tensors, images } = await flowFixture(`raft/forward_${model}`);
      const raft = deterministicModel(model, path === "on demand" ? 0 : undefined);
      const { flows: [flow], coarse } = raft.infer(...images, [12]);
      assert(largestDifference((await take(flow)).data, tensors.flow.data) < 1e-3);
      tf.dispose([...images, coarse]);
      raft.dispose();
    });
  }
}

for (const name of ["small", "large_batch_norm_frozen", "large_batch_norm_training"]) {
  Deno.test(`every gradient of Raft (${name}) equals PyTorch's`, async () => {
    const model = name.startsWith("large") ? "large" : "small";
    const { tensors, metadata, images } = await flowFixture(`raft/gradients_${name}`);
    const { tensors: truth } = await fixture("training_batch");
    const raft = deterministicModel(model);
    raft.batchNormMode.batchStatistics = name.endsWith("training");
    const flow = onDevice<tf.Tensor4D>(truth.flow);
    const valid = onDevice<tf.Tensor4D>({ ...truth.valid, shape: [2, 64, 64, 1] });
    const { value, grads } = backward(
      () => sequenceLoss(raft.predictions(...images, 3), flow, valid, 0.8),
      raft.network.trainable.map(({ tensor }) => tensor),
    );
    raft.network.afterStep();

    const loss = (await value.data())[0];
    assertAlmostEquals(loss, metadata.loss as number, 1e-4);
    const whole = metadata.gradient_norm as number;
    // A bias in front of a normalisation has a gradient of zero; only rounding is left of it.
    const noise = 1e-4 * whole;
    const norm = await assertFlowGradients({ tensors, metadata }, raft.network, grads, noise);
    assertAlmostEquals(norm, whole, 1e-4 * whole);

    const state = await raft.network.stateDict();
    for (const [key, { data }] of Object.entries(tensors)) {
      if (!key.startsWith("after/") || key.endsWith("num_batches_tracked")) continue;
      const got = toFloat32(state.get(key.slice("after/".length))!);
      assert(largestDifference(got, data) < 1e-5, key);
    }
    tf.dispose([...images, flow, valid, value]);
    raft.dispose();
  });
}
