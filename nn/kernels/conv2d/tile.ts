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
import { type Activation, VALUE } from "../activation.ts";
import { dispatch, type Program } from "../program.ts";
import { keepTexels, newTexels } from "../texels.ts";
import {
  formOf,
  type OperandAccess,
  operandAccess,
  type Sloped,
  withOperands,
} from "./operands.ts";
import {
  type ConvInfo,
  featuresOf,
  lines,
  pictureOf,
  range,
  vec4s,
  WINDOW,
  windowValues,
  WORKGROUP,
} from "./window.ts";

/** What becomes of the sums. */
export interface Epilogue {
  /** Adds a bias and applies this; null where the sums are the result. */
  readonly activation: Activation | null;
  /** Writes the result into a texture as well, for a convolution that will read it. */
  readonly twin: boolean;
}

const PLAIN: Epilogue = { activation: null, twin: false };

/** Size of a tile. */
export interface TileSize {
  readonly pixels: number;
  /** Groups of four output channels. */
  readonly quads: number;
}

/**
 * Tile kernel for the forward pass and the input gradient.
 *
 * Both slide a window over "in" and write "out"; they differ in which pixel a tap reads and in the
 * axis of the filter that is summed over.
 */
export function tileProgram(
  access: OperandAccess,
  direction: "forward" | "inputGradient",
  { pixels, quads }: TileSize,
  vectorOut: boolean,
  { activation, twin }: Epilogue = PLAIN,
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
  const finish = (p: number, c: number) =>
    activation === null ? `let y = sum${p}_${c};` : `
      let v = sum${p}_${c} + bias${c};
      ${vectorOut ? "let" : "var"} y = ${VALUE[activation]("vec4<f32>")};`;
  const write = (p: number, c: number) =>
    vectorOut ? `result[at${p} * outVec4s + quad + ${c}] = y;` : lines(4, (k) => `
        if ((quad + ${c}) * 4 + ${k} < uniforms.outChannels) {
          result[at${p} * uniforms.outChannels + (quad + ${c}) * 4 + ${k}] = y[${k}];
        }${twin ? ` else { y[${k}] = 0.0; }` : ""}`);
  const store = (p: number) =>
    lines(quads, (c) => `
      if (quad + ${c} < outVec4s) {
        ${finish(p, c)}
        ${write(p, c)}
        ${twin ? `store_twin(at${p} * outVec4s + quad + ${c}, y);` : ""}
      }`);
  const name = [
    `conv2d ${direction} ${access} ${pixels}x${quads}`,
    vectorOut ? "" : " scalar",
    activation === null ? "" : ` ${activation}`,
    twin ? " twin" : "",
  ].join("");
  return {
    name,
    inputs: ["x", "weights", ...activation === null ? [] : ["bias"], ...twin ? ["twin"] : []],
    widths: [
      access,
      access,
      ...activation === null ? [] : [1 as const],
      ...twin ? ["store" as const] : [],
      vectorOut ? 4 : 1,
    ],
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
      activation === null ? "" : lines(quads, (c) => `
  let bias${c} = vec4<f32>(${
        range(4).map((k) => `bias[min((quad + ${c}) * 4 + ${k}, uniforms.outChannels - 1)]`).join()
      });`)
    }
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

/**
 * Tile for so many output pixels and channels.
 *
 * A larger tile feeds more multiply-adds from each load, but wastes more on a picture's last block.
 */
function tileSize(access: OperandAccess, total: number, channels: number): TileSize {
  // Few widths, since each is a pipeline to compile.
  const quads = channels <= 4 ? 1 : channels <= 8 ? 2 : 4;
  if (access === 4) return { pixels: total >= 2048 ? 16 : 8, quads };
  const speeds = [[16, 1.5], [4, 1]] as const;
  const cost = ([pixels, speed]: typeof speeds[number]) =>
    Math.ceil(total / (WORKGROUP * pixels)) * pixels / speed;
  const [pixels] = speeds.reduce((best, size) => cost(size) < cost(best) ? size : best);
  return { pixels, quads };
}

/** A bias to add and what follows it. */
export interface BiasAndActivation {
  /** [channels]. */
  readonly bias: tf.TensorInfo;
  readonly activation: Activation;
}

/** Records the forward pass, with what follows it, or the input gradient. */
export function runTile(
  backend: WebGPUBackend,
  direction: "forward" | "inputGradient",
  x: tf.TensorInfo | Sloped,
  filter: tf.TensorInfo,
  info: ConvInfo,
  after: BiasAndActivation | null = null,
): tf.TensorInfo {
  const access = operandAccess();
  const sides = [pictureOf(info), featuresOf(info)];
  const [from, to] = direction === "forward" ? sides : sides.reverse();
  const total = info.batchSize * to.height * to.width;
  const size = tileSize(access, total, to.channels);
  const vectorOut = to.channels % 4 === 0;
  const activation = after?.activation ?? null;
  // A layer without an activation feeds a normalisation or an output, no convolution.
  const twin = access === "texels" && activation !== null && activation !== "none";
  const key = `${access} ${direction} ${size.pixels} ${size.quads} ${vectorOut} ${activation}`;
  const program = programs.get(key) ??
    tileProgram(access, direction, size, vectorOut, { activation, twin });
  programs.set(key, program);
  const blocks = Math.ceil(vec4s(to.channels) / size.quads);
  const groups = Math.ceil(total / (WORKGROUP * size.pixels)) * blocks;
  const shape = [info.batchSize, to.height, to.width, to.channels];
  return withOperands(backend, [x, filter], (operands) => {
    const copy = twin ? newTexels(backend, total * vec4s(to.channels)) : null;
    const inputs = [...operands, ...after ? [after.bias] : [], ...copy ? [copy] : []];
    const values = windowValues(info, from, to);
    const result = dispatch(backend, program, inputs, shape, values, groups * WORKGROUP);
    if (copy) keepTexels(backend, result.dataId, copy, formOf(to.channels));
    return result;
  });
}
