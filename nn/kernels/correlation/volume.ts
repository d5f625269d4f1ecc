/**
 * Windows read from the all-pairs correlation volume.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { inOneGo } from "../../backward.ts";
import { defineKernel, type HostTensor, hostZeros } from "../kernel.ts";
import { dispatch, type Program } from "../program.ts";
import {
  GEOMETRY,
  geometry,
  levelOf,
  type Lookup,
  type LookupAttributes,
  pyramidSize,
  WGSL_LEVEL,
  windowShape,
} from "./geometry.ts";
import { runWindows, type Windows } from "./windows.ts";

const WINDOWS: Windows = {
  name: "correlation windows",
  inputs: ["volume", "coords"],
  helpers: `
fn valueAt(row : i32, level : Level, x : i32, y : i32) -> f32 {
  if (x < 0 || y < 0 || x >= level.width || y >= level.height) { return 0.0; }
  return volume[row + level.start + y * level.width + x];
}`,
  value: `
    let row = pixel * uniforms.positions;
    let x = level.x0 + dx;
    let y = level.y0 + dy;
    let top = mix(valueAt(row, level, x, y), valueAt(row, level, x + 1, y), level.fx);
    let bottom = mix(valueAt(row, level, x, y + 1), valueAt(row, level, x + 1, y + 1), level.fx);`,
};

const WINDOWS_GRADIENT: Program = {
  name: "correlation windows gradient",
  inputs: ["dy", "coords"],
  widths: [1, 1, 1],
  uniforms: { ...GEOMETRY, onto: "i32" },
  workgroup: 64,
  code: `${WGSL_LEVEL}
fn valueAt(row : i32, x : i32, y : i32) -> f32 {
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
  var value = 0.0;
  if (uniforms.onto == 1) { value = result[index]; }
  if (x < 0 || y < 0 || x > side || y > side) { result[index] = value; return; }
  let here = mix(valueAt(row, x, y), valueAt(row, x, y - 1), level.fy);
  let left = mix(valueAt(row, x - 1, y), valueAt(row, x - 1, y - 1), level.fy);
  result[index] = value + mix(here, left, level.fx);
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

const windows = defineKernel<LookupAttributes>({
  name: "CorrelationWindows",
  gpu(backend, { volume, coords }, at) {
    return runWindows(backend, WINDOWS, [volume, coords], geometry(coords, at), at);
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

/** Records the volume's gradient, or adds it to what is there. */
function recordGradient(
  backend: WebGPUBackend,
  [dy, coords]: readonly [tf.TensorInfo, tf.TensorInfo],
  at: Lookup,
  onto?: tf.TensorInfo,
): tf.TensorInfo {
  const [batch, h, w] = coords.shape;
  const shape = [batch, h * w, pyramidSize(at)];
  const size = tf.util.sizeFromShape(shape);
  const uniforms = [...geometry(coords, at), onto ? 1 : 0];
  return dispatch(backend, WINDOWS_GRADIENT, [dy, coords], onto ?? shape, uniforms, size);
}

const windowsGradient = defineKernel<LookupAttributes>({
  name: "CorrelationWindowsGradient",
  gpu: (backend, { dy, coords }, at) => recordGradient(backend, [dy, coords], at),
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

tf.registerGradient({
  kernelName: "CorrelationWindows",
  inputsToSave: ["coords"],
  gradFunc: (dy, [coords], attrs) => {
    const at = attrs as unknown as LookupAttributes, operands = [dy as tf.Tensor, coords] as const;
    return inOneGo(["volume"], ([sum]) => {
      if (!sum || tf.getBackend() !== "webgpu") {
        return [windowsGradient({ dy: operands[0], coords }, at)];
      }
      recordGradient(tf.backend() as unknown as WebGPUBackend, operands, at, sum);
      return [sum];
    });
  },
});

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
  return windows({ volume, coords }, at as LookupAttributes) as tf.Tensor4D;
}
