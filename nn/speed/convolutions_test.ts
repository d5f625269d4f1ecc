import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Contest, SpeedCase } from "../../base/speed_case.ts";
import { kernelSet } from "../kernels/selection.ts";
import { assertClose } from "../kernels/kernel_test_support.ts";
import {
  convolutionCases,
  distinct,
  flopOf,
  outputSize,
  recordConvolutions,
  square,
} from "./convolutions.ts";
import { pwcNetConvolutions, resNet50Convolutions } from "./shapes.ts";

async function opened({ measure }: SpeedCase): Promise<Contest> {
  if (!("open" in measure)) throw new Error("no contest");
  return await measure.open();
}

const asymmetric = {
  ...{ height: 6, width: 9, inChannels: 3, outChannels: 5, stride: 2, dilation: 1 },
  kernel: [1, 5],
  padding: [0, 2],
} as const;

Deno.test("outputSize() and flopOf() agree with TensorFlow.js", () => {
  for (
    const shape of [asymmetric, square([7, 10], 4, 4, 3, { dilation: 2 }), square([5, 5], 1, 2, 1)]
  ) {
    const { height, width, inChannels, outChannels, kernel, padding: [py, px] } = shape;
    const info = tf.backend_util.computeConv2DInfo(
      [1, height, width, inChannels],
      [...kernel, inChannels, outChannels],
      shape.stride,
      shape.dilation,
      [[0, 0], [py, py], [px, px], [0, 0]],
    );
    assertEquals([...outputSize(shape)], [info.outHeight, info.outWidth]);
    const taps = kernel[0] * kernel[1] * inChannels;
    assertEquals(flopOf(shape), 2 * info.outHeight * info.outWidth * outChannels * taps);
  }
});

Deno.test("recordConvolutions() finds each convolution once and puts the kernel back", () => {
  const before = tf.getKernel("Conv2D", "webgpu");
  const shapes = recordConvolutions(() => {
    const x = tf.zeros<tf.Rank.R4>([2, 6, 9, 3]);
    const filter = tf.zeros<tf.Rank.R4>([1, 5, 3, 5]);
    const pad: tf.backend_util.ExplicitPadding = [[0, 0], [0, 0], [2, 2], [0, 0]];
    for (let i = 0; i < 2; i++) tf.conv2d(x, filter, 2, pad);
    const same = tf.conv2d(x, tf.zeros<tf.Rank.R4>([3, 3, 3, 4]), 1, "same", "NHWC", 2);
    assertEquals(same.shape, [2, 6, 9, 4]);
  });
  assertEquals(shapes, [asymmetric, square([6, 9], 3, 4, 3, { dilation: 2 })]);
  assertEquals(tf.getKernel("Conv2D", "webgpu"), before);
});

Deno.test("a computation that fails leaves the kernels as they were", () => {
  const before = tf.getKernel("Conv2D", "webgpu");
  try {
    recordConvolutions(() => {
      throw new Error("no");
    });
  } catch { /* meant */ }
  assertEquals([kernelSet(), tf.getKernel("Conv2D", "webgpu")], ["tuned", before]);
});

Deno.test("both contestants compute the same, and all is freed", async () => {
  const shapes = [
    asymmetric,
    square([7, 10], 4, 6, 3, { dilation: 2 }),
    square([8, 9], 5, 3, 3, { dilation: 4 }),
  ];
  const before = tf.memory().numTensors;
  for (const of of convolutionCases(shapes)) {
    const { ours, alternative, tolerance, close } = await opened(of);
    for (const contestant of [ours, alternative!]) {
      contestant.call();
      await contestant.settle();
    }
    const [own, other] = [await ours.result(), await alternative!.result!()];
    assertEquals(own.length, other.length);
    for (const [i, part] of other.entries()) {
      const host = (data: ArrayLike<number>) => ({
        shape: [part.length],
        data: data as Float32Array,
      });
      assertClose(host(own[i]), host(part), tolerance, `${of.name}, part ${i}`);
    }
    await close();
    assertEquals(kernelSet(), "tuned");
  }
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("the tables hold what their papers say, and are small enough to run", () => {
  const pwcNet = pwcNetConvolutions(), resNet = resNet50Convolutions();
  for (const shapes of [pwcNet, resNet]) assertEquals(shapes, distinct(shapes));
  const has = (shapes: typeof pwcNet, from: number, to: number, dilation: number) =>
    shapes.some((s) => s.inChannels === from && s.outChannels === to && s.dilation === dilation);
  // Decoder inputs and the widths after their dense blocks; the context network.
  for (const width of [529, 661, 629, 597, 565]) assert(has(pwcNet, width, 2, 1), `${width}`);
  for (const [from, to, d] of [[565, 128, 1], [128, 96, 8], [96, 64, 16]]) {
    assert(has(pwcNet, from, to, d));
  }
  for (const [from, to, d] of [[512, 512, 4], [512, 512, 2], [256, 256, 2], [2048, 4096, 1]]) {
    assert(has(resNet, from, to, d), `${from}→${to}`);
  }
  for (const shape of [...pwcNet, ...resNet]) {
    const { height, width, inChannels } = shape;
    assertLessOrEqual(4 * height * width * inChannels, 2 ** 27);
  }
});

Deno.test("goals are those of the issue", () => {
  const goals = (shape: ReturnType<typeof square>) =>
    convolutionCases([shape]).map(({ goal }) => goal);
  assertEquals(goals(square([64, 128], 64, 64, 3)), [5, 10]);
  assertEquals(goals(square([32, 64], 64, 64, 3)), [3, 10]);
  assertEquals(goals(square([64, 128], 64, 64, 1)), [3, 10]);
});
