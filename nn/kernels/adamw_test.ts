import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import {
  adamwOracle,
  type AdamWSettings,
  adamwUpdate,
  clipFactor,
  clipFactorOracle,
} from "./adamw.ts";
import { hostZeros } from "./kernel.ts";
import {
  assertClose,
  drawn,
  fixture,
  float64,
  onDevice,
  repeated,
  take,
} from "./kernel_test_support.ts";

const settings: AdamWSettings = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  step: 7,
};
/** Float32 through a few operations. */
const TOLERANCE = 1e-6;

for (const size of [1, 3, 17, 1000]) {
  Deno.test(`an update of ${size} numbers matches its oracle`, async () => {
    const [parameter, gradient] = [drawn("parameter", [size]), drawn("gradient", [size], 0.1)];
    const moments = drawn("moments", [2, size], 0.1);
    for (let i = size; i < 2 * size; i++) moments.data[i] = moments.data[i] ** 2;
    const clip = tf.tensor1d([0.5, 2]);
    const g = onDevice(gradient);
    const update = () => {
      const [p, m] = [onDevice(parameter), onDevice(moments)];
      adamwUpdate(p, g, m, clip, settings);
      return tf.concat([p, tf.reshape(m, [2 * size])]);
    };
    const [p, m] = [float64(parameter), float64(moments)];
    adamwOracle(p.data, gradient.data, m.data, 0.5, settings);
    const actual = await repeated(`update of ${size}`, update);
    const slice = (from: number, to: number) => ({
      shape: [size],
      data: actual.data.slice(from, to),
    });
    assertClose(slice(0, size), p, TOLERANCE, "parameter");
    const expected = (from: number) => ({ shape: [size], data: m.data.slice(from, from + size) });
    assertClose(slice(size, 2 * size), expected(0), TOLERANCE, "first moment");
    assertClose(slice(2 * size, 3 * size), expected(size), TOLERANCE, "second moment");
    tf.dispose([g, clip]);
  });
}

Deno.test("clipping scales down to the norm asked for, and never up", async () => {
  const gradients = [[1], [3, 17], [1000], [17, 3, 3]].map((shape) => drawn("gradient", shape));
  const tensors = gradients.map((gradient) => onDevice(gradient));
  for (const maximum of [1, 1e6]) {
    const actual = await repeated("clip", () => clipFactor(tensors, maximum));
    const expected = clipFactorOracle(gradients.map(({ data }) => data), maximum);
    const [factor, norm] = expected;
    assertClose(actual, { shape: [2], data: Float64Array.from(expected) }, TOLERANCE);
    assertEquals(factor < 1, norm > maximum);
  }
  tf.dispose(tensors);
});

Deno.test("gradients of zero are not divided by their norm", async () => {
  const clip = await take(clipFactor([tf.zeros([3])], 1));
  assertEquals(clip.data, Float32Array.of(1, 0));
});

Deno.test("three clipped steps agree with PyTorch's", async () => {
  const { tensors, metadata } = await fixture("optimizer");
  const names = Object.keys(tensors).filter((key) => key.startsWith("before/"))
    .map((key) => key.slice("before/".length));
  const stored = JSON.parse(metadata.settings);
  const norms: number[] = JSON.parse(metadata.gradient_norms);
  const parameters = names.map((name) => onDevice(tensors[`before/${name}`]));
  const moments = parameters.map(({ size }) => onDevice(hostZeros([2, size])));
  for (let step = 1; step <= 3; step++) {
    const gradients = names.map((name) => onDevice(tensors[`gradient/${step - 1}/${name}`]));
    const clip = clipFactor(gradients, stored.clip);
    parameters.forEach((parameter, i) =>
      adamwUpdate(parameter, gradients[i], moments[i], clip, {
        learningRate: stored.learning_rate,
        beta1: stored.betas[0],
        beta2: stored.betas[1],
        epsilon: stored.eps,
        weightDecay: stored.weight_decay,
        step,
      })
    );
    const norm = { shape: [1], data: (await clip.data()).slice(1) as Float32Array };
    assertClose(norm, { shape: [1], data: Float64Array.of(norms[step - 1]) }, TOLERANCE, "norm");
    for (const [i, name] of names.entries()) {
      const expected = tensors[`after/${step - 1}/${name}`];
      const data = await parameters[i].data() as Float32Array;
      assertClose({ shape: parameters[i].shape, data }, expected, TOLERANCE, `${name}, ${step}`);
    }
    tf.dispose([gradients, clip]);
  }
  for (const [i, name] of names.entries()) {
    const { shape, data } = await take(moments[i]);
    for (const [row, moment] of ["first_moment", "second_moment"].entries()) {
      const expected = { shape: [shape[1]], data: tensors[`${moment}/${name}`].data };
      const actual = data.slice(row * shape[1], (row + 1) * shape[1]);
      assertClose({ shape: [shape[1]], data: actual }, expected, TOLERANCE, `${moment} ${name}`);
    }
  }
  tf.dispose(parameters);
});
