/**
 * What a correlation lookup reads: f2's pyramid, flattened, and a window around a match in each level.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { HostTensor } from "../kernel.ts";

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

/** {@link Lookup} as a kernel's attributes. */
export type LookupAttributes = Lookup & { readonly [key: string]: number };

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
    // The rest would be empty, and WebGPU binds no empty buffer.
    if (k > 0 && Math.min(level.shape[1], level.shape[2]) < 2) break;
    if (k > 0) level = tf.avgPool(level, 2, 2, "valid");
    flat.push(tf.reshape(level, [batch, level.shape[1] * level.shape[2], depth]));
  }
  return tf.concat(flat, 1);
}

/** Shape of a lookup's result, [batch, h, w, levels·(2r+1)²]. */
export function windowShape(coords: { shape: readonly number[] }, at: Lookup): number[] {
  const [batch, h, w] = coords.shape;
  return [batch, h, w, at.levels * (2 * at.radius + 1) ** 2];
}

/** Uniforms of every lookup kernel, filled by {@link geometry}. */
export const GEOMETRY = {
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

/**
 * Values of {@link GEOMETRY}.
 *
 * @param depth D; a multiple of 4. Kernels that read no features leave it out.
 */
export function geometry(coords: tf.TensorInfo, at: Lookup, depth = 4): number[] {
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
export const WGSL_LEVEL = `
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

/** One level of the pyramid and a pixel's window in it. */
export interface Level {
  /** First position of the level in the flattened pyramid. */
  readonly start: number;
  /** Rows of the level. */
  readonly height: number;
  /** Columns of the level. */
  readonly width: number;
  /** Left column of the integer window: ⌊x⌋ − r. */
  readonly x0: number;
  /** Top row of the integer window: ⌊y⌋ − r. */
  readonly y0: number;
  /** x − ⌊x⌋, in 0…1. */
  readonly fx: number;
  /** y − ⌊y⌋, in 0…1. */
  readonly fy: number;
}

/** The oracles' twin of {@link WGSL_LEVEL}'s `levelOf`. */
export function levelOf(k: number, pixel: number, coords: HostTensor["data"], at: Lookup): Level {
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
