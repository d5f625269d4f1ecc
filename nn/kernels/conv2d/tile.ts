/**
 * The convolution from registers, forward and for the input gradient.
 *
 * An invocation owns a tile of the result in registers, some pixels by up to 16 channels, and reads both
 * operands four channels at a time: a read feeds many multiply-adds, and no workgroup memory is needed.
 *
 * @module
 */
import type { OperandAccess } from "../tiles.ts";
import type { Program } from "../program.ts";
import {
  biasInput,
  biasText,
  CONVOLUTION,
  endOfName,
  type Epilogue,
  storeText,
} from "./epilogue.ts";
import { type Direction, lines, sourceText, vec4s, WORKGROUP } from "./window.ts";

/** Size of a tile. */
export interface TileSize {
  readonly pixels: number;
  /** Groups of four output channels. */
  readonly quads: number;
}

/** The program for tiles of this size. */
export function tileProgram(
  access: OperandAccess,
  direction: Direction,
  { pixels, quads }: TileSize,
  epilogue: Epilogue,
): Program {
  const filterTap = "(ky * uniforms.kernelWidth + kx) * uniforms.filterRows";
  const multiply = direction === "forward"
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
  const bias = biasInput(epilogue);
  return {
    name: `conv2d ${direction} ${access} ${pixels}x${quads}${endOfName(epilogue)}`,
    inputs: ["x", "weights", ...bias.inputs],
    widths: [access, access, ...bias.widths, epilogue.vectorOut ? 4 : 1],
    twin: epilogue.twin,
    uniforms: CONVOLUTION,
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
  ${lines(quads, (c) => biasText(epilogue, c, `quad + ${c}`))}
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
      ${sourceText(direction, p)}
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
  ${
      lines(pixels, (p) => `
  if (at${p} < total) {
      ${lines(quads, (c) => storeText(epilogue, `at${p}`, `quad + ${c}`, `sum${p}_${c}`, c))}
  }`)
    }
}`,
  };
}

/** Invocations of a program with tiles of this size, for so many output pixels and channels. */
export const tileInvocations = (
  { pixels, quads }: TileSize,
  total: number,
  channels: number,
): number =>
  Math.ceil(total / (WORKGROUP * pixels)) * Math.ceil(vec4s(channels) / quads) * WORKGROUP;
