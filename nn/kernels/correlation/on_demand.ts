/**
 * Windows of correlations computed on demand: dot products at whole positions, then interpolation.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, type HostTensor, hostZeros } from "../kernel.ts";
import { dispatch, type Program } from "../program.ts";
import {
  GEOMETRY,
  geometry,
  levelOf,
  type Lookup,
  type LookupAttributes,
  WGSL_LEVEL,
  windowShape,
} from "./geometry.ts";
import { dotsShape, products } from "./products.ts";
import { runWindows, type Windows } from "./windows.ts";

const INTERPOLATE: Windows = {
  name: "correlation interpolate",
  inputs: ["dots", "coords"],
  value: `
    let wide = side + 1;
    let at = ((pixel * uniforms.levels + k) * wide + dx) * wide + dy;
    let top = mix(dots[at], dots[at + wide], level.fx);
    let bottom = mix(dots[at + 1], dots[at + wide + 1], level.fx);`,
};

const INTERPOLATE_GRADIENT: Program = {
  name: "correlation interpolate gradient",
  inputs: ["dy", "coords"],
  widths: [1, 1, 1],
  uniforms: GEOMETRY,
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn valueAt(row : i32, x : i32, y : i32) -> f32 {
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
  let here = mix(valueAt(row, x, y), valueAt(row, x, y - 1), level.fy);
  let left = mix(valueAt(row, x - 1, y), valueAt(row, x - 1, y - 1), level.fy);
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

const interpolate = defineKernel<LookupAttributes>({
  name: "CorrelationInterpolate",
  gpu(backend, { dots, coords }, at) {
    return runWindows(backend, INTERPOLATE, [dots, coords], geometry(coords, at), at);
  },
  oracle({ dots, coords }, at) {
    const out = hostZeros(windowShape(coords, at));
    forEachSample(coords, at, (sample, dot, weight) => {
      out.data[sample] += weight * dots.data[dot];
    });
    return out;
  },
});

const interpolateGradient = defineKernel<LookupAttributes>({
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

defineGradient<LookupAttributes>("CorrelationInterpolate", ["coords"], {
  dots: (dy, { coords }, at) => interpolateGradient({ dy, coords }, at),
});

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
  const dots = products({ f1, pyramid, coords }, at as LookupAttributes);
  return interpolate({ dots, coords }, at as LookupAttributes) as tf.Tensor4D;
}
