/**
 * The convolution kernel for the forward pass and the input gradient.
 *
 * An invocation owns a tile of the result in registers, some pixels by up to 16 channels, and reads both
 * operands four channels at a time: a read feeds many multiply-adds, and no workgroup memory is needed.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
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
 * Tile kernel for the forward pass and the input gradient.
 *
 * Both slide a window over "in" and write "out"; they differ in which pixel a tap reads and in the
 * axis of the filter that is summed over.
 *
 * @param pixels Pixels of the tile.
 * @param quads Tile width in groups of four output channels.
 */
export function tileProgram(
  access: OperandAccess,
  direction: "forward" | "inputGradient",
  pixels: number,
  quads: number,
  vectorOut: boolean,
): Program {
  const forward = direction === "forward";
  const source = (p: number) =>
    forward
      ? `let iy${p} = oy${p} * uniforms.strideY - uniforms.padTop + ky * uniforms.dilationY;
         let ix${p} = ox${p} * uniforms.strideX - uniforms.padLeft + kx * uniforms.dilationX;
         let ok${p} = iy${p} >= 0 && iy${p} < uniforms.inHeight && ix${p} >= 0 && ix${p} < uniforms.inWidth;`
      : `let ty${p} = oy${p} + uniforms.padTop - ky * uniforms.dilationY;
         let tx${p} = ox${p} + uniforms.padLeft - kx * uniforms.dilationX;
         let iy${p} = ty${p} / uniforms.strideY; let ix${p} = tx${p} / uniforms.strideX;
         let ok${p} = ty${p} >= 0 && tx${p} >= 0 && iy${p} * uniforms.strideY == ty${p} &&
           ix${p} * uniforms.strideX == tx${p} && iy${p} < uniforms.inHeight && ix${p} < uniforms.inWidth;`;
  const filterTap = "(ky * uniforms.kernelWidth + kx) * uniforms.filterRows";
  const multiply = forward
    ? lines(4, (k) => `
        let row${k} = (${filterTap} + min(q * 4 + ${k}, uniforms.filterRows - 1)) * uniforms.filterVec4s + quad;
        ${lines(quads, (c) => `let f${k}_${c} = load_weights(row${k} + min(${c}, spare));`)}
        ${
      lines(pixels, (p) =>
        lines(
          quads,
          (c) => `sum${p}_${c} = fma(vec4<f32>(v${p}[${k}]), f${k}_${c}, sum${p}_${c});`,
        ))
    }`)
    : lines(quads, (c) =>
      lines(4, (k) => `
        let f${c}_${k} = load_weights((${filterTap} + min((quad + ${c}) * 4 + ${k}, uniforms.filterRows - 1)) * uniforms.filterVec4s + q);
        ${lines(pixels, (p) => `sum${p}_${c}[${k}] += dot(v${p}, f${c}_${k});`)}`));
  const store = (p: number) =>
    lines(
      quads,
      (c) =>
        vectorOut
          ? `if (quad + ${c} < outVec4s) { result[at${p} * outVec4s + quad + ${c}] = sum${p}_${c}; }`
          : lines(4, (k) => `
            if ((quad + ${c}) * 4 + ${k} < uniforms.outChannels) {
              result[at${p} * uniforms.outChannels + (quad + ${c}) * 4 + ${k}] = sum${p}_${c}[${k}];
            }`),
    );
  return {
    name: `conv2d ${direction} ${access} ${pixels}x${quads}${vectorOut ? "" : " scalar"}`,
    inputs: ["x", "weights"],
    widths: [access, access, vectorOut ? 4 : 1],
    uniforms: WINDOW,
    workgroup: WORKGROUP,
    code: `
fn main(index : i32) {
  let total = uniforms.batch * uniforms.outHeight * uniforms.outWidth;
  let outVec4s = (uniforms.outChannels + 3) / 4;
  let group = index / ${WORKGROUP};
  let blocks = (outVec4s + ${quads - 1}) / ${quads};
  let quad = (group % blocks) * ${quads};
  let spare = outVec4s - 1 - quad;
  let first = (group / blocks) * ${WORKGROUP * pixels} + index % ${WORKGROUP};
  if (first >= total) { return; }
  ${
      lines(pixels, (p) => `
  let at${p} = first + ${p * WORKGROUP};
  let m${p} = min(at${p}, total - 1);
  let ox${p} = m${p} % uniforms.outWidth;
  let oy${p} = (m${p} / uniforms.outWidth) % uniforms.outHeight;
  let image${p} = m${p} / (uniforms.outWidth * uniforms.outHeight) * uniforms.inHeight;
  ${lines(quads, (c) => `var sum${p}_${c} = vec4<f32>(0.0);`)}`)
    }
  for (var ky = 0; ky < uniforms.kernelHeight; ky++) {
    for (var kx = 0; kx < uniforms.kernelWidth; kx++) {
      ${
      lines(pixels, (p) => `
      ${source(p)}
      let from${p} = ((image${p} + clamp(iy${p}, 0, uniforms.inHeight - 1)) * uniforms.inWidth +
        clamp(ix${p}, 0, uniforms.inWidth - 1)) * uniforms.inVec4s;
      let inside${p} = select(0.0, 1.0, ok${p});`)
    }
      for (var q = 0; q < uniforms.inVec4s; q++) {
        ${lines(pixels, (p) => `let v${p} = load_x(from${p} + q) * inside${p};`)}
        ${multiply}
      }
    }
  }
  ${lines(pixels, (p) => `if (at${p} < total) { ${store(p)} }`)}
}`,
  };
}

const programs = new Map<string, Program>();

/** Records the forward pass or the input gradient. */
export function runTile(
  backend: WebGPUBackend,
  access: OperandAccess,
  direction: "forward" | "inputGradient",
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: ConvInfo,
): tf.TensorInfo {
  const sides = [pictureOf(info), featuresOf(info)];
  const [from, to] = direction === "forward" ? sides : sides.reverse();
  const total = info.batchSize * to.height * to.width;
  // Few widths, since each is a pipeline to compile.
  const quads = to.channels <= 4 ? 1 : to.channels <= 8 ? 2 : 4;
  // Loads from buffers want the largest tile that pays; small pictures are split finer, so that more
  // than a handful of workgroups exist.
  const pixels = access === "texels" ? 4 : total >= 2048 ? 16 : 8;
  const vectorOut = to.channels % 4 === 0;
  const key = `${access} ${direction} ${pixels} ${quads} ${vectorOut}`;
  const program = programs.get(key) ??
    tileProgram(access, direction, pixels, quads, vectorOut);
  programs.set(key, program);
  const blocks = Math.ceil(vec4s(to.channels) / quads);
  const groups = Math.ceil(total / (WORKGROUP * pixels)) * blocks;
  const shape = [info.batchSize, to.height, to.width, to.channels];
  return withOperands(
    backend,
    access,
    [x, filter],
    (operands) =>
      dispatch(backend, program, operands, shape, windowValues(info, from, to), groups * WORKGROUP),
  );
}
