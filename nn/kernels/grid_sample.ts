/**
 * Bilinear sampling of a picture or feature map at given pixel coordinates, with zeros outside
 * (PyTorch's `grid_sample` with `align_corners=True, padding_mode="zeros"`, in pixels).
 *
 * The image gradient adds many samples into one pixel. Floating-point atomics would add them in
 * another order at every run; here each contribution is split into three fixed-point limbs that are
 * added as integers, which is exact in any order. Precision: at least 2⁻³⁰ of the largest incoming
 * gradient up to a million samples a picture.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { defineGradient, defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

const MAP = {
  samples: "i32", // batch · h · w
  perImage: "i32", // h · w
  height: "i32",
  width: "i32",
  channels: "i32",
} as const;

const WGSL_TAPS = `
struct Taps { x : i32, y : i32, fx : f32, fy : f32, image : i32 };
fn tapsOf(sample : i32) -> Taps {
  // Far outside everything is zero; clamping keeps the conversion to integers defined.
  let x = clamp(coords[sample * 2], -1e6, 1e6);
  let y = clamp(coords[sample * 2 + 1], -1e6, 1e6);
  return Taps(i32(floor(x)), i32(floor(y)), x - floor(x), y - floor(y), sample / uniforms.perImage);
}
fn pixelAt(t : Taps, dx : i32, dy : i32) -> i32 {
  let x = t.x + dx;
  let y = t.y + dy;
  if (x < 0 || y < 0 || x >= uniforms.width || y >= uniforms.height) { return -1; }
  return (t.image * uniforms.height + y) * uniforms.width + x;
}`;

const WGSL_READ = `
fn valueAt(t : Taps, dx : i32, dy : i32, channel : i32) -> f32 {
  let pixel = pixelAt(t, dx, dy);
  if (pixel < 0) { return 0.0; }
  return image[pixel * uniforms.channels + channel];
}`;

const SAMPLE: Program = {
  name: "grid sample",
  inputs: ["image", "coords"],
  widths: [1, 1, 1],
  uniforms: MAP,
  workgroup: 64,
  code: `${WGSL_TAPS}${WGSL_READ}
fn main(index : i32) {
  let sample = index / uniforms.channels;
  if (sample >= uniforms.samples) { return; }
  let channel = index - sample * uniforms.channels;
  let t = tapsOf(sample);
  let top = mix(valueAt(t, 0, 0, channel), valueAt(t, 1, 0, channel), t.fx);
  let bottom = mix(valueAt(t, 0, 1, channel), valueAt(t, 1, 1, channel), t.fx);
  result[index] = mix(top, bottom, t.fy);
}`,
};

const GRADIENT_COORDS: Program = {
  name: "grid sample gradient coords",
  inputs: ["dy", "image", "coords"],
  widths: [1, 1, 1, 1],
  uniforms: MAP,
  workgroup: 64,
  code: `${WGSL_TAPS}${WGSL_READ}
fn main(index : i32) {
  if (index >= uniforms.samples) { return; }
  let t = tapsOf(index);
  var sum = vec2<f32>(0.0);
  for (var c = 0; c < uniforms.channels; c++) {
    let a = valueAt(t, 0, 0, c);
    let b = valueAt(t, 1, 0, c);
    let d = valueAt(t, 0, 1, c);
    let e = valueAt(t, 1, 1, c);
    sum += dy[index * uniforms.channels + c] * vec2<f32>(mix(b - a, e - d, t.fy), mix(d - a, e - b, t.fx));
  }
  result[index * 2] = sum.x;
  result[index * 2 + 1] = sum.y;
}`,
};

const LIMBS = 3;

/** The largest of each workgroup's share of the numbers, which lie `stride` apart for an invocation. */
const LARGEST: Program = {
  name: "grid sample largest",
  inputs: ["dy"],
  widths: [1, 1],
  uniforms: { size: "i32", stride: "i32" },
  workgroup: 64,
  code: `
var<workgroup> partial : array<f32, 64>;
fn main(index : i32) {
  let lane = index % 64;
  var top = 0.0;
  for (var i = index; i < uniforms.size; i += uniforms.stride) { top = max(top, abs(dy[i])); }
  partial[lane] = top;
  for (var step = 32; step > 0; step = step / 2) {
    workgroupBarrier();
    if (lane < step) { partial[lane] = max(partial[lane], partial[lane + step]); }
  }
  if (lane == 0) { result[index / 64] = partial[0]; }
}`,
};

const CLEAR: Program = {
  name: "grid sample clear",
  inputs: [],
  widths: [1],
  uniforms: { size: "i32" },
  workgroup: 64,
  atomic: true,
  code: `
fn main(index : i32) {
  if (index < uniforms.size) { atomicStore(&result[index], 0); }
}`,
};

const SCATTER: Program = {
  name: "grid sample scatter",
  inputs: ["dy", "coords", "largest"],
  widths: [1, 1, 1, 1],
  uniforms: { ...MAP, size: "i32", unit: "f32" },
  workgroup: 64,
  atomic: true,
  code: `${WGSL_TAPS}
fn main(index : i32) {
  let sample = index / uniforms.channels;
  if (sample >= uniforms.samples || largest[0] == 0.0) { return; }
  let channel = index - sample * uniforms.channels;
  let t = tapsOf(sample);
  for (var tap = 0; tap < 4; tap++) {
    let pixel = pixelAt(t, tap & 1, tap >> 1);
    if (pixel < 0) { continue; }
    let weight = select(1.0 - t.fx, t.fx, (tap & 1) == 1) * select(1.0 - t.fy, t.fy, (tap >> 1) == 1);
    var rest = dy[index] / largest[0] * weight;
    for (var limb = 0; limb < ${LIMBS}; limb++) {
      rest = rest * uniforms.unit;
      let whole = round(rest);
      rest = rest - whole;
      atomicAdd(&result[limb * uniforms.size + pixel * uniforms.channels + channel], i32(whole));
    }
  }
}`,
};

const GATHER_LIMBS: Program = {
  name: "grid sample gather limbs",
  inputs: ["limbs", "largest"],
  widths: ["i32", 1, 1],
  uniforms: { size: "i32", unit: "f32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  var sum = 0.0;
  for (var limb = ${LIMBS - 1}; limb >= 0; limb--) {
    sum = (sum + f32(limbs[limb * uniforms.size + index])) / uniforms.unit;
  }
  result[index] = sum * largest[0];
}`,
};

function map(image: readonly number[], coords: readonly number[]): number[] {
  const [batch, h, w] = coords;
  return [batch * h * w, h * w, image[1], image[2], image[3]];
}

/** Calls `visit` with every (sample, pixel inside the image, weight, its slopes in x and y). */
function forEachTap(
  image: readonly number[],
  coords: HostTensor,
  visit: (sample: number, pixel: number, weight: number, slopeX: number, slopeY: number) => void,
): void {
  const [batch, h, w] = coords.shape;
  const [, height, width] = image;
  for (let s = 0; s < batch * h * w; s++) {
    const x0 = Math.floor(coords.data[s * 2]), y0 = Math.floor(coords.data[s * 2 + 1]);
    const fx = coords.data[s * 2] - x0, fy = coords.data[s * 2 + 1] - y0;
    for (let tap = 0; tap < 4; tap++) {
      const x = x0 + (tap & 1), y = y0 + (tap >> 1);
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const wx = tap & 1 ? fx : 1 - fx, wy = tap >> 1 ? fy : 1 - fy;
      const pixel = (Math.floor(s / (h * w)) * height + y) * width + x;
      visit(s, pixel, wx * wy, (tap & 1 ? 1 : -1) * wy, (tap >> 1 ? 1 : -1) * wx);
    }
  }
}

const sampleKernel = defineKernel<Record<never, never>>({
  name: "GridSample",
  gpu(backend, { image, coords }) {
    const shape = [...coords.shape.slice(0, 3), image.shape[3]];
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, SAMPLE, [image, coords], shape, map(image.shape, coords.shape), size);
  },
  oracle({ image, coords }) {
    const channels = image.shape[3];
    const out = hostZeros([...coords.shape.slice(0, 3), channels]);
    forEachTap(image.shape, coords, (s, pixel, weight) => {
      for (let c = 0; c < channels; c++) {
        out.data[s * channels + c] += weight * image.data[pixel * channels + c];
      }
    });
    return out;
  },
});

const gradientCoords = defineKernel<Record<never, never>>({
  name: "GridSampleGradientCoords",
  gpu(backend, { dy, image, coords }) {
    const uniforms = map(image.shape, coords.shape);
    return dispatch(
      backend,
      GRADIENT_COORDS,
      [dy, image, coords],
      coords.shape,
      uniforms,
      uniforms[0],
    );
  },
  oracle({ dy, image, coords }) {
    const channels = image.shape[3];
    const out = hostZeros(coords.shape);
    forEachTap(image.shape, coords, (s, pixel, _weight, slopeX, slopeY) => {
      for (let c = 0; c < channels; c++) {
        const g = dy.data[s * channels + c] * image.data[pixel * channels + c];
        out.data[s * 2] += g * slopeX;
        out.data[s * 2 + 1] += g * slopeY;
      }
    });
    return out;
  },
});

interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly [key: string]: number;
}

/** Fixed-point unit of a limb: as fine as `samples` additions allow in 32 bits. */
const limbUnit = (samples: number) => 2 ** Math.min(14, 30 - Math.ceil(Math.log2(samples)));

/** Numbers that one workgroup may look at by itself: a second dispatch costs as much. */
const SHARE = 16_384;

/** The largest of a tensor's numbers, their signs aside. It is the same in whatever order they come. */
function largestOf(backend: WebGPUBackend, dy: tf.TensorInfo): tf.TensorInfo {
  const size = tf.util.sizeFromShape(dy.shape);
  const parts = Math.min(64, Math.ceil(size / SHARE));
  const each = dispatch(backend, LARGEST, [dy], [parts], [size, 64 * parts], 64 * parts);
  if (parts === 1) return each;
  const all = dispatch(backend, LARGEST, [each], [1], [parts, 64], 64);
  backend.disposeData(each.dataId);
  return all;
}

const gradientImage = defineKernel<ImageShape>({
  name: "GridSampleGradientImage",
  gpu(backend: WebGPUBackend, { dy, coords }, { height, width }) {
    const shape = [coords.shape[0], height, width, dy.shape[3]];
    const size = tf.util.sizeFromShape(shape);
    const count = tf.util.sizeFromShape(dy.shape);
    const uniforms = map(shape, coords.shape);
    const unit = limbUnit(uniforms[1]);
    const largest = largestOf(backend, dy);
    const limbs = dispatch(backend, CLEAR, [], [LIMBS, size], [LIMBS * size], LIMBS * size);
    dispatch(backend, SCATTER, [dy, coords, largest], limbs, [...uniforms, size, unit], count);
    const out = dispatch(backend, GATHER_LIMBS, [limbs, largest], shape, [size, unit], size);
    backend.disposeData(largest.dataId);
    backend.disposeData(limbs.dataId);
    return out;
  },
  oracle({ dy, coords }, { height, width }) {
    const channels = dy.shape[3];
    const out = hostZeros([coords.shape[0], height, width, channels]);
    forEachTap(out.shape, coords, (s, pixel, weight) => {
      for (let c = 0; c < channels; c++) {
        out.data[pixel * channels + c] += weight * dy.data[s * channels + c];
      }
    });
    return out;
  },
});

defineGradient("GridSample", ["image", "coords"], {
  image: (dy, { image, coords }) =>
    gradientImage({ dy, coords }, { height: image.shape[1]!, width: image.shape[2]! }),
  coords: (dy, { image, coords }) => gradientCoords({ dy, image, coords }, {}),
});

/**
 * Samples an image at given coordinates.
 *
 * @param image [batch, height, width, channels].
 * @param coords (x, y) in pixels, [batch, h, w, 2]; (0, 0) is the centre of the first pixel.
 * @returns [batch, h, w, channels]; 0 outside. Differentiable with respect to both.
 */
export function gridSample(image: tf.Tensor4D, coords: tf.Tensor4D): tf.Tensor4D {
  return sampleKernel({ image, coords }, {}) as tf.Tensor4D;
}

/** Pixel coordinates (x, y) of a height × width map, [1, height, width, 2]. */
export function pixelGrid(height: number, width: number): tf.Tensor4D {
  const grid = new Float32Array(height * width * 2);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      grid[i++] = x;
      grid[i++] = y;
    }
  }
  return tf.tensor4d(grid, [1, height, width, 2]);
}

/**
 * Warps picture 2 back onto picture 1.
 *
 * @param image Picture 2 or its features, [batch, height, width, channels].
 * @param flow From picture 1 to picture 2 in pixels, [batch, height, width, 2].
 */
export function warp(image: tf.Tensor4D, flow: tf.Tensor4D): tf.Tensor4D {
  return gridSample(image, tf.add(pixelGrid(flow.shape[1], flow.shape[2]), flow) as tf.Tensor4D);
}
