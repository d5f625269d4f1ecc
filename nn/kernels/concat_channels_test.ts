import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatChannels, splitChannels, splitOracle } from "./concat_channels.ts";
import type { HostTensor } from "./kernel.ts";
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
  widths: fc.array(fc.constantFrom(1, 2, 3, 4, 5, 16, 17), { minLength: 2, maxLength: 4 }),
  gated: fc.boolean(),
  onto: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
});

Deno.test(`channels go back to their maps, onto what is there, at ${SWEPT} shapes`, () =>
  sweep(cases, async ({ rows, widths, gated, onto }) => {
    const x = drawn("x", [1, rows, 1, widths.reduce((a, b) => a + b, 0)]);
    const own = [widths[0], ...gated ? [widths[0]] : []].map((width, i) =>
      drawn(`own ${i}`, [1, rows, 1, width])
    );
    const outputs = [...widths, ...gated ? [widths[0]] : []];
    const before = outputs.map((width, i) =>
      onto[i] ? drawn(`sum ${i}`, [1, rows, 1, width]) : null
    );
    const inputs = [x, ...own].map((host) => onDevice(host));
    const sums = before.map((host) => host ? onDevice(host) : undefined);
    const [map, part0, gate] = inputs;
    const made = splitChannels(map, widths, gated ? [part0, gate] : null, sums);
    const wanted = splitOracle(
      float64(x).data,
      widths,
      gated ? [float64(own[0]).data, float64(own[1]).data] : null,
    );
    assertEquals(made.map(({ shape }) => shape[3]), outputs);
    for (const [i, tensor] of made.entries()) {
      if (sums[i]) assertEquals(tensor, sums[i]);
      const data = wanted[i].map((value, at) => value + (before[i]?.data[at] ?? 0));
      const expected: HostTensor = { shape: tensor.shape, data };
      assertClose(await take(tensor), expected, GRADIENT, `part ${i} of [${widths}]`);
    }
    tf.dispose(inputs);
  }));

Deno.test("maps of different heights and widths are not joined, nor gated by another shape", () =>
  tf.tidy(() => {
    const map = (...shape: number[]) => tf.zeros(shape);
    for (const other of [map(1, 6, 4, 2), map(1, 5, 5, 2), map(2, 5, 4, 2), map(20, 2)]) {
      assertThrows(() => concatChannels([map(1, 5, 4, 3), other]), Error, "but for channels");
    }
    const maps = [map(1, 5, 4, 3), map(1, 5, 4, 2)];
    assertThrows(() => concatChannels(maps, map(1, 5, 4, 2)), Error, "gate of concatChannels");
  }));
