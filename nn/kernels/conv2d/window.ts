/**
 * What the convolution kernels share: the sliding window as uniforms, and text for unrolled loops.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";

/** Shapes, strides, padding and dilation, as TensorFlow.js computes them. */
export type ConvInfo = tf.backend_util.Conv2DInfo;

/** Numbers 0…n-1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The text of n unrolled iterations. */
export const lines = (n: number, text: (i: number) => string): string =>
  range(n).map(text).join("\n");

/** Number of vec4 that hold `channels` numbers. */
export const vec4s = (channels: number): number => Math.ceil(channels / 4);

/** Invocations of a workgroup. */
export const WORKGROUP = 16;

/** Uniforms of a window that slides over "in" and writes "out". */
export const WINDOW = {
  batch: "i32",
  inHeight: "i32",
  inWidth: "i32",
  inVec4s: "i32",
  outHeight: "i32",
  outWidth: "i32",
  outChannels: "i32",
  kernelHeight: "i32",
  kernelWidth: "i32",
  strideY: "i32",
  strideX: "i32",
  padTop: "i32",
  padLeft: "i32",
  dilationY: "i32",
  dilationX: "i32",
  filterRows: "i32",
  filterVec4s: "i32",
} as const;

/** One side of the window. */
export interface Side {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The picture side of a convolution. */
export const pictureOf = (info: ConvInfo): Side => ({
  height: info.inHeight,
  width: info.inWidth,
  channels: info.inChannels,
});

/** The feature side of a convolution. */
export const featuresOf = (info: ConvInfo): Side => ({
  height: info.outHeight,
  width: info.outWidth,
  channels: info.outChannels,
});

/** Values of {@link WINDOW} for a window that reads `from` and writes `to`. */
export function windowValues(info: ConvInfo, from: Side, to: Side): number[] {
  return [
    info.batchSize,
    from.height,
    from.width,
    vec4s(from.channels),
    to.height,
    to.width,
    to.channels,
    info.filterHeight,
    info.filterWidth,
    info.strideHeight,
    info.strideWidth,
    info.padInfo.top,
    info.padInfo.left,
    info.dilationHeight,
    info.dilationWidth,
    info.inChannels,
    vec4s(info.outChannels),
  ];
}
