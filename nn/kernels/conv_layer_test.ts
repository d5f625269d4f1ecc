import * as tf from "@tensorflow/tfjs";
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

const cases: readonly {
  x: number[];
  filter: number[];
  settings: Omit<ConvLayerSettings, "activation">;
}[] = [
  { x: [1, 1, 1, 1], filter: [1, 1, 1, 1], settings: { stride: 1, padding: [0, 0] } },
  { x: [2, 3, 17, 5], filter: [3, 3, 5, 7], settings: { stride: 2, padding: [1, 1] } },
  { x: [3, 17, 3, 8], filter: [1, 5, 8, 16], settings: { stride: 1, padding: [0, 2] } },
  {
    x: [1, 17, 17, 3],
    filter: [3, 3, 3, 4],
    settings: { stride: 1, padding: [2, 2], dilation: 2 },
  },
];

for (const way of Object.keys(ways)) {
  for (const activation of byValue) {
    Deno.test(`a layer with ${activation} ${way} matches its definition`, () =>
      working(way, async () => {
        for (const { x, filter, settings } of cases) {
          const inputs = {
            x: drawn("x", x),
            filter: drawn("filter", filter, 0.3),
            bias: drawn("bias", [filter[3]]),
          };
          const all = { ...settings, activation };
          const run = ({ x, filter, bias }: Named<tf.Tensor>) =>
            convLayer(x as tf.Tensor4D, filter as tf.Tensor4D, bias as tf.Tensor1D, all);
          const what = `${activation} [${x}] [${filter}]`;
          const tensors = Object.fromEntries(
            Object.entries(inputs).map(([key, host]) => [key, onDevice(host)]),
          );
          assertClose(await repeated(what, () => run(tensors)), oracle(inputs, all), FORWARD, what);
          tf.dispose(tensors);
          // A ReLU has no slope at its kink, which differences may step over: its slopes stay.
          const kinked = activation === "relu" || activation === "leaky";
          const passes = oracle(inputs, all).data.map((y) =>
            kinked ? onHost[activation].slope(y) : 1
          );
          const smooth = kinked ? "none" : activation;
          const slopeOracle = (host: Named<HostTensor>) => {
            const { shape, data } = oracle(host, { ...all, activation: smooth });
            return { shape, data: data.map((y, i) => y * passes[i]) };
          };
          await assertGradients(what, run, slopeOracle, inputs, Object.keys(inputs));
        }
      }));
  }

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
