/**
 * Bilinear resizing with aligned corners, times a factor: flow that is enlarged grows with its map.
 *
 * The gradient gathers: each number of the input adds up the results that read it, in a fixed order.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

const SIZES = {
  size: "i32", // numbers that are written
  height: "i32",
  width: "i32",
  channels: "i32",
  toHeight: "i32",
  toWidth: "i32",
  factor: "f32",
} as const;

/** WGSL: where in the input row or column `i` of the result lies. */
const PLACE = `
fn placeOf(i : i32, inputs : i32, results : i32) -> f32 {
  return f32(i) * f32(inputs - 1) / f32(max(results - 1, 1));
}`;

const RESIZE: Program = {
  name: "resize bilinear",
  inputs: ["x"],
  widths: [1, 1],
  uniforms: SIZES,
  workgroup: 64,
  code: `${PLACE}
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let channel = index % uniforms.channels;
  let pixel = index / uniforms.channels;
  let row = pixel / uniforms.toWidth;
  let x0 = placeOf(pixel - row * uniforms.toWidth, uniforms.width, uniforms.toWidth);
  let y0 = placeOf(row % uniforms.toHeight, uniforms.height, uniforms.toHeight);
  let left = min(i32(floor(x0)), uniforms.width - 1);
  let top = min(i32(floor(y0)), uniforms.height - 1);
  let right = min(left + 1, uniforms.width - 1);
  let bottom = min(top + 1, uniforms.height - 1);
  let image = row / uniforms.toHeight * uniforms.height;
  let above = (image + top) * uniforms.width;
  let below = (image + bottom) * uniforms.width;
  let fx = x0 - f32(left);
  let up = mix(
    x[(above + left) * uniforms.channels + channel],
    x[(above + right) * uniforms.channels + channel],
    fx
  );
  let down = mix(
    x[(below + left) * uniforms.channels + channel],
    x[(below + right) * uniforms.channels + channel],
    fx
  );
  result[index] = uniforms.factor * mix(up, down, y0 - f32(top));
}`,
};

const GRADIENT: Program = {
  name: "resize bilinear gradient",
  inputs: ["dy"],
  widths: [1, 1],
  uniforms: SIZES,
  workgroup: 64,
  code: `${PLACE}
// The first and the last row or column of the result that may read i.
fn readers(i : i32, inputs : i32, results : i32) -> vec2<i32> {
  if (inputs == 1) { return vec2<i32>(0, results - 1); }
  let scale = f32(results - 1) / f32(inputs - 1);
  let first = i32(floor(f32(i - 1) * scale));
  let last = i32(ceil(f32(i + 1) * scale));
  return vec2<i32>(max(first, 0), min(last, results - 1));
}
fn weightOf(place : f32, i : i32) -> f32 { return max(0.0, 1.0 - abs(place - f32(i))); }
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let channel = index % uniforms.channels;
  let pixel = index / uniforms.channels;
  let x = pixel % uniforms.width;
  let y = pixel / uniforms.width % uniforms.height;
  let image = pixel / (uniforms.width * uniforms.height) * uniforms.toHeight;
  let rows = readers(y, uniforms.height, uniforms.toHeight);
  let columns = readers(x, uniforms.width, uniforms.toWidth);
  var sum = 0.0;
  for (var toY = rows.x; toY <= rows.y; toY++) {
    var inRow = 0.0;
    for (var toX = columns.x; toX <= columns.y; toX++) {
      let at = ((image + toY) * uniforms.toWidth + toX) * uniforms.channels + channel;
      inRow += weightOf(placeOf(toX, uniforms.width, uniforms.toWidth), x) * dy[at];
    }
    sum += weightOf(placeOf(toY, uniforms.height, uniforms.toHeight), y) * inRow;
  }
  result[index] = uniforms.factor * sum;
}`,
};

interface Attributes {
  readonly height: number;
  readonly width: number;
  readonly toHeight: number;
  readonly toWidth: number;
  readonly factor: number;
}

/** Calls `visit` with every number of the result, a number of the input that it reads, and its weight. */
function forEachTap(
  shape: readonly number[],
  { height, width, toHeight, toWidth, factor }: Attributes,
  visit: (to: number, from: number, weight: number) => void,
): void {
  const batch = shape[0], channels = shape[3];
  const taps = (i: number, from: number, to: number) => {
    const at = to > 1 ? i * (from - 1) / (to - 1) : 0;
    const low = Math.min(Math.floor(at), from - 1);
    return [[low, 1 - (at - low)], [Math.min(low + 1, from - 1), at - low]];
  };
  for (let to = 0; to < batch * toHeight * toWidth * channels; to++) {
    const channel = to % channels, x = Math.floor(to / channels) % toWidth;
    const row = Math.floor(to / channels / toWidth);
    const image = Math.floor(row / toHeight);
    for (const [fromY, wy] of taps(row % toHeight, height, toHeight)) {
      for (const [fromX, wx] of taps(x, width, toWidth)) {
        const from = ((image * height + fromY) * width + fromX) * channels + channel;
        visit(to, from, factor * wy * wx);
      }
    }
  }
}

const uniformsOf = (size: number, channels: number, at: Attributes) => [
  ...[size, at.height, at.width, channels, at.toHeight, at.toWidth, at.factor],
];

const forward = defineKernel<Attributes>({
  name: "ResizeCorners",
  gpu(backend, { x }, at) {
    const [batch, , , channels] = x.shape;
    const shape = [batch, at.toHeight, at.toWidth, channels];
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, RESIZE, [x], shape, uniformsOf(size, channels, at), size);
  },
  oracle({ x }, at): HostTensor {
    const out = hostZeros([x.shape[0], at.toHeight, at.toWidth, x.shape[3]]);
    forEachTap(x.shape, at, (to, from, weight) => out.data[to] += weight * x.data[from]);
    return out;
  },
  stock({ x }, { height: h, width: w, toHeight, toWidth, factor }) {
    // TensorFlow.js' gradient divides by length - 1. Two equal rows resize to the same as one.
    const safe = h > 1 && w > 1 ? x : tf.tile(x, [1, h > 1 ? 1 : 2, w > 1 ? 1 : 2, 1]);
    const resized = tf.image.resizeBilinear(safe as tf.Tensor4D, [toHeight, toWidth], true);
    return factor === 1 ? resized : tf.mul(resized, factor);
  },
});

const gradient = defineKernel<Attributes>({
  name: "ResizeCornersGradient",
  gpu(backend, { dy }, at) {
    const [batch, , , channels] = dy.shape;
    const shape = [batch, at.height, at.width, channels];
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, GRADIENT, [dy], shape, uniformsOf(size, channels, at), size);
  },
  oracle({ dy }, at): HostTensor {
    const out = hostZeros([dy.shape[0], at.height, at.width, dy.shape[3]]);
    forEachTap(dy.shape, at, (to, from, weight) => out.data[from] += weight * dy.data[to]);
    return out;
  },
});

defineGradient<Attributes>("ResizeCorners", [], {
  x: (dy, _, at) => gradient({ dy }, at),
});

/**
 * Resizes bilinearly so that the corner pixels' centres stay corners (PyTorch's `interpolate` with
 * `align_corners=True`).
 *
 * @param x [batch, h, w, channels].
 * @param factor Multiplies the result; default 1.
 * @returns [batch, height, width, channels]. Differentiable.
 */
export function resizeBilinear(
  x: tf.Tensor4D,
  height: number,
  width: number,
  factor = 1,
): tf.Tensor4D {
  const [, h, w] = x.shape;
  const at = { height: h, width: w, toHeight: height, toWidth: width, factor };
  return forward({ x }, at) as tf.Tensor4D;
}
