/**
 * The filter gradient through workgroup memory: a matrix product whose rows are the filter's, taps by
 * channels in fours, and whose inner axis runs over the output pixels of a segment.
 *
 * @module
 */
import { BLOCK_WORKGROUP, blocksOf, blockText, type Side, type Strip } from "../../block.ts";
import type { OperandAccess } from "../../tiles.ts";
import type { Program } from "../../program.ts";
import { lines, vec4s } from "../../wgsl_text.ts";
import { endOfName, GRADIENT_UNIFORMS, outputs, SEGMENT, type Stores } from "./outputs.ts";

/** The picture by filter rows: every output pixel as the rows' tap sees it. */
const PICTURE: Strip = {
  turned: false,
  setup: (line) => `
  let tap = min(${line} / 4 / uniforms.inVec4s, taps - 1);
  let q = ${line} / 4 % uniforms.inVec4s;
  let ky = tap / uniforms.kernelWidth;
  let kx = tap - ky * uniforms.kernelWidth;`,
  each: `
      var ox = (first + step) % uniforms.outWidth;
      var oy = (first + step) / uniforms.outWidth % uniforms.outHeight;
      var image = (first + step) / (uniforms.outWidth * uniforms.outHeight);
      ${
    lines(4, (j) => `
      let iy${j} = oy * uniforms.strideY - uniforms.padTop + ky * uniforms.dilationY;
      let ix${j} = ox * uniforms.strideX - uniforms.padLeft + kx * uniforms.dilationX;
      let ok${j} = iy${j} >= 0 && iy${j} < uniforms.inHeight &&
        ix${j} >= 0 && ix${j} < uniforms.inWidth;
      let from${j} = ((min(image, uniforms.batch - 1) * uniforms.inHeight +
        clamp(iy${j}, 0, uniforms.inHeight - 1)) * uniforms.inWidth +
        clamp(ix${j}, 0, uniforms.inWidth - 1)) * uniforms.inVec4s + q;
      ox++;
      if (ox == uniforms.outWidth) { ox = 0; oy++; }
      if (oy == uniforms.outHeight) { oy = 0; image++; }`)
  }`,
  load: (j) => `load_x(from${j})`,
  inside: (j) => `ok${j} && first + step + ${j} < end`,
};

const GRADIENT: Strip = {
  turned: false,
  load: (j) =>
    `load_dy(min(first + step + ${j}, total - 1) * outVec4s + min(line / 4, outVec4s - 1))`,
  inside: (j) => `first + step + ${j} < end`,
};

/** The program for blocks of so many filter rows by as many output channels. */
export function gradientBlockProgram(
  access: readonly [OperandAccess, OperandAccess],
  side: Side,
  stores: Stores,
): Program {
  const { inputs, widths, storeBias, storeFilter } = outputs(stores);
  return {
    name: `conv2d filterGradient block ${access.join(" by ")} ${side}${endOfName(stores)}`,
    inputs: ["x", "dy", ...inputs],
    widths: [...access, ...widths],
    uniforms: GRADIENT_UNIFORMS,
    workgroup: BLOCK_WORKGROUP,
    code: blockText({
      side,
      batch: "uniforms.segments",
      rows: "(uniforms.kernelHeight * uniforms.kernelWidth * uniforms.inVec4s * 4)",
      columns: "uniforms.outChannels",
      inner: "each",
      setup: `
  let taps = uniforms.kernelHeight * uniforms.kernelWidth;
  let outVec4s = (uniforms.outChannels + 3) / 4;
  let segment = batch;
  ${SEGMENT}
  ${lines(side / 32, (c) => `var dySum${c} = vec4<f32>(0.0);`)}`,
      a: PICTURE,
      b: GRADIENT,
      alongB: (c) => `dySum${c} += b${c};`,
      finish: `
  if (row == 0) {
    ${lines(side / 32, (c) => storeBias(`quad + ${8 * c}`, `dySum${c}`))}
  }`,
      store: (row, quad, sum) => `
  {
    let tap = (${row}) / 4 / uniforms.inVec4s;
    let channel = ${row} - tap * uniforms.inVec4s * 4;
    if (tap < taps && channel < uniforms.inChannels) {
      ${storeFilter("tap * uniforms.inChannels + channel", quad, sum)}
    }
  }`,
    }),
  };
}

/** Blocks of a filter. */
export const gradientBlocks = (
  taps: number,
  inChannels: number,
  outChannels: number,
  side: Side,
): number => blocksOf(1, taps * vec4s(inChannels) * 4, outChannels, side);
