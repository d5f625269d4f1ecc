import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { adamwOracle, type AdamWSettings, adamwUpdate } from "./adamw.ts";
import {
  assertUpdates,
  chunksOnDevice,
  flat,
  type Layout,
  layouts,
  ODD,
} from "./flat_test_support.ts";
import { onDevice, sweep, SWEPT } from "./kernel_test_support.ts";

const settings: AdamWSettings = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  coupled: false,
  step: 7,
};

interface Case {
  readonly layout: Layout;
  readonly clip: number;
  readonly settings: AdamWSettings;
}

const cases: fc.Arbitrary<Case> = fc.record({
  layout: layouts,
  clip: fc.constantFrom(1, 0.5, 1e-3),
  settings: fc.record({
    learningRate: fc.constantFrom(0.01, 4e-4),
    beta1: fc.constantFrom(0.9, 0.8),
    beta2: fc.constantFrom(0.999, 0.95),
    epsilon: fc.constantFrom(1e-8, 1e-6),
    weightDecay: fc.constantFrom(0, 1e-5, 0.1),
    coupled: fc.boolean(),
    step: fc.integer({ min: 1, max: 100_000 }),
  }),
});

async function check({ layout, clip, settings }: Case): Promise<void> {
  const second = flat(layout, "second", 0.1);
  second.data.forEach((x, i) => second.data[i] = x * x);
  const arrays = {
    parameters: flat(layout, "parameters"),
    gradients: flat(layout, "gradients", 0.1),
    first: flat(layout, "first", 0.1),
    second,
  };
  const chunks = chunksOnDevice(layout);
  const [factors, scale] = [onDevice(layout.multipliers), tf.tensor1d([clip, 2])];
  await assertUpdates(
    arrays,
    (tensors) => adamwUpdate(tensors, chunks, factors, scale, settings),
    (host) => adamwOracle(host, layout.table, layout.multipliers.data, clip, settings),
  );
  tf.dispose([factors, scale, chunks.table]);
}

Deno.test(`${SWEPT} updates of tensors of odd sizes match their oracle`, () =>
  sweep(
    cases,
    check,
    [false, true].map((coupled) => ({
      layout: ODD,
      clip: 0.5,
      settings: { ...settings, coupled },
    })),
  ));
