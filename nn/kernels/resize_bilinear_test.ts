import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { type HostTensor, hostZeros } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  drawn,
  fixture,
  FORWARD,
  GRADIENT,
  onDevice,
  repeated,
  sweep,
  SWEPT,
  take,
} from "./kernel_test_support.ts";
import { resizeBilinear } from "./resize_bilinear.ts";

/** The same by definition, in double precision. */
function oracle({ shape, data }: HostTensor, height: number, width: number): HostTensor {
  const [batch, h, w, channels] = shape;
  const out = hostZeros([batch, height, width, channels]);
  const taps = (i: number, from: number, to: number) => {
    const at = to > 1 ? i * (from - 1) / (to - 1) : 0;
    const low = Math.min(Math.floor(at), Math.max(0, from - 2));
    return [[low, 1 - (at - low)], [Math.min(low + 1, from - 1), at - low]];
  };
  for (let i = 0; i < out.data.length; i++) {
    const c = i % channels, x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width) % height;
    const image = Math.floor(i / channels / width / height);
    for (const [row, wy] of taps(y, h, height)) {
      for (const [column, wx] of taps(x, w, width)) {
        out.data[i] += wy * wx * data[((image * h + row) * w + column) * channels + c];
      }
    }
  }
  return out;
}

interface Case {
  readonly from: readonly [batch: number, height: number, width: number, channels: number];
  readonly to: readonly [height: number, width: number];
}

const length = fc.constantFrom(1, 2, 3, 5, 8, 17);
const cases: fc.Arbitrary<Case> = fc.record({
  from: fc.tuple(fc.constantFrom(1, 3), length, length, fc.constantFrom(1, 2, 3, 17)),
  to: fc.tuple(length, length),
});

/** RAFT-small's own: eight times as large. */
const enlarging: readonly Case[] = [[1, 1], [3, 17], [17, 3]]
  .map(([h, w]) => ({ from: [2, h, w, 2], to: [8 * h, 8 * w] }));

Deno.test(`resizing and its gradient match the definition at ${SWEPT} shapes`, () =>
  sweep(cases, async ({ from, to }) => {
    const x = drawn("x", from);
    const resize = (x: tf.Tensor) => resizeBilinear(x as tf.Tensor4D, ...to);
    const input = onDevice(x);
    const what = `resize ${from} to ${to}`;
    assertClose(await repeated(what, () => resize(input)), oracle(x, ...to), FORWARD, what);
    input.dispose();
    await assertGradients(what, ({ x }) => resize(x), ({ x }) => oracle(x, ...to), { x }, ["x"]);
  }, enlarging));

for (const name of ["upsample_bilinear", "upsample_bilinear_one_row"]) {
  Deno.test(`RAFT-small's upsampling agrees with the reference: ${name}`, async () => {
    const { tensors } = await fixture(`kernels/${name}`);
    const flow = onDevice<tf.Tensor4D>(tensors.flow);
    const [, h, w] = flow.shape;
    const upsample = (x: tf.Tensor) => resizeBilinear(x as tf.Tensor4D, 8 * h, 8 * w, 8);
    assertClose(await take(upsample(flow)), tensors.output, FORWARD);
    const gradient = tf.grad(upsample)(flow, onDevice(tensors.output_gradient));
    assertClose(await take(gradient), tensors.flow_gradient, GRADIENT);
  });
}
