/**
 * Convolutions as speed cases: which ones a network calls, and each of them against TensorFlow.js'.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { SpeedCase } from "../../base/speed_case.ts";
import { kernelSet, useKernelSet } from "../kernels/selection.ts";
import { kernelContest, normals, withGradients } from "./kernel_contest.ts";

/** One convolution. */
export interface ConvShape {
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Kernel height and width. */
  readonly kernel: readonly [number, number];
  /** Zeros on each side, vertically and horizontally. */
  readonly padding: readonly [number, number];
  readonly stride: number;
  readonly dilation: number;
}

/** A square convolution whose padding keeps the size, before its stride. */
export function square(
  [height, width]: readonly [number, number],
  inChannels: number,
  outChannels: number,
  size: number,
  { stride = 1, dilation = 1 }: { stride?: number; dilation?: number } = {},
): ConvShape {
  const pad = dilation * (size - 1) >> 1;
  return {
    ...{ height, width, inChannels, outChannels, stride, dilation },
    kernel: [size, size],
    padding: [pad, pad],
  };
}

/** Each shape once, in the order of first appearance. */
export function distinct(shapes: Iterable<ConvShape>): ConvShape[] {
  return [...new Map([...shapes].map((shape) => [JSON.stringify(shape), shape])).values()];
}

/**
 * The distinct convolutions that a computation calls, found by watching it. The convolutions
 * themselves are left out: their results are zeros.
 */
export function recordConvolutions(run: () => void): ConvShape[] {
  const shapes: ConvShape[] = [];
  const before = kernelSet();
  // A fused kernel of ours would hide its convolution.
  useKernelSet("stock");
  const own = tf.getKernel("Conv2D", "webgpu")!;
  const watch: tf.KernelFunc = ({ inputs, backend, attrs }) => {
    const { x, filter } = inputs as Record<string, tf.TensorInfo>;
    const { strides, pad, dilations } = attrs as unknown as {
      strides: number | [number, number];
      pad: tf.backend_util.ExplicitPadding | "valid" | "same" | number;
      dilations: number | [number, number];
    };
    const info = tf.backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filter.shape as [number, number, number, number],
      strides,
      dilations,
      pad,
    );
    shapes.push({
      height: info.inHeight,
      width: info.inWidth,
      inChannels: info.inChannels,
      outChannels: info.outChannels,
      kernel: [info.filterHeight, info.filterWidth],
      padding: [info.padInfo.top, info.padInfo.left],
      stride: info.strideHeight,
      dilation: info.dilationHeight,
    });
    return (backend as WebGPUBackend).makeTensorInfo(info.outShape, "float32");
  };
  tf.unregisterKernel("Conv2D", "webgpu");
  tf.registerKernel({ ...own, kernelFunc: watch });
  try {
    tf.tidy(() => void run());
  } finally {
    useKernelSet(before);
  }
  return distinct(shapes);
}

/** Size of the result, rows and columns. */
export function outputSize({ height, width, kernel, padding, stride, dilation }: ConvShape) {
  const length = (size: number, axis: 0 | 1) =>
    Math.floor((size + 2 * padding[axis] - dilation * (kernel[axis] - 1) - 1) / stride) + 1;
  return [length(height, 0), length(width, 1)] as const;
}

/** Floating-point operations of the forward pass, a multiplication and an addition being two. */
export function flopOf(shape: ConvShape): number {
  const [rows, columns] = outputSize(shape);
  const { kernel: [kh, kw], inChannels, outChannels } = shape;
  return 2 * rows * columns * kh * kw * inChannels * outChannels;
}

/** For people: "3×3, 64→96, stride 2". */
function nameOf({ kernel, inChannels, outChannels, stride, dilation }: ConvShape): string {
  return [
    kernel.join("×"),
    `${inChannels}→${outChannels}`,
    ...stride > 1 ? [`stride ${stride}`] : [],
    ...dilation > 1 ? [`dilation ${dilation}`] : [],
  ].join(", ");
}

/**
 * The ratio to reach: 3 forward, 5 for the shapes that carry most of the time, 10 with gradients.
 */
function goalOf({ height, width, inChannels, outChannels, kernel }: ConvShape, backward: boolean) {
  if (backward) return 10;
  const wide = inChannels === 64 && outChannels === 64 && kernel.join() === "3,3";
  return wide && height * width >= 64 * 128 ? 5 : 3;
}

/** Operations from which on a call may take seconds, and three samples must do. */
const LONG = 1e9;

type Conv = (x: tf.Tensor, filter: tf.Tensor) => tf.Tensor;

const direct = ({ stride, dilation, padding: [py, px] }: ConvShape): Conv => (x, filter) =>
  tf.conv2d(
    x as tf.Tensor4D,
    filter as tf.Tensor4D,
    stride,
    [[0, 0], [py, py], [px, px], [0, 0]],
    "NHWC",
    dilation,
  );

/** A dilated convolution as one on interleaved pictures, whose gradient TensorFlow.js has. */
const interleaved =
  ({ height, width, dilation, padding: [py, px] }: ConvShape): Conv => (x, filter) => {
    const rest = (size: number) => (dilation - size % dilation) % dilation;
    const [ry, rx] = [rest(height + 2 * py), rest(width + 2 * px)];
    const block = [dilation, dilation];
    const pictures = tf.spaceToBatchND(x, block, [[py, py + ry], [px, px + rx]]);
    const result = tf.conv2d(pictures as tf.Tensor4D, filter as tf.Tensor4D, 1, "valid");
    return tf.batchToSpaceND(result, block, [[0, ry], [0, rx]]);
  };

/** A convolution forward, and forward with both gradients. */
export function convolutionCases(shapes: readonly ConvShape[]): SpeedCase[] {
  return shapes.flatMap((shape) => [false, true].map((backward) => caseOf(shape, backward)));
}

function caseOf(shape: ConvShape, backward: boolean): SpeedCase {
  const { height, width, inChannels, outChannels, kernel: [kh, kw] } = shape;
  const roundabout = backward && shape.dilation > 1;
  // Each gradient takes as much as the forward pass.
  const flop = (backward ? 3 : 1) * flopOf(shape);
  return {
    name: `${nameOf(shape)}, ${backward ? "forward and backward" : "forward"}`,
    shape: `${height}×${width}`,
    work: { amount: flop, unit: "flop" },
    ...flop > LONG ? { most: 3 } : {},
    goal: goalOf(shape, backward),
    ...roundabout
      ? { note: "TensorFlow.js has no gradient here: it convolves interleaved pictures" }
      : {},
    measure: {
      open: () => {
        const x = normals([1, height, width, inChannels], 0);
        const filter = normals(
          [kh, kw, inChannels, outChannels],
          1,
          (kh * kw * inChannels) ** -0.5,
        );
        const operands = [x, filter];
        const forward = (conv: Conv) => ({ operands, compute: () => conv(x, filter) });
        // Sums of thousands of terms in another order.
        const tolerance = 1e-4;
        if (!backward) return Promise.resolve(kernelContest(forward(direct(shape)), tolerance));
        const work = withGradients(operands, direct(shape));
        if (!roundabout) return Promise.resolve(kernelContest(work, tolerance));
        const stock = withGradients(operands, interleaved(shape), work.operands.at(-1));
        return Promise.resolve(kernelContest(work, tolerance, stock));
      },
    },
  };
}
