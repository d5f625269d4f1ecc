/**
 * What the convolution kernels share: the sliding window as uniforms.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { vec4s } from "../wgsl_text.ts";

/** Shapes, strides, padding and dilation, as TensorFlow.js computes them. */
export type ConvInfo = tf.backend_util.Conv2DInfo;

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

/** From the picture to the features, or with a gradient from the features to the picture. */
export type Direction = "forward" | "inputGradient";

/**
 * Text that declares `iy<p>` and `ix<p>`, the pixel of "in" that the tap (`ky`, `kx`) reads for the pixel
 * (`oy<p>`, `ox<p>`) of "out", and `ok<p>`, whether there is one.
 */
export const sourceText = (direction: Direction, p: number): string =>
  direction === "forward"
    ? `
      let iy${p} = oy${p} * uniforms.strideY - uniforms.padTop + ky * uniforms.dilationY;
      let ix${p} = ox${p} * uniforms.strideX - uniforms.padLeft + kx * uniforms.dilationX;
      let ok${p} = iy${p} >= 0 && iy${p} < uniforms.inHeight &&
        ix${p} >= 0 && ix${p} < uniforms.inWidth;`
    : `
      let ty${p} = oy${p} + uniforms.padTop - ky * uniforms.dilationY;
      let tx${p} = ox${p} + uniforms.padLeft - kx * uniforms.dilationX;
      let iy${p} = ty${p} / uniforms.strideY; let ix${p} = tx${p} / uniforms.strideX;
      let ok${p} = ty${p} >= 0 && tx${p} >= 0 && iy${p} * uniforms.strideY == ty${p} &&
        ix${p} * uniforms.strideX == tx${p} && iy${p} < uniforms.inHeight && ix${p} < uniforms.inWidth;`;

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

/** Multiply-adds of a convolution, and of either of its gradients. */
export const multiplyAddsOf = (info: ConvInfo): number =>
  info.batchSize * info.outHeight * info.outWidth * info.filterHeight * info.filterWidth *
  info.inChannels * info.outChannels;

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
