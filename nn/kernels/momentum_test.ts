import * as tf from "@tensorflow/tfjs";
import {
  assertUpdates,
  chunksOnDevice,
  flat,
  type Layout,
  layouts,
  ODD,
} from "./flat_test_support.ts";
import { onDevice, sweep, SWEPT } from "./kernel_test_support.ts";
import { momentumOracle, type MomentumSettings, momentumUpdate } from "./momentum.ts";

const settings: MomentumSettings = { learningRate: 0.01, momentum: 0.9, weightDecay: 0.1 };

async function check(layout: Layout): Promise<void> {
  const arrays = {
    parameters: flat(layout, "parameters"),
    gradients: flat(layout, "gradients"),
    velocity: flat(layout, "velocity", 0.1),
  };
  const ratios = Float32Array.from(layout.stretches, (_, i) => i === 0 ? 1 : 0.1 * i);
  const chunks = chunksOnDevice(layout);
  const [factors, trust, clip] = [
    onDevice(layout.multipliers),
    tf.tensor1d(ratios),
    tf.tensor1d([0.5, 2]),
  ];
  await assertUpdates(
    arrays,
    (tensors) => momentumUpdate(tensors, chunks, factors, trust, clip, settings),
    (host) => momentumOracle(host, layout.table, layout.multipliers.data, ratios, 0.5, settings),
  );
  tf.dispose([factors, trust, clip, chunks.table]);
}

Deno.test(`${SWEPT} updates of tensors of odd sizes match their oracle`, () =>
  sweep(layouts, check, [ODD]));
