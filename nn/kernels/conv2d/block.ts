/**
 * The convolution through workgroup memory, forward and for the input gradient: a matrix product whose
 * rows are output pixels, and whose inner axis runs over the taps of the window and, within a tap, over
 * its channels in fours.
 *
 * @module
 */
import { BLOCK_WORKGROUP, blockText, type Side, type Strip } from "../block.ts";
import type { OperandAccess } from "../tiles.ts";
import type { Program } from "../program.ts";
import { lines, range } from "../wgsl_text.ts";
import {
  biasInput,
  biasText,
  CONVOLUTION,
  endOfName,
  type Epilogue,
  storeText,
} from "./epilogue.ts";
import { type Direction, sourceText } from "./window.ts";

/** Which tap and which four channels the inner step `step` is at. */
const TAP = `
      let tap = step / 4 / uniforms.inVec4s;
      let q = step / 4 - tap * uniforms.inVec4s;`;

/** "in" by output pixels. */
const pixels = (direction: Direction): Strip => ({
  turned: true,
  setup: (line) =>
    lines(4, (j) => `
  let m${j} = min(${line} + ${j}, total - 1);
  let ox${j} = m${j} % uniforms.outWidth;
  let oy${j} = (m${j} / uniforms.outWidth) % uniforms.outHeight;
  let image${j} = m${j} / (uniforms.outWidth * uniforms.outHeight) * uniforms.inHeight;`),
  each: `${TAP}
      let ky = tap / uniforms.kernelWidth;
      let kx = tap - ky * uniforms.kernelWidth;
      ${range(4).map((j) => sourceText(direction, j)).join("")}`,
  load: (j) =>
    `load_x(((image${j} + clamp(iy${j}, 0, uniforms.inHeight - 1)) * uniforms.inWidth +
        clamp(ix${j}, 0, uniforms.inWidth - 1)) * uniforms.inVec4s + q)`,
  inside: (j) => `ok${j} && step < inner`,
});

/** The filter by output channels. Its rows beyond the last are multiplied by zeros of "in". */
const FILTER: Readonly<Record<Direction, Strip>> = {
  forward: {
    turned: false,
    each: TAP,
    load: (j) =>
      `load_weights((tap * uniforms.filterRows + min(q * 4 + ${j}, uniforms.filterRows - 1)) *
        uniforms.filterVec4s + min(line / 4, uniforms.filterVec4s - 1))`,
    inside: () => "step < inner",
  },
  inputGradient: {
    turned: true,
    each: TAP,
    load: (j) =>
      `load_weights((tap * uniforms.filterRows + min(line + ${j}, uniforms.filterRows - 1)) *
        uniforms.filterVec4s + q)`,
    inside: () => "step < inner",
  },
};

/** The program for blocks of so many pixels by as many channels. */
export function blockProgram(
  access: readonly [OperandAccess, OperandAccess],
  direction: Direction,
  side: Side,
  epilogue: Epilogue,
): Program {
  const bias = biasInput(epilogue);
  return {
    name: `conv2d ${direction} block ${access.join(" by ")} ${side}${endOfName(epilogue)}`,
    inputs: ["x", "weights", ...bias.inputs],
    widths: [...access, ...bias.widths, epilogue.vectorOut ? 4 : 1],
    uniforms: CONVOLUTION,
    workgroup: BLOCK_WORKGROUP,
    twin: epilogue.twin,
    code: blockText({
      side,
      batch: "1",
      rows: "(uniforms.batch * uniforms.outHeight * uniforms.outWidth)",
      columns: "uniforms.outChannels",
      inner: "inner",
      setup: `
  let total = uniforms.batch * uniforms.outHeight * uniforms.outWidth;
  let outVec4s = (uniforms.outChannels + 3) / 4;
  let inner = uniforms.kernelHeight * uniforms.kernelWidth * uniforms.inVec4s * 4;`,
      a: pixels(direction),
      b: FILTER[direction],
      finish: lines(side / 32, (c) => biasText(epilogue, c, `quad + ${8 * c}`)),
      store: (row, quad, sum, c) => `
  if (${row} < total) {
      ${storeText(epilogue, row, quad, sum, c)}
  }`,
    }),
  };
}
