import type * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { RunFolder } from "../../benchmarks/run_folder.ts";
import { withFolder } from "../../datasets/store/small_store.ts";
import { useBackend } from "../../nn/backend.ts";
import { fixture, onDevice } from "../../nn/kernels/kernel_test_support.ts";
import { oneCycle } from "../../nn/schedules.ts";
import { deterministicPair } from "../../tests/reference/deterministic_weights.ts";
import { batchOf } from "../../tests/reference/flow_fixture.ts";
import reference from "../../tests/reference/fixtures/raft/training_steps.json" with {
  type: "json",
};
import { type Stage, train } from "../training.ts";
import { sequenceLoss } from "./loss.ts";
import { deterministicModel } from "../../tests/reference/raft_models.ts";

await useBackend("webgpu");

type Label = keyof typeof reference.steps;
type PairArguments = Parameters<typeof deterministicPair>;

const { tensors: truth } = await fixture("training_batch");

/**
 * How far each step may be from float64, relative to it. PyTorch's own float32 is off by up to 8e-5 of
 * the loss and 4e-4 of the norm: AdamW's first updates have the size of the learning rate, however
 * small the gradient and whatever rounding made of its sign.
 */
const LOSS = [1e-6, 2e-5, 1e-4, 5e-4], NORM = [1e-4, 1e-3, 2e-3, 2e-3];

for (const label of Object.keys(reference.steps) as Label[]) {
  Deno.test(`four training steps of Raft (${label}) are PyTorch's`, () =>
    withFolder(async (runs) => {
      const { iterations, gamma, clip, weight_decay, max_rate, num_steps, steps } = reference;
      const { picture_pairs, float64: expected } = steps[label];
      const raft = deterministicModel(label === "small" ? "small" : "large");
      const stage: Stage = {
        name: label,
        steps: expected.length,
        optimizer: {
          ...{ kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
          ...{ weightDecay: weight_decay, clipNorm: clip },
        },
        schedule: oneCycle({ maximum: max_rate, totalSteps: num_steps + 100, warmUp: 0.05 }),
        begin() {
          raft.batchNormMode.batchStatistics = label === "large_batch_norm_training";
        },
        batch() {
          const pairs = (picture_pairs as PairArguments[]).map((pair) =>
            deterministicPair(...pair)
          );
          const [image1, image2] = batchOf(pairs);
          const valid = onDevice<tf.Tensor4D>({ ...truth.valid, shape: [2, 64, 64, 1] });
          return Promise.resolve({ image1, image2, flow: onDevice(truth.flow), valid });
        },
        loss(batch) {
          const { image1, image2, flow, valid } = batch as Record<string, tf.Tensor4D>;
          return sequenceLoss(raft.predictions(image1, image2, iterations), flow, valid, gamma);
        },
      };
      const folder = await RunFolder.create(runs, label);
      const job = { network: raft.network, stages: [stage], configHash: label };
      await train(job, { folder, resume: false, checkpointEvery: 100 });
      raft.dispose();

      const curves = await folder.readCurves();
      assertEquals(curves.length, expected.length);
      for (const [i, { loss, gradient_norm, learning_rate }] of expected.entries()) {
        const { values } = curves[i], what = `step ${i + 1}`;
        assertAlmostEquals(values["learning rate"], learning_rate, 1e-9 * learning_rate, what);
        assertAlmostEquals(values.loss, loss, LOSS[i] * loss, `loss of ${what}`);
        const norm = values["gradient norm"];
        assertAlmostEquals(norm, gradient_norm, NORM[i] * gradient_norm, `norm of ${what}`);
      }
    }));
}
