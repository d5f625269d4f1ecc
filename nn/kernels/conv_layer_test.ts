import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { backward } from "../backward.ts";
import { byValue, onHost } from "./activation.ts";
import { convLayer, type ConvLayerSettings } from "./conv_layer.ts";
import { type HostTensor, hostZeros } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  drawn,
  FORWARD,
  type Named,
  onDevice,
  repeated,
  sweep,
  SWEPT,
  take,
  ways,
  working,
} from "./kernel_test_support.ts";

/** The layer by definition, in double precision. */
function oracle(
  { x, filter, bias }: Named<HostTensor>,
  { stride, padding, dilation = 1, activation }: ConvLayerSettings,
): HostTensor {
  const [batch, height, width, channels] = x.shape;
  const [kh, kw, , out] = filter.shape;
  const length = (size: number, kernel: number, pad: number) =>
    Math.floor((size + 2 * pad - (kernel - 1) * dilation - 1) / stride) + 1;
  const [h, w] = [length(height, kh, padding[0]), length(width, kw, padding[1])];
  const y = hostZeros([batch, h, w, out]);
  for (let at = 0; at < y.data.length; at++) {
    const o = at % out, ox = Math.floor(at / out) % w, oy = Math.floor(at / out / w) % h;
    const image = Math.floor(at / out / w / h);
    let sum = bias.data[o];
    for (let tap = 0; tap < kh * kw; tap++) {
      const iy = oy * stride - padding[0] + Math.floor(tap / kw) * dilation;
      const ix = ox * stride - padding[1] + tap % kw * dilation;
      if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
      for (let c = 0; c < channels; c++) {
        sum += x.data[((image * height + iy) * width + ix) * channels + c] *
          filter.data[(tap * channels + c) * out + o];
      }
    }
    y.data[at] = onHost[activation].value(sum);
  }
  return y;
}

interface Case {
  readonly x: readonly [batch: number, height: number, width: number, channels: number];
  readonly kernel: readonly [number, number];
  readonly out: number;
  readonly settings: ConvLayerSettings;
}

const length = fc.constantFrom(1, 3, 5, 8, 17);
const cases: fc.Arbitrary<Case> = fc.record({
  x: fc.tuple(fc.constantFrom(1, 3), length, length, length),
  kernel: fc.constantFrom<(readonly [number, number])[]>([1, 1], [1, 5], [3, 3], [7, 7]),
  out: length,
  stride: fc.constantFrom(1, 2),
  dilation: fc.constantFrom(1, 1, 2),
  activation: fc.constantFrom(...byValue),
}).map(({ stride, dilation, activation, ...shape }) => {
  const [py, px] = shape.kernel.map((size) => dilation * (size - 1) >> 1);
  return { ...shape, settings: { stride, dilation, activation, padding: [py, px] as const } };
}).filter(({ x: [batch, height, width, channels], kernel: [kh, kw], out }) =>
  batch * height * width * channels * kh * kw * out < 5e5
);

/** One layer of each activation. */
const first: readonly Case[] = byValue.map((activation, i) => ({
  x: [2, 9, 17, i % 2 ? 8 : 5],
  kernel: [3, 3],
  out: i < 2 ? 8 : 7,
  settings: { stride: 1 + i % 2, padding: [1, 1], activation },
}));

/** Runs a layer four times, compares it with its definition, and its gradients with the slopes. */
async function check({ x, kernel, out, settings }: Case): Promise<void> {
  const inputs = {
    x: drawn("x", x),
    filter: drawn("filter", [...kernel, x[3], out], 0.3),
    bias: drawn("bias", [out]),
  };
  const run = ({ x, filter, bias }: Named<tf.Tensor>) =>
    convLayer(x as tf.Tensor4D, filter as tf.Tensor4D, bias as tf.Tensor1D, settings);
  const what = JSON.stringify({ x, kernel, out, settings });
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([key, host]) => [key, onDevice(host)]),
  );
  const expected = oracle(inputs, settings);
  assertClose(await repeated(what, () => run(tensors)), expected, FORWARD, what);
  tf.dispose(tensors);
  // A ReLU has no slope at its kink, which differences may step over: its slopes stay.
  const { activation } = settings;
  const kinked = activation === "relu" || activation === "leaky";
  const passes = expected.data.map((y) => kinked ? onHost[activation].slope(y) : 1);
  const smooth = { ...settings, activation: kinked ? "none" as const : activation };
  const slopeOracle = (host: Named<HostTensor>) => {
    const { shape, data } = oracle(host, smooth);
    return { shape, data: data.map((y, i) => y * passes[i]) };
  };
  await assertGradients(what, run, slopeOracle, inputs, Object.keys(inputs));
}

for (const way of Object.keys(ways)) {
  Deno.test(`${SWEPT} random layers ${way} and their gradients match the definition`, () =>
    working(way, () => sweep(cases, check, first)));

  Deno.test(`gradients of a layer that is used twice add up, ${way}`, () =>
    working(way, async () => {
      const settings = { stride: 1, padding: [1, 1], activation: "tanh" } as const;
      const x = onDevice<tf.Tensor4D>(drawn("x", [2, 9, 8, 5]));
      const filter = onDevice<tf.Tensor4D>(drawn("filter", [3, 3, 5, 5], 0.2));
      const bias = onDevice<tf.Tensor1D>(drawn("bias", [5]));
      const layer = (x: tf.Tensor4D) => convLayer(x, filter, bias, settings);
      const loss = () => tf.sum(tf.square(layer(layer(x)))) as tf.Scalar;
      const ours = backward(loss, [filter, bias, x]);
      const theirs = tf.engine().gradients(loss, [filter, bias, x]);
      for (const [i, gradient] of ours.grads.entries()) {
        assertClose(await take(gradient), await take(theirs.grads[i]), 1e-5, String(i));
      }
      tf.dispose([x, filter, bias, ours.value, theirs.value]);
    }));
}
