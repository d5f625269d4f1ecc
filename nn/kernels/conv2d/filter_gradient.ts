/**
 * The convolution kernel for the filter gradient.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { dispatch, type Program } from "../program.ts";
import { type OperandAccess, operandAccess, type Sloped, withOperands } from "./operands.ts";
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
 * output pixels. With several segments the result is one part a segment, the filter's numbers and then
 * the bias', and {@link SUM_SEGMENTS} adds the parts in a fixed order.
 */
export function filterGradientProgram(
  access: OperandAccess,
  inQuads: number,
  outQuads: number,
  inParts: boolean,
): Program {
  const biasAt = (index: string) =>
    inParts ? `result[part + filterSize + ${index}]` : `bias[${index}]`;
  return {
    name: `conv2d filterGradient ${access} ${inQuads}x${outQuads}${inParts ? " in parts" : ""}`,
    inputs: ["x", "dy", ...inParts ? [] : ["bias"]],
    widths: [access, access, ...inParts ? [] : ["update" as const], 1],
    uniforms: { ...WINDOW, segments: "i32", inChannels: "i32", onto: "i32" },
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
  ${lines(outQuads, (c) => `var dySum${c} = vec4<f32>(0.0);`)}
  // The first tile of every output block also sums dy, over all its pixels.
  if (tap == 0 && ci == 0) {
    for (var m = segment * each; m < end; m++) {
      ${
      lines(outQuads, (c) =>
        `dySum${c} += load_dy(m * outVec4s + co + min(${c}, outVec4s - 1 - co));`)
    }
    }
  }
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
  let filterSize = uniforms.kernelHeight * uniforms.kernelWidth * uniforms.inChannels * uniforms.outChannels;
  let part = segment * (filterSize + uniforms.outChannels);
  if (tap == 0 && ci == 0) {
    ${
      lines(outQuads, (c) =>
        lines(4, (k) => `
    if ((co + ${c}) * 4 + ${k} < uniforms.outChannels) {
      let at = (co + ${c}) * 4 + ${k};
      ${biasAt("at")} = select(0.0, ${biasAt("at")}, uniforms.onto == 1) + dySum${c}[${k}];
    }`))
    }
  }
  ${
      lines(inQuads * 4, (i) => `
  if (ci * 4 + ${i} < uniforms.inChannels) {
    let row = part + (tap * uniforms.inChannels + ci * 4 + ${i}) * uniforms.outChannels + co * 4;
    ${
        lines(outQuads, (c) =>
          lines(4, (k) => `
    if ((co + ${c}) * 4 + ${k} < uniforms.outChannels) {
      let at = row + ${c * 4 + k};
      result[at] = select(0.0, result[at], uniforms.onto == 1) + sum${i}_${c}[${k}];
    }`))
      }
  }`)
    }
}`,
  };
}

const SUM_SEGMENTS: Program = {
  name: "sum segments",
  inputs: ["parts", "bias"],
  widths: [1, "update", 1],
  uniforms: { filterSize: "i32", size: "i32", segments: "i32", onto: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  var sum = 0.0;
  for (var s = 0; s < uniforms.segments; s++) { sum += parts[s * uniforms.size + index]; }
  if (index < uniforms.filterSize) {
    result[index] = select(0.0, result[index], uniforms.onto == 1) + sum;
  } else {
    let at = index - uniforms.filterSize;
    bias[at] = select(0.0, bias[at], uniforms.onto == 1) + sum;
  }
}`,
};

const programs = new Map<string, Program>();

/** Gradients of a convolution's parameters. */
export interface ParameterGradients {
  /** [kh, kw, in, out]. */
  readonly filter: tf.TensorInfo;
  /** [out]: the sums of dy over batch and pixels. */
  readonly bias: tf.TensorInfo;
}

/**
 * Records the gradients of filter and bias.
 *
 * @param onto Adds to these tensors rather than making new ones.
 */
export function runFilterGradient(
  backend: WebGPUBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo | Sloped,
  info: ConvInfo,
  onto: ParameterGradients | null = null,
): ParameterGradients {
  const access = operandAccess();
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const filterShape = [filterHeight, filterWidth, inChannels, outChannels];
  const filterSize = tf.util.sizeFromShape(filterShape);
  const size = filterSize + outChannels;
  const inQuads = inChannels <= 4 ? 1 : 4;
  const outQuads = outChannels <= 4 ? 1 : 4;
  const tiles = filterHeight * filterWidth * Math.ceil(vec4s(inChannels) / inQuads) *
    Math.ceil(vec4s(outChannels) / outQuads);
  const total = info.batchSize * info.outHeight * info.outWidth;
  // Enough segments to occupy a device, yet several pixels in each; a CPU is occupied sooner.
  const [invocations, fewest] = access === "texels" ? [64, 1] : [2048, 8];
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(fewest, invocations / tiles)));
  const segments = Math.max(1, Math.min(wanted, 64, Math.floor(total / 4)));
  const inParts = segments > 1;
  const key = `${access} ${inQuads} ${outQuads} ${inParts}`;
  const program = programs.get(key) ?? filterGradientProgram(access, inQuads, outQuads, inParts);
  programs.set(key, program);
  const values = [
    ...windowValues(info, pictureOf(info), featuresOf(info)),
    segments,
    inChannels,
    onto && !inParts ? 1 : 0,
  ];
  const bias = onto?.bias ?? backend.makeTensorInfo([outChannels], "float32");
  const filterOutput = onto?.filter ?? filterShape;
  const invoked = tiles * segments;
  const result = withOperands(
    backend,
    [x, dy],
    (operands) =>
      inParts
        ? dispatch(backend, program, operands, [segments, size], values, invoked)
        : dispatch(backend, program, [...operands, bias], filterOutput, values, invoked),
  );
  if (!inParts) return { filter: result, bias };
  const uniforms = [filterSize, size, segments, onto ? 1 : 0];
  const filter = dispatch(backend, SUM_SEGMENTS, [result, bias], filterOutput, uniforms, size);
  backend.disposeData(result.dataId);
  return { filter, bias };
}
