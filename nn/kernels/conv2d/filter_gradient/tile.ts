/**
 * The filter gradient from registers: an invocation sums one tile of one tap, some input channels by some
 * output channels, over a segment of the output pixels.
 *
 * @module
 */
import type { OperandAccess } from "../../tiles.ts";
import type { Program } from "../../program.ts";
import { lines, vec4s } from "../../wgsl_text.ts";
import { endOfName, GRADIENT_UNIFORMS, outputs, SEGMENT, type Stores } from "./outputs.ts";

/** Size of a tile in groups of four channels. */
export interface GradientTile {
  readonly inQuads: number;
  readonly outQuads: number;
  /** Invocations of a workgroup. */
  readonly lanes: number;
}

/** The program for tiles of this size. */
export function gradientTileProgram(
  access: readonly [OperandAccess, OperandAccess],
  { inQuads, outQuads, lanes }: GradientTile,
  stores: Stores,
): Program {
  const { inputs, widths, storeBias, storeFilter } = outputs(stores);
  return {
    name: `conv2d filterGradient ${access.join(" by ")} ${inQuads}x${outQuads} ${lanes}${
      endOfName(stores)
    }`,
    inputs: ["x", "dy", ...inputs],
    widths: [...access, ...widths],
    uniforms: GRADIENT_UNIFORMS,
    workgroup: lanes,
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
  ${SEGMENT}
  ${lines(inQuads * 4, (i) => lines(outQuads, (c) => `var sum${i}_${c} = vec4<f32>(0.0);`))}
  ${lines(outQuads, (c) => `var dySum${c} = vec4<f32>(0.0);`)}
  // The first tile of every output block also sums dy, over all its pixels.
  if (tap == 0 && ci == 0) {
    for (var m = first; m < end; m++) {
      ${
      lines(outQuads, (c) =>
        `dySum${c} += load_dy(m * outVec4s + co + min(${c}, outVec4s - 1 - co));`)
    }
    }
  }
  for (var m = first; m < end; m++) {
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
  if (tap == 0 && ci == 0) {
    ${lines(outQuads, (c) => storeBias(`co + ${c}`, `dySum${c}`))}
  }
  ${
      lines(inQuads * 4, (i) => `
  if (ci * 4 + ${i} < uniforms.inChannels) {
    let row = tap * uniforms.inChannels + ci * 4 + ${i};
    ${lines(outQuads, (c) => storeFilter("row", `co + ${c}`, `sum${i}_${c}`))}
  }`)
    }
}`,
  };
}

/** Tiles of a filter. */
export const gradientTiles = (
  { inQuads, outQuads }: GradientTile,
  taps: number,
  inChannels: number,
  outChannels: number,
): number =>
  taps * Math.ceil(vec4s(inChannels) / inQuads) * Math.ceil(vec4s(outChannels) / outQuads);
