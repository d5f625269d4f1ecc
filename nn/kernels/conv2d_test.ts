import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import fc from "fast-check";
import { type HostTensor, hostZeros } from "./kernel.ts";
import {
  assertValueAndGradients,
  drawn,
  sweep,
  SWEPT,
  ways,
  working,
} from "./kernel_test_support.ts";

type Pair = readonly [number, number];

/** One convolution: [batch, height, width, channels] by [kh, kw, channels, outChannels]. */
interface Case {
  readonly x: readonly [number, number, number, number];
  readonly kernel: Pair;
  readonly outChannels: number;
  readonly strides: Pair;
  /** Before and after, vertically and horizontally. */
  readonly pad: readonly [Pair, Pair];
  readonly dilations: Pair;
}

/** Length of an axis after the convolution, and of its kernel with the gaps of dilation. */
function lengths({ x, kernel, strides, pad, dilations }: Case, axis: 0 | 1): Pair {
  const reach = (kernel[axis] - 1) * dilations[axis] + 1;
  const [before, after] = pad[axis];
  return [Math.floor((x[axis + 1] + before + after - reach) / strides[axis]) + 1, reach];
}

function outputShape(shape: Case): number[] {
  return [shape.x[0], lengths(shape, 0)[0], lengths(shape, 1)[0], shape.outChannels];
}

/** The convolution and both gradients by definition, in double precision. */
function oracle(shape: Case, x: HostTensor, filter: HostTensor, dy: HostTensor) {
  const [batch, height, width, channels] = shape.x;
  const [kh, kw] = shape.kernel;
  const [, outHeight, outWidth, outChannels] = dy.shape;
  const y = hostZeros(dy.shape), dx = hostZeros(x.shape), dFilter = hostZeros(filter.shape);
  for (let tap = 0; tap < kh * kw; tap++) {
    const ky = Math.floor(tap / kw), kx = tap % kw;
    for (let at = 0; at < batch * outHeight * outWidth; at++) {
      const oy = Math.floor(at / outWidth) % outHeight, ox = at % outWidth;
      const iy = oy * shape.strides[0] - shape.pad[0][0] + ky * shape.dilations[0];
      const ix = ox * shape.strides[1] - shape.pad[1][0] + kx * shape.dilations[1];
      if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
      const from = (Math.floor(at / outWidth / outHeight) * height + iy) * width + ix;
      for (let c = 0; c < channels; c++) {
        const i = from * channels + c;
        for (let k = 0; k < outChannels; k++) {
          const f = (tap * channels + c) * outChannels + k, o = at * outChannels + k;
          y.data[o] += x.data[i] * filter.data[f];
          dx.data[i] += dy.data[o] * filter.data[f];
          dFilter.data[f] += dy.data[o] * x.data[i];
        }
      }
    }
  }
  return { y, dx, dFilter };
}

/** The kernel itself: `tf.conv2d` refuses strides together with dilation. */
const bare = ({ strides, pad, dilations }: Case) => (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
  tf.engine().runKernel("Conv2D", { x, filter }, {
    strides: [...strides],
    pad: [[0, 0], ...pad.map((sides) => [...sides]), [0, 0]],
    dilations: [...dilations],
    dataFormat: "NHWC",
  }) as tf.Tensor;

/** Runs one case four times, gradients included, and compares it with the oracle. */
async function check(shape: Case, convolve = bare(shape)): Promise<void> {
  const what = JSON.stringify(shape);
  const x = drawn("x", shape.x);
  const filter = drawn("filter", [...shape.kernel, shape.x[3], shape.outChannels]);
  const dy = drawn("dy", outputShape(shape));
  const expected = oracle(shape, x, filter, dy);
  await assertValueAndGradients(what, convolve, [x, filter], dy, expected);
}

const small = fc.integer({ min: 1, max: 3 });
const length = fc.constantFrom(1, 2, 3, 8, 17);
const channels = fc.constantFrom(1, 2, 3, 5, 8, 16, 17, 33);
const sides = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }));

/** Cases whose output has at least one pixel and whose oracle takes no more than some 20 ms. */
const cases: fc.Arbitrary<Case> = fc.record({
  x: fc.tuple(fc.constantFrom(1, 3), length, length, channels),
  kernel: fc.constantFrom<Pair[]>([1, 1], [1, 5], [5, 1], [3, 3], [7, 7]),
  outChannels: channels,
  strides: fc.tuple(small, small),
  pad: fc.tuple(sides, sides),
  dilations: fc.tuple(small, small),
}).map((shape) => {
  // Too little padding for the kernel: the rest comes after the picture.
  const pad = ([0, 1] as const).map((axis): Pair => {
    const [before, after] = shape.pad[axis];
    return [before, Math.max(after, lengths(shape, axis)[1] - shape.x[axis + 1] - before)];
  });
  return { ...shape, pad: pad as [Pair, Pair] };
}).filter((shape) => {
  const [batch, height, width, out] = outputShape(shape);
  return batch * height * width * out * shape.kernel[0] * shape.kernel[1] * shape.x[3] < 4e6;
});

for (const way of Object.keys(ways)) {
  Deno.test(`${SWEPT} random convolutions ${way} and their gradients match the definition`, () =>
    working(way, () => sweep(cases, (shape) => check(shape))));
}

// Pictures of more than 128 pixels take larger tiles from buffers; these have one of every width.
for (const [inChannels, outChannels] of [[3, 5], [5, 8], [17, 16]]) {
  Deno.test(`larger pictures match the definition, ${inChannels} to ${outChannels} channels`, () =>
    working("from buffers", () =>
      check({
        x: [1, 48, 47, inChannels],
        kernel: [3, 3],
        outChannels,
        strides: [1, 1],
        pad: [[1, 1], [1, 1]],
        dilations: [1, 1],
      })));
}

Deno.test("tf.conv2d uses these kernels, with dilation in both gradients", () =>
  check({
    x: [2, 9, 8, 3],
    kernel: [3, 3],
    outChannels: 5,
    strides: [1, 1],
    pad: [[2, 2], [2, 2]],
    dilations: [2, 2],
  }, (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same", "NHWC", 2)));

Deno.test("pictures with channels first are refused", () => {
  const [x, filter] = [tf.zeros([1, 3, 5, 5]), tf.zeros([3, 3, 3, 2])] as tf.Tensor4D[];
  assertThrows(() => tf.conv2d(x, filter, 1, "same", "NCHW"), Error, "NCHW");
});
