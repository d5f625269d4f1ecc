import * as tf from "@tensorflow/tfjs";
import { chunksOnDevice, flat, multipliers, stretches, table } from "./flat_test_support.ts";
import { assertClose, float64, onDevice, repeated } from "./kernel_test_support.ts";
import { momentumOracle, type MomentumSettings, momentumUpdate } from "./momentum.ts";

const settings: MomentumSettings = { learningRate: 0.01, momentum: 0.9, weightDecay: 0.1 };
/** Float32 through a few operations. */
const TOLERANCE = 1e-6;

Deno.test("an update of tensors of odd sizes matches its oracle", async () => {
  const host = {
    parameters: flat("parameters"),
    gradients: flat("gradients"),
    velocity: flat("velocity", 0.1),
  };
  const names = Object.keys(host) as (keyof typeof host)[];
  const ratios = Float32Array.from(stretches, (_, i) => i === 0 ? 1 : 0.1 * i);
  const chunks = chunksOnDevice();
  const [factors, trust, clip] = [
    onDevice(multipliers),
    tf.tensor1d(ratios),
    tf.tensor1d([0.5, 2]),
  ];
  const actual = await repeated("update", () => {
    const [parameters, gradients, velocity] = names.map((name) => onDevice(host[name]));
    momentumUpdate({ parameters, gradients, velocity }, chunks, factors, trust, clip, settings);
    return tf.stack([parameters, gradients, velocity]);
  });
  const [parameters, gradients, velocity] = names.map((name) => float64(host[name]).data);
  const exact = { parameters, gradients, velocity };
  momentumOracle(exact, table, multipliers.data, ratios, 0.5, settings);
  const length = parameters.length;
  names.forEach((name, row) => {
    const data = actual.data.slice(row * length, (row + 1) * length);
    assertClose({ shape: [length], data }, { shape: [length], data: exact[name] }, TOLERANCE, name);
  });
  tf.dispose([factors, trust, clip, chunks.table]);
});
