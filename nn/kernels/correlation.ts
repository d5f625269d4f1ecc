/**
 * RAFT's correlation lookup (Teed & Deng 2020, section 3.2), twice.
 *
 * The correlation of pixel p of picture 1 with position q of picture 2 is ⟨f1[p], f2[q]⟩ / √D. A
 * lookup reads, for every pixel and every level of f2's average-pooling pyramid, a window of
 * (2r+1)² correlations around the pixel's current match, bilinearly and with zeros outside.
 *
 * - {@link lookupVolume} reads them from the all-pairs volume, computed once for all iterations. It
 *   is quick for small pictures, and 198 MB for a Sintel frame.
 * - {@link lookupOnDemand} computes only the dot products that the windows touch, anew at each
 *   iteration: memory stays linear in the picture.
 *
 * Both give the same numbers: pooling f2 and pooling the volume commute. Window channel order is the
 * official one, x slow and y fast: `level·(2r+1)² + (dx+r)·(2r+1) + (dy+r)`. Coordinates get no
 * gradient, as in the paper, where every iteration starts from detached coordinates.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, hostZeros, type HostTensor } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

/** Shape of a lookup. */
export interface Lookup {
  /** Height of f2 at level 0. */
  readonly height: number;
  /** Width of f2 at level 0. */
  readonly width: number;
  /** Pyramid levels; level k is ⌊height/2ᵏ⌋ × ⌊width/2ᵏ⌋. */
  readonly levels: number;
  /** Window radius r in pixels of each level. */
  readonly radius: number;
}

type Attributes = Lookup & { [key: string]: number };

/** Positions of all levels together: the length of the pyramid's flattened axis. */
export function pyramidSize({ height, width, levels }: Lookup): number {
  let size = 0;
  for (let k = 0; k < levels; k++) size += (height >> k) * (width >> k);
  return size;
}

/**
 * Average-pooling pyramid of f2, flattened.
 *
 * @param f2 Features of picture 2, [batch, height, width, D].
 * @returns [batch, {@link pyramidSize}, D]: level 0 first, each level row-major. 2×2 pools with stride
 * 2 drop an odd last row or column.
 */
export function correlationPyramid(f2: tf.Tensor4D, levels: number): tf.Tensor3D {
  const [batch, , , depth] = f2.shape;
  const flat: tf.Tensor3D[] = [];
  let level = f2;
  for (let k = 0; k < levels; k++) {
    if (k > 0) level = tf.avgPool(level, 2, 2, "valid");
    flat.push(tf.reshape(level, [batch, level.shape[1] * level.shape[2], depth]));
  }
  return tf.concat(flat, 1);
}

/**
 * All-pairs correlation volume.
 *
 * @param f1 Features of picture 1, [batch, h, w, D].
 * @param pyramid {@link correlationPyramid} of picture 2's features.
 * @returns [batch, h·w, pyramid size].
 */
export function correlationVolume(f1: tf.Tensor4D, pyramid: tf.Tensor3D): tf.Tensor3D {
  const [batch, h, w, depth] = f1.shape;
  const rows = tf.mul(tf.reshape(f1, [batch, h * w, depth]), 1 / Math.sqrt(depth)) as tf.Tensor3D;
  return tf.matMul(rows, pyramid, false, true);
}

/**
 * Windows read from the all-pairs volume.
 *
 * @param volume {@link correlationVolume}, [batch, h·w, pyramid size].
 * @param coords Matches (x, y) in pixels of level 0, [batch, h, w, 2].
 * @returns [batch, h, w, levels·(2r+1)²]. Differentiable with respect to `volume`.
 */
export function lookupVolume(volume: tf.Tensor3D, coords: tf.Tensor4D, at: Lookup): tf.Tensor4D {
  return windows({ volume, coords }, at as Attributes) as tf.Tensor4D;
}

/**
 * Windows computed on demand.
 *
 * @param f1 Features of picture 1, [batch, h, w, D].
 * @param pyramid {@link correlationPyramid} of picture 2's features.
 * @param coords Matches (x, y) in pixels of level 0, [batch, h, w, 2].
 * @returns [batch, h, w, levels·(2r+1)²]. Differentiable with respect to both features.
 */
export function lookupOnDemand(
  f1: tf.Tensor4D,
  pyramid: tf.Tensor3D,
  coords: tf.Tensor4D,
  at: Lookup,
): tf.Tensor4D {
  const dots = products({ f1, pyramid, coords }, at as Attributes);
  return interpolate({ dots, coords }, at as Attributes) as tf.Tensor4D;
}

const GEOMETRY = {
  pixels: "i32", // batch · h · w
  perImage: "i32", // h · w
  height: "i32",
  width: "i32",
  levels: "i32",
  radius: "i32",
  positions: "i32", // pyramid size
  quads: "i32", // D / 4
  scale: "f32", // 1 / √D
} as const;

function geometry(coords: tf.TensorInfo, at: Lookup, depth = 4): number[] {
  const [batch, h, w] = coords.shape;
  return [
    batch * h * w,
    h * w,
    at.height,
    at.width,
    at.levels,
    at.radius,
    pyramidSize(at),
    depth / 4,
    1 / Math.sqrt(depth),
  ];
}

/** WGSL: a pyramid level, where it starts and its integer window's corner for a pixel. */
const WGSL_LEVEL = `
struct Level { start : i32, height : i32, width : i32, x0 : i32, y0 : i32, fx : f32, fy : f32 };
fn levelOf(k : i32, pixel : i32) -> Level {
  var level = Level(0, uniforms.height, uniforms.width, 0, 0, 0.0, 0.0);
  var scale = 1.0;
  for (var i = 0; i < k; i++) {
    level.start += level.height * level.width;
    level.height = level.height / 2;
    level.width = level.width / 2;
    scale *= 0.5;
  }
  // Far outside nothing is read; clamping keeps the conversion to integers defined.
  let x = clamp(coords[pixel * 2] * scale, -1e6, 1e6);
  let y = clamp(coords[pixel * 2 + 1] * scale, -1e6, 1e6);
  level.x0 = i32(floor(x)) - uniforms.radius;
  level.y0 = i32(floor(y)) - uniforms.radius;
  level.fx = x - floor(x);
  level.fy = y - floor(y);
  return level;
}`;

interface Level {
  start: number;
  height: number;
  width: number;
  x0: number;
  y0: number;
  fx: number;
  fy: number;
}

/** The oracle's twin of `levelOf`. */
function levelOf(k: number, pixel: number, coords: Float32Array, at: Lookup): Level {
  let start = 0;
  for (let i = 0; i < k; i++) start += (at.height >> i) * (at.width >> i);
  const x = coords[pixel * 2] / 2 ** k, y = coords[pixel * 2 + 1] / 2 ** k;
  return {
    start,
    height: at.height >> k,
    width: at.width >> k,
    x0: Math.floor(x) - at.radius,
    y0: Math.floor(y) - at.radius,
    fx: x - Math.floor(x),
    fy: y - Math.floor(y),
  };
}

// --- Windows from the volume -----------------------------------------------------------------

const WINDOWS: Program = {
  name: "correlation windows",
  inputs: ["volume", "coords"],
  widths: [1, 1, 1],
  uniforms: GEOMETRY,
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn read(row : i32, level : Level, x : i32, y : i32) -> f32 {
  if (x < 0 || y < 0 || x >= level.width || y >= level.height) { return 0.0; }
  return volume[row + level.start + y * level.width + x];
}
fn main(index : i32) {
  let side = 2 * uniforms.radius + 1;
  let channels = uniforms.levels * side * side;
  let pixel = index / channels;
  if (pixel >= uniforms.pixels) { return; }
  let channel = index - pixel * channels;
  let k = channel / (side * side);
  let dx = (channel / side) % side;
  let dy = channel % side;
  let level = levelOf(k, pixel);
  let row = pixel * uniforms.positions;
  let x = level.x0 + dx;
  let y = level.y0 + dy;
  let top = mix(read(row, level, x, y), read(row, level, x + 1, y), level.fx);
  let bottom = mix(read(row, level, x, y + 1), read(row, level, x + 1, y + 1), level.fx);
  result[index] = mix(top, bottom, level.fy);
}`,
};

const WINDOWS_GRADIENT: Program = {
  name: "correlation windows gradient",
  inputs: ["dy", "coords"],
  widths: [1, 1, 1],
  uniforms: GEOMETRY,
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn read(row : i32, x : i32, y : i32) -> f32 {
  let side = 2 * uniforms.radius + 1;
  if (x < 0 || y < 0 || x >= side || y >= side) { return 0.0; }
  return dy[row + x * side + y];
}
fn main(index : i32) {
  let pixel = index / uniforms.positions;
  if (pixel >= uniforms.pixels) { return; }
  var position = index - pixel * uniforms.positions;
  var k = 0;
  var height = uniforms.height;
  var width = uniforms.width;
  while (position >= height * width) {
    position -= height * width;
    height = height / 2;
    width = width / 2;
    k++;
  }
  let level = levelOf(k, pixel);
  let side = 2 * uniforms.radius + 1;
  let row = (pixel * uniforms.levels + k) * side * side;
  let x = position % width - level.x0;
  let y = position / width - level.y0;
  if (x < 0 || y < 0 || x > side || y > side) { result[index] = 0.0; return; }
  let here = mix(read(row, x, y), read(row, x, y - 1), level.fy);
  let left = mix(read(row, x - 1, y), read(row, x - 1, y - 1), level.fy);
  result[index] = mix(here, left, level.fx);
}`,
};

/** Calls `visit` with every (output, volume element, weight) of a lookup. */
function forEachTap(
  coords: HostTensor,
  at: Lookup,
  visit: (out: number, pixel: number, position: number, weight: number) => void,
): void {
  const [batch, h, w] = coords.shape;
  const side = 2 * at.radius + 1;
  for (let pixel = 0; pixel < batch * h * w; pixel++) {
    for (let k = 0; k < at.levels; k++) {
      const { start, height, width, x0, y0, fx, fy } = levelOf(k, pixel, coords.data, at);
      for (let dx = 0; dx < side; dx++) {
        for (let dy = 0; dy < side; dy++) {
          const out = ((pixel * at.levels + k) * side + dx) * side + dy;
          for (let tap = 0; tap < 4; tap++) {
            const x = x0 + dx + (tap & 1), y = y0 + dy + (tap >> 1);
            if (x < 0 || y < 0 || x >= width || y >= height) continue;
            const weight = (tap & 1 ? fx : 1 - fx) * (tap >> 1 ? fy : 1 - fy);
            visit(out, pixel, start + y * width + x, weight);
          }
        }
      }
    }
  }
}

function windowShape(coords: { shape: readonly number[] }, at: Lookup): number[] {
  const [batch, h, w] = coords.shape;
  return [batch, h, w, at.levels * (2 * at.radius + 1) ** 2];
}

const windows = defineKernel<Attributes>({
  name: "CorrelationWindows",
  gpu(backend, { volume, coords }, at) {
    const shape = windowShape(coords, at);
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, WINDOWS, [volume, coords], shape, geometry(coords, at), size);
  },
  oracle({ volume, coords }, at) {
    const out = hostZeros(windowShape(coords, at));
    const positions = pyramidSize(at);
    forEachTap(coords, at, (o, pixel, position, weight) => {
      out.data[o] += weight * volume.data[pixel * positions + position];
    });
    return out;
  },
});

const windowsGradient = defineKernel<Attributes>({
  name: "CorrelationWindowsGradient",
  gpu(backend, { dy, coords }, at) {
    const [batch, h, w] = coords.shape;
    const shape = [batch, h * w, pyramidSize(at)];
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, WINDOWS_GRADIENT, [dy, coords], shape, geometry(coords, at), size);
  },
  oracle({ dy, coords }, at) {
    const [batch, h, w] = coords.shape;
    const positions = pyramidSize(at);
    const out = hostZeros([batch, h * w, positions]);
    forEachTap(coords, at, (o, pixel, position, weight) => {
      out.data[pixel * positions + position] += weight * dy.data[o];
    });
    return out;
  },
});

defineGradient<Attributes>("CorrelationWindows", ["coords"], {
  volume: (dy, { coords }, at) => windowsGradient({ dy, coords }, at),
});

// --- On demand: dot products at whole positions, then interpolation -----------------------------

/** A window of (2r+1)² bilinear samples touches (2r+2)² whole positions. */
function dotsShape(coords: { shape: readonly number[] }, at: Lookup): number[] {
  const [batch, h, w] = coords.shape;
  return [batch, h, w, at.levels * (2 * at.radius + 2) ** 2];
}

const PRODUCTS: Program = {
  name: "correlation products",
  inputs: ["f1", "pyramid", "coords"],
  widths: [4, 4, 1, 1],
  uniforms: GEOMETRY,
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn main(index : i32) {
  let side = 2 * uniforms.radius + 2;
  let perPixel = uniforms.levels * side * side;
  let pixel = index / perPixel;
  if (pixel >= uniforms.pixels) { return; }
  let rest = index - pixel * perPixel;
  let level = levelOf(rest / (side * side), pixel);
  let x = level.x0 + (rest / side) % side;
  let y = level.y0 + rest % side;
  var sum = 0.0;
  if (x >= 0 && y >= 0 && x < level.width && y < level.height) {
    let a = pixel * uniforms.quads;
    let b = (pixel / uniforms.perImage * uniforms.positions + level.start + y * level.width + x) *
      uniforms.quads;
    for (var q = 0; q < uniforms.quads; q++) { sum += dot(f1[a + q], pyramid[b + q]); }
  }
  result[index] = sum * uniforms.scale;
}`,
};

const PRODUCTS_GRADIENT_F1: Program = {
  name: "correlation products gradient f1",
  inputs: ["dy", "pyramid", "coords"],
  widths: [1, 4, 1, 4],
  uniforms: GEOMETRY,
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn main(index : i32) {
  let pixel = index / uniforms.quads;
  if (pixel >= uniforms.pixels) { return; }
  let q = index - pixel * uniforms.quads;
  let side = 2 * uniforms.radius + 2;
  let image = pixel / uniforms.perImage * uniforms.positions;
  var sum = vec4<f32>(0.0);
  for (var k = 0; k < uniforms.levels; k++) {
    let level = levelOf(k, pixel);
    let row = (pixel * uniforms.levels + k) * side * side;
    for (var x = max(0, -level.x0); x < min(side, level.width - level.x0); x++) {
      for (var y = max(0, -level.y0); y < min(side, level.height - level.y0); y++) {
        let position = image + level.start + (level.y0 + y) * level.width + level.x0 + x;
        sum = fma(vec4<f32>(dy[row + x * side + y]), pyramid[position * uniforms.quads + q], sum);
      }
    }
  }
  result[index] = sum * uniforms.scale;
}`,
};

// Every position asks every pixel of its image whether its window covers it: more work than adding
// into the positions, but in a fixed order, so that the same run gives the same bits.
const PRODUCTS_GRADIENT_PYRAMID: Program = {
  name: "correlation products gradient pyramid",
  inputs: ["dy", "f1", "coords"],
  widths: [1, 4, 1, 4],
  uniforms: GEOMETRY,
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn main(index : i32) {
  let image = index / (uniforms.positions * uniforms.quads);
  if (image * uniforms.perImage >= uniforms.pixels) { return; }
  let q = index % uniforms.quads;
  var position = index / uniforms.quads % uniforms.positions;
  var k = 0;
  var height = uniforms.height;
  var width = uniforms.width;
  while (position >= height * width) {
    position -= height * width;
    height = height / 2;
    width = width / 2;
    k++;
  }
  let side = 2 * uniforms.radius + 2;
  var sum = vec4<f32>(0.0);
  for (var p = 0; p < uniforms.perImage; p++) {
    let pixel = image * uniforms.perImage + p;
    let level = levelOf(k, pixel);
    let x = position % width - level.x0;
    let y = position / width - level.y0;
    if (x < 0 || y < 0 || x >= side || y >= side) { continue; }
    let at = ((pixel * uniforms.levels + k) * side + x) * side + y;
    sum = fma(vec4<f32>(dy[at]), f1[pixel * uniforms.quads + q], sum);
  }
  result[index] = sum * uniforms.scale;
}`,
};

/** Calls `visit` for every dot product inside the map: its index, f1's pixel, f2's position. */
function forEachProduct(
  coords: HostTensor,
  at: Lookup,
  visit: (out: number, pixel: number, position: number) => void,
): void {
  const [batch, h, w] = coords.shape;
  const side = 2 * at.radius + 2;
  const positions = pyramidSize(at);
  for (let pixel = 0; pixel < batch * h * w; pixel++) {
    const image = Math.floor(pixel / (h * w)) * positions;
    for (let k = 0; k < at.levels; k++) {
      const { start, height, width, x0, y0 } = levelOf(k, pixel, coords.data, at);
      for (let dx = 0; dx < side; dx++) {
        for (let dy = 0; dy < side; dy++) {
          const x = x0 + dx, y = y0 + dy;
          if (x < 0 || y < 0 || x >= width || y >= height) continue;
          const out = ((pixel * at.levels + k) * side + dx) * side + dy;
          visit(out, pixel, image + start + y * width + x);
        }
      }
    }
  }
}

function requireQuads(features: { shape: readonly number[] }): number {
  const depth = features.shape.at(-1)!;
  if (depth % 4 !== 0) throw new Error(`correlation: ${depth} feature channels, not a multiple of 4`);
  return depth;
}

const products = defineKernel<Attributes>({
  name: "CorrelationProducts",
  gpu(backend, { f1, pyramid, coords }, at) {
    const shape = dotsShape(coords, at);
    const size = tf.util.sizeFromShape(shape);
    const uniforms = geometry(coords, at, requireQuads(f1));
    return dispatch(backend, PRODUCTS, [f1, pyramid, coords], shape, uniforms, size);
  },
  oracle({ f1, pyramid, coords }, at) {
    const out = hostZeros(dotsShape(coords, at));
    const depth = f1.shape.at(-1)!;
    forEachProduct(coords, at, (o, pixel, position) => {
      let sum = 0;
      for (let d = 0; d < depth; d++) {
        sum += f1.data[pixel * depth + d] * pyramid.data[position * depth + d];
      }
      out.data[o] = sum / Math.sqrt(depth);
    });
    return out;
  },
});

const productsGradientF1 = defineKernel<Attributes>({
  name: "CorrelationProductsGradientF1",
  gpu(backend, { dy, pyramid, coords }, at) {
    const depth = requireQuads(pyramid);
    const shape = [...coords.shape.slice(0, 3), depth];
    const size = tf.util.sizeFromShape(shape) / 4;
    const uniforms = geometry(coords, at, depth);
    return dispatch(backend, PRODUCTS_GRADIENT_F1, [dy, pyramid, coords], shape, uniforms, size);
  },
  oracle({ dy, pyramid, coords }, at) {
    const depth = pyramid.shape.at(-1)!;
    const out = hostZeros([...coords.shape.slice(0, 3), depth]);
    forEachProduct(coords, at, (o, pixel, position) => {
      for (let d = 0; d < depth; d++) {
        out.data[pixel * depth + d] += dy.data[o] * pyramid.data[position * depth + d] /
          Math.sqrt(depth);
      }
    });
    return out;
  },
});

const productsGradientPyramid = defineKernel<Attributes>({
  name: "CorrelationProductsGradientPyramid",
  gpu(backend, { dy, f1, coords }, at) {
    const depth = requireQuads(f1);
    const shape = [coords.shape[0], pyramidSize(at), depth];
    const size = tf.util.sizeFromShape(shape) / 4;
    const uniforms = geometry(coords, at, depth);
    return dispatch(backend, PRODUCTS_GRADIENT_PYRAMID, [dy, f1, coords], shape, uniforms, size);
  },
  oracle({ dy, f1, coords }, at) {
    const depth = f1.shape.at(-1)!;
    const out = hostZeros([coords.shape[0], pyramidSize(at), depth]);
    forEachProduct(coords, at, (o, pixel, position) => {
      for (let d = 0; d < depth; d++) {
        out.data[position * depth + d] += dy.data[o] * f1.data[pixel * depth + d] /
          Math.sqrt(depth);
      }
    });
    return out;
  },
});

defineGradient<Attributes>("CorrelationProducts", ["f1", "pyramid", "coords"], {
  f1: (dy, { pyramid, coords }, at) => productsGradientF1({ dy, pyramid, coords }, at),
  pyramid: (dy, { f1, coords }, at) => productsGradientPyramid({ dy, f1, coords }, at),
});

const INTERPOLATE: Program = {
  name: "correlation interpolate",
  inputs: ["dots", "coords"],
  widths: [1, 1, 1],
  uniforms: GEOMETRY,
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn main(index : i32) {
  let side = 2 * uniforms.radius + 1;
  let channels = uniforms.levels * side * side;
  let pixel = index / channels;
  if (pixel >= uniforms.pixels) { return; }
  let channel = index - pixel * channels;
  let k = channel / (side * side);
  let level = levelOf(k, pixel);
  let wide = side + 1;
  let at = ((pixel * uniforms.levels + k) * wide + (channel / side) % side) * wide + channel % side;
  let top = mix(dots[at], dots[at + wide], level.fx);
  let bottom = mix(dots[at + 1], dots[at + wide + 1], level.fx);
  result[index] = mix(top, bottom, level.fy);
}`,
};

const INTERPOLATE_GRADIENT: Program = {
  name: "correlation interpolate gradient",
  inputs: ["dy", "coords"],
  widths: [1, 1, 1],
  uniforms: GEOMETRY,
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn read(row : i32, x : i32, y : i32) -> f32 {
  let side = 2 * uniforms.radius + 1;
  if (x < 0 || y < 0 || x >= side || y >= side) { return 0.0; }
  return dy[row + x * side + y];
}
fn main(index : i32) {
  let side = 2 * uniforms.radius + 1;
  let wide = side + 1;
  let perPixel = uniforms.levels * wide * wide;
  let pixel = index / perPixel;
  if (pixel >= uniforms.pixels) { return; }
  let rest = index - pixel * perPixel;
  let k = rest / (wide * wide);
  let level = levelOf(k, pixel);
  let row = (pixel * uniforms.levels + k) * side * side;
  let x = (rest / wide) % wide;
  let y = rest % wide;
  let here = mix(read(row, x, y), read(row, x, y - 1), level.fy);
  let left = mix(read(row, x - 1, y), read(row, x - 1, y - 1), level.fy);
  result[index] = mix(here, left, level.fx);
}`,
};

/** Calls `visit` with every (sample, dot product, weight) of the interpolation. */
function forEachSample(
  coords: HostTensor,
  at: Lookup,
  visit: (sample: number, dot: number, weight: number) => void,
): void {
  const [batch, h, w] = coords.shape;
  const side = 2 * at.radius + 1;
  for (let pixel = 0; pixel < batch * h * w; pixel++) {
    for (let k = 0; k < at.levels; k++) {
      const { fx, fy } = levelOf(k, pixel, coords.data, at);
      const group = pixel * at.levels + k;
      for (let x = 0; x < side; x++) {
        for (let y = 0; y < side; y++) {
          for (let tap = 0; tap < 4; tap++) {
            const weight = (tap & 1 ? fx : 1 - fx) * (tap >> 1 ? fy : 1 - fy);
            const dot = (group * (side + 1) + x + (tap & 1)) * (side + 1) + y + (tap >> 1);
            visit((group * side + x) * side + y, dot, weight);
          }
        }
      }
    }
  }
}

const interpolate = defineKernel<Attributes>({
  name: "CorrelationInterpolate",
  gpu(backend, { dots, coords }, at) {
    const shape = windowShape(coords, at);
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, INTERPOLATE, [dots, coords], shape, geometry(coords, at), size);
  },
  oracle({ dots, coords }, at) {
    const out = hostZeros(windowShape(coords, at));
    forEachSample(coords, at, (sample, dot, weight) => {
      out.data[sample] += weight * dots.data[dot];
    });
    return out;
  },
});

const interpolateGradient = defineKernel<Attributes>({
  name: "CorrelationInterpolateGradient",
  gpu(backend, { dy, coords }, at) {
    const shape = dotsShape(coords, at);
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, INTERPOLATE_GRADIENT, [dy, coords], shape, geometry(coords, at), size);
  },
  oracle({ dy, coords }, at) {
    const out = hostZeros(dotsShape(coords, at));
    forEachSample(coords, at, (sample, dot, weight) => {
      out.data[dot] += weight * dy.data[sample];
    });
    return out;
  },
});

defineGradient<Attributes>("CorrelationInterpolate", ["coords"], {
  dots: (dy, { coords }, at) => interpolateGradient({ dy, coords }, at),
});
