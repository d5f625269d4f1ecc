import * as tf from "@tensorflow/tfjs";
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
  SIZES,
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

Deno.test("resizing ×8 and its gradient match the definition", async () => {
  for (const [h, w] of SIZES) {
    const x = drawn("x", [2, h, w, 2]);
    const resize = (x: tf.Tensor) => resizeBilinear(x as tf.Tensor4D, 8 * h, 8 * w);
    const input = onDevice(x);
    const what = `resize ${h}x${w}`;
    assertClose(await repeated(what, () => resize(input)), oracle(x, 8 * h, 8 * w), FORWARD, what);
    input.dispose();
    await assertGradients(what, ({ x }) => resize(x), ({ x }) => oracle(x, 8 * h, 8 * w), { x }, [
      "x",
    ]);
  }
});

for (const name of ["upsample_bilinear", "upsample_bilinear_one_row"]) {
  Deno.test(`RAFT-small's upsampling agrees with the reference: ${name}`, async () => {
    const { tensors } = await fixture(`kernels/${name}`);
    const flow = onDevice<tf.Tensor4D>(tensors.flow);
    const [, h, w] = flow.shape;
    const upsample = (x: tf.Tensor) => tf.mul(resizeBilinear(x as tf.Tensor4D, 8 * h, 8 * w), 8);
    assertClose(await take(upsample(flow)), tensors.output, FORWARD);
    const gradient = tf.grad(upsample)(flow, onDevice(tensors.output_gradient));
    assertClose(await take(gradient), tensors.flow_gradient, GRADIENT);
  });
}
