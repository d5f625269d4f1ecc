/**
 * The convolution kernel for the filter gradient.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { dispatch, type Program } from "../program.ts";
import { type OperandAccess, withOperands } from "./operands.ts";
import {
  type ConvInfo,
  featuresOf,
  lines,
  pictureOf,
  vec4s,
  WINDOW,
  windowValues,
  WORKGROUP,
} from "./window.ts";

/**
 * Tile kernel for the filter gradient: an invocation sums one tile of one tap over a segment of the
 * output pixels; {@link SUM_SEGMENTS} then adds the segments in a fixed order.
 */
function filterGradientProgram(
  access: OperandAccess,
  inQuads: number,
  outQuads: number,
): Program {
  return {
    name: `conv2d filterGradient ${access} ${inQuads}x${outQuads}`,
    inputs: ["x", "dy"],
    widths: [access, access, 1],
    uniforms: { ...WINDOW, segments: "i32", inChannels: "i32" },
    workgroup: WORKGROUP,
    code: `
fn main(index : i32) {
  let outVec4s = (uniforms.outChannels + 3) / 4;
  let inBlocks = (uniforms.inVec4s + ${inQuads - 1}) / ${inQuads};
  let outBlocks = (outVec4s + ${outQuads - 1}) / ${outQuads};
  let segment = index % uniforms.segments;
  let tile = index / uniforms.segments;
  let co = (tile % outBlocks) * ${outQuads};
  let ci = (tile / outBlocks) % inBlocks * ${inQuads};
  let tap = tile / (outBlocks * inBlocks);
  if (tap >= uniforms.kernelHeight * uniforms.kernelWidth) { return; }
  let ky = tap / uniforms.kernelWidth;
  let kx = tap % uniforms.kernelWidth;
  let total = uniforms.batch * uniforms.outHeight * uniforms.outWidth;
  let each = (total + uniforms.segments - 1) / uniforms.segments;
  let end = min((segment + 1) * each, total);
  ${lines(inQuads * 4, (i) => lines(outQuads, (c) => `var sum${i}_${c} = vec4<f32>(0.0);`))}
  for (var m = segment * each; m < end; m++) {
    let ox = m % uniforms.outWidth;
    let oy = (m / uniforms.outWidth) % uniforms.outHeight;
    let iy = oy * uniforms.strideY - uniforms.padTop + ky * uniforms.dilationY;
    let ix = ox * uniforms.strideX - uniforms.padLeft + kx * uniforms.dilationX;
    if (iy < 0 || iy >= uniforms.inHeight || ix < 0 || ix >= uniforms.inWidth) { continue; }
    let image = m / (uniforms.outWidth * uniforms.outHeight);
    let origin = ((image * uniforms.inHeight + iy) * uniforms.inWidth + ix) * uniforms.inVec4s + ci;
    let to = m * outVec4s + co;
    ${lines(inQuads, (i) => `let x${i} = load_x(origin + min(${i}, uniforms.inVec4s - 1 - ci));`)}
    ${lines(outQuads, (c) => `let d${c} = load_dy(to + min(${c}, outVec4s - 1 - co));`)}
    ${
      lines(inQuads * 4, (i) =>
        lines(outQuads, (c) =>
          `sum${i}_${c} = fma(vec4<f32>(x${i >> 2}[${i & 3}]), d${c}, sum${i}_${c});`))
    }
  }
  let base = (segment * uniforms.kernelHeight * uniforms.kernelWidth + tap) * uniforms.inChannels;
  ${
      lines(inQuads * 4, (i) => `
  if (ci * 4 + ${i} < uniforms.inChannels) {
    let row = (base + ci * 4 + ${i}) * uniforms.outChannels;
    ${
        lines(outQuads, (c) =>
          lines(4, (k) => `
    if ((co + ${c}) * 4 + ${k} < uniforms.outChannels) { result[row + (co + ${c}) * 4 + ${k}] = sum${i}_${c}[${k}]; }`))
      }
  }`)
    }
}`,
  };
}

const SUM_SEGMENTS: Program = {
  name: "sum segments",
  inputs: ["x"],
  widths: [1, 1],
  uniforms: { size: "i32", segments: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  var sum = 0.0;
  for (var s = 0; s < uniforms.segments; s++) { sum += x[s * uniforms.size + index]; }
  result[index] = sum;
}`,
};

const programs = new Map<string, Program>();

/** Records the filter gradient, [kh, kw, in, out]. */
export function runFilterGradient(
  backend: WebGPUBackend,
  access: OperandAccess,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: ConvInfo,
): tf.TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const shape = [filterHeight, filterWidth, inChannels, outChannels];
  const widest = access === "texels" ? 2 : 4;
  const inQuads = inChannels <= 4 ? 1 : widest;
  const outQuads = outChannels <= 4 ? 1 : 4;
  const key = `${access} ${inQuads} ${outQuads}`;
  const program = programs.get(key) ?? filterGradientProgram(access, inQuads, outQuads);
  programs.set(key, program);
  const tiles = filterHeight * filterWidth * Math.ceil(vec4s(inChannels) / inQuads) *
    Math.ceil(vec4s(outChannels) / outQuads);
  const total = info.batchSize * info.outHeight * info.outWidth;
  // Enough segments to occupy a device, yet several pixels in each; a CPU is occupied sooner.
  const [invocations, fewest] = access === "texels" ? [256, 1] : [2048, 8];
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(fewest, invocations / tiles)));
  const segments = Math.max(1, Math.min(wanted, 64, Math.floor(total / 4)));
  const values = [
    ...windowValues(info, pictureOf(info), featuresOf(info)),
    segments,
    inChannels,
  ];
  const partsShape = segments === 1 ? shape : [segments, ...shape];
  const parts = withOperands(
    backend,
    access,
    [x, dy],
    (operands) => dispatch(backend, program, operands, partsShape, values, tiles * segments),
  );
  if (segments === 1) return parts;
  const size = tf.util.sizeFromShape(shape);
  const sum = dispatch(backend, SUM_SEGMENTS, [parts], shape, [size, segments], size);
  backend.disposeData(parts.dataId);
  return sum;
}
