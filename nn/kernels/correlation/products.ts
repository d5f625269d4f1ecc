/**
 * Correlations at the whole positions that a lookup's windows touch.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  defineGradient,
  defineKernel,
  type HostTensor,
  hostZeros,
  type Operation,
} from "../kernel.ts";
import { dispatch, type Program } from "../program.ts";
import {
  GEOMETRY,
  geometry,
  levelOf,
  type Lookup,
  type LookupAttributes,
  pyramidSize,
  WGSL_LEVEL,
} from "./geometry.ts";

/** A window of (2r+1)² bilinear samples touches (2r+2)² whole positions. */
export function dotsShape(coords: { shape: readonly number[] }, at: Lookup): number[] {
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
  if (depth % 4 !== 0) {
    throw new Error(`correlation: ${depth} feature channels, not a multiple of 4`);
  }
  return depth;
}

/**
 * Correlations at whole positions, zeros outside: inputs `f1` [batch, h, w, D], `pyramid` [batch,
 * pyramid size, D] and `coords` [batch, h, w, 2]; result as {@link dotsShape}.
 *
 * @throws When 4 does not divide D.
 */
export const products: Operation<LookupAttributes> = defineKernel<LookupAttributes>({
  name: "CorrelationProducts",
  gpu(backend, { f1, pyramid, coords }, at) {
    const shape = dotsShape(coords, at);
    const size = tf.util.sizeFromShape(shape);
    const depth = requireQuads(f1);
    const uniforms = geometry(coords, at, depth);
    return dispatch(
      backend,
      PRODUCTS,
      [f1, pyramid, coords],
      shape,
      uniforms,
      size,
      size * depth,
    );
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

const productsGradientF1 = defineKernel<LookupAttributes>({
  name: "CorrelationProductsGradientF1",
  gpu(backend, { dy, pyramid, coords }, at) {
    const depth = requireQuads(pyramid);
    const shape = [...coords.shape.slice(0, 3), depth];
    const size = tf.util.sizeFromShape(shape) / 4;
    const uniforms = geometry(coords, at, depth);
    return dispatch(
      backend,
      PRODUCTS_GRADIENT_F1,
      [dy, pyramid, coords],
      shape,
      uniforms,
      size,
      tf.util.sizeFromShape(dy.shape) * depth,
    );
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

const productsGradientPyramid = defineKernel<LookupAttributes>({
  name: "CorrelationProductsGradientPyramid",
  gpu(backend, { dy, f1, coords }, at) {
    const depth = requireQuads(f1);
    const shape = [coords.shape[0], pyramidSize(at), depth];
    const size = tf.util.sizeFromShape(shape) / 4;
    const uniforms = geometry(coords, at, depth);
    const [, h, w] = coords.shape;
    return dispatch(
      backend,
      PRODUCTS_GRADIENT_PYRAMID,
      [dy, f1, coords],
      shape,
      uniforms,
      size,
      4 * size * h * w, // to ask a pixel costs about what its numbers do
    );
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

defineGradient<LookupAttributes>("CorrelationProducts", ["f1", "pyramid", "coords"], {
  f1: (dy, { pyramid, coords }, at) => productsGradientF1({ dy, pyramid, coords }, at),
  pyramid: (dy, { f1, coords }, at) => productsGradientPyramid({ dy, f1, coords }, at),
});
