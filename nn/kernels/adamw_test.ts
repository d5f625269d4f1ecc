import * as tf from "@tensorflow/tfjs";
import { adamwOracle, type AdamWSettings, adamwUpdate } from "./adamw.ts";
import { chunksOnDevice, flat, multipliers, table } from "./flat_test_support.ts";
import { assertClose, float64, onDevice, repeated } from "./kernel_test_support.ts";

const settings: AdamWSettings = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  coupled: false,
  step: 7,
};
/** Float32 through a few operations. */
const TOLERANCE = 1e-6;

for (const coupled of [false, true]) {
  Deno.test(`an update of tensors of odd sizes matches its oracle, coupled: ${coupled}`, () =>
    matchesOracle({ ...settings, coupled }));
}

async function matchesOracle(settings: AdamWSettings): Promise<void> {
  const second = flat("second", 0.1);
  second.data.forEach((x, i) => second.data[i] = x * x);
  const host = {
    parameters: flat("parameters"),
    gradients: flat("gradients", 0.1),
    first: flat("first", 0.1),
    second,
  };
  const names = Object.keys(host) as (keyof typeof host)[];
  const chunks = chunksOnDevice();
  const [factors, clip] = [onDevice(multipliers), tf.tensor1d([0.5, 2])];
  const actual = await repeated("update", () => {
    const [parameters, gradients, first, second] = names.map((name) => onDevice(host[name]));
    adamwUpdate({ parameters, gradients, first, second }, chunks, factors, clip, settings);
    return tf.stack([parameters, gradients, first, second]);
  });
  const [parameters, gradients, first, second64] = names.map((name) => float64(host[name]).data);
  const exact = { parameters, gradients, first, second: second64 };
  adamwOracle(exact, table, multipliers.data, 0.5, settings);
  const length = parameters.length;
  names.forEach((name, row) => {
    const data = actual.data.slice(row * length, (row + 1) * length);
    assertClose({ shape: [length], data }, { shape: [length], data: exact[name] }, TOLERANCE, name);
  });
  tf.dispose([factors, clip, chunks.table]);
}
