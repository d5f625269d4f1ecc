import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { gruGradients, gruGradientsOracle } from "./gru.ts";
import {
  assertClose,
  drawn,
  float64,
  GRADIENT,
  onDevice,
  sweep,
  SWEPT,
  take,
} from "./kernel_test_support.ts";

const cases = fc.record({
  rows: fc.constantFrom(1, 3, 17, 65),
  channels: fc.constantFrom(1, 3, 4, 8, 17),
});

Deno.test(`a GRU's gradients match their oracle at ${SWEPT} shapes`, () =>
  sweep(cases, async ({ rows, channels }) => {
    const hosts = ["dy", "h", "z", "q"].map((name) => drawn(name, [1, rows, 1, channels]));
    const [dy, ...operands] = hosts.map((host) => onDevice(host));
    const [slope, ...values] = hosts.map((host) => float64(host).data);
    const wanted = gruGradientsOracle(slope, values);
    for (const [i, gradient] of gruGradients(dy, operands).entries()) {
      const expected = { shape: gradient.shape, data: wanted[i] };
      assertClose(await take(gradient), expected, GRADIENT, `gradient ${i}, ${channels} channels`);
    }
    tf.dispose([dy, operands]);
  }));
