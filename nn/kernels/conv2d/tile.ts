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
import { lines, vec4s } from "../wgsl_text.ts";
import {
  biasInput,
  biasText,
  CONVOLUTION,
  endOfName,
  type Epilogue,
  storeText,
} from "./epilogue.ts";
import { type Direction, sourceText } from "./window.ts";

/** Size of a tile. */
export interface TileSize {
  readonly pixels: number;
  /** Groups of four output channels. */
  readonly quads: number;
  /** Invocations of a workgroup. */
  readonly lanes: number;
}

/** Text that orders "out" for one direction. */
interface Order {
  /**
   * Declares `total` pixels, those of the phase of the workgroup, which is the `run`-th of those with its
   * channels, and `first` of them for this invocation; and for either axis the first tap that meets
   * them, and the step to the next.
   */
  readonly start: (span: number) => string;
  /** Declares the pixel (`oy<p>`, `ox<p>`) of `image<p>` that is number `m<p>` of the phase. */
  readonly pixel: (p: number) => string;
  /** Whether it is one at all. */
  readonly here: (p: number) => string;
}

const ORDERS: Readonly<Record<Direction, Order>> = {
  forward: {
    start: (span) => `
  let total = uniforms.batch * uniforms.outHeight * uniforms.outWidth;
  let first = run * ${span} + lane;
  let tapY = 0; let tapX = 0; let stepY = 1; let stepX = 1;`,
    pixel: (p) => `
  let ox${p} = m${p} % uniforms.outWidth;
  let oy${p} = (m${p} / uniforms.outWidth) % uniforms.outHeight;
  let image${p} = m${p} / (uniforms.outWidth * uniforms.outHeight);`,
    here: (p) => `at${p} < total`,
  },
  // Of a strided window's taps each pixel meets only every stride-th, so pixels that meet the same ones
  // go together: all from the same place on, `phase`, in steps of the stride.
  inputGradient: {
    start: (span) => `
  let rows = (uniforms.outHeight + uniforms.strideY - 1) / uniforms.strideY;
  let columns = (uniforms.outWidth + uniforms.strideX - 1) / uniforms.strideX;
  let total = uniforms.batch * rows * columns;
  let runs = (total + ${span - 1}) / ${span};
  let phase = run / runs;
  if (phase >= uniforms.strideY * uniforms.strideX) { return; }
  let phaseY = phase / uniforms.strideX;
  let phaseX = phase - phaseY * uniforms.strideX;
  let first = (run - phase * runs) * ${span} + lane;
  // With gaps in the window it takes a look at each tap.
  let tapY = select(0, (phaseY + uniforms.padTop) % uniforms.strideY, uniforms.dilationY == 1);
  let tapX = select(0, (phaseX + uniforms.padLeft) % uniforms.strideX, uniforms.dilationX == 1);
  let stepY = select(1, uniforms.strideY, uniforms.dilationY == 1);
  let stepX = select(1, uniforms.strideX, uniforms.dilationX == 1);`,
    pixel: (p) => `
  let ox${p} = m${p} % columns * uniforms.strideX + phaseX;
  let oy${p} = (m${p} / columns) % rows * uniforms.strideY + phaseY;
  let image${p} = m${p} / (columns * rows);`,
    here: (p) => `at${p} < total && oy${p} < uniforms.outHeight && ox${p} < uniforms.outWidth`,
  },
};

/**
 * The program for tiles of this size.
 *
 * @param access To "in" and to the filter.
 */
export function tileProgram(
  access: readonly [OperandAccess, OperandAccess],
  direction: Direction,
  { pixels, quads, lanes }: TileSize,
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
  const { start, pixel, here } = ORDERS[direction];
  return {
    name: `conv2d ${direction} ${access.join(" by ")} ${pixels}x${quads} ${lanes}${
      endOfName(epilogue)
    }`,
    inputs: ["x", "weights", ...bias.inputs],
    widths: [...access, ...bias.widths, epilogue.vectorOut ? 4 : 1],
    twin: epilogue.twin,
    uniforms: CONVOLUTION,
    workgroup: lanes,
    code: `
fn main(index : i32) {
  let outVec4s = (uniforms.outChannels + 3) / 4;
  let lane = index % ${lanes};
  let group = index / ${lanes};
  let blocks = (outVec4s + ${quads - 1}) / ${quads};
  let quad = (group % blocks) * ${quads};
  let spare = outVec4s - 1 - quad;
  let run = group / blocks;
  ${start(lanes * pixels)}
  if (first >= total) { return; }
  ${lines(quads, (c) => biasText(epilogue, c, `quad + ${c}`))}
  ${
      lines(pixels, (p) => `
  let at${p} = first + ${p * lanes};
  let m${p} = min(at${p}, total - 1);
  ${pixel(p)}
  ${lines(quads, (c) => `var sum${p}_${c} = vec4<f32>(0.0);`)}`)
    }
  for (var ky = tapY; ky < uniforms.kernelHeight; ky += stepY) {
    for (var kx = tapX; kx < uniforms.kernelWidth; kx += stepX) {
      ${
      lines(pixels, (p) => `
      ${sourceText(direction, p)}
      let from${p} = ((image${p} * uniforms.inHeight + clamp(iy${p}, 0, uniforms.inHeight - 1)) * uniforms.inWidth +
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
  if (${here(p)}) {
      let to = (image${p} * uniforms.outHeight + oy${p}) * uniforms.outWidth + ox${p};
      ${lines(quads, (c) => storeText(epilogue, "to", `quad + ${c}`, `sum${p}_${c}`, c))}
  }`)
    }
}`,
  };
}

/** Invocations of a program with tiles of this size, for so many phases of pixels, and channels. */
export const tileInvocations = (
  { pixels, quads, lanes }: TileSize,
  phases: number,
  total: number,
  channels: number,
): number =>
  phases * Math.ceil(total / (lanes * pixels)) * Math.ceil(vec4s(channels) / quads) * lanes;
