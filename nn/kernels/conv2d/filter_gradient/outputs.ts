/**
 * What the kernels of the filter gradient share: their uniforms, the segment of output pixels that one of
 * them sums over, and where the sums go.
 *
 * With several segments the result is one part a segment, the filter's numbers and then the bias'; with
 * one it is the filter's gradient, and the bias' is a tensor of its own. Either may be added to.
 *
 * @module
 */
import type { Access } from "../../program.ts";
import { lines } from "../../wgsl_text.ts";
import { WINDOW } from "../window.ts";

/** Uniforms of the kernels. */
export const GRADIENT_UNIFORMS = {
  ...WINDOW,
  segments: "i32",
  inChannels: "i32",
  onto: "i32",
} as const;

/** Text that declares the segment's pixels, `first` to `end`, each segment having `each`. */
export const SEGMENT = `
  let total = uniforms.batch * uniforms.outHeight * uniforms.outWidth;
  let each = (total + uniforms.segments - 1) / uniforms.segments;
  let first = segment * each;
  let end = min(first + each, total);
  let filterSize = uniforms.kernelHeight * uniforms.kernelWidth * uniforms.inChannels * uniforms.outChannels;
  let part = segment * (filterSize + uniforms.outChannels);`;

/** A program's outputs. */
interface Outputs {
  /** Inputs that are written to. */
  readonly inputs: readonly string[];
  /** Access to them and to the result. */
  readonly widths: readonly Access[];
  /** Text that stores the sums for a vec4 of the bias. */
  readonly storeBias: (quad: string, sum: string) => string;
  /** Text that stores the sums for a vec4 of the filter's row `row`, a tap's channel. */
  readonly storeFilter: (row: string, quad: string, sum: string) => string;
}

/** How sums are stored. */
export interface Stores {
  /** In parts, one a segment; else as the gradients. */
  readonly inParts: boolean;
  /** Four at a time; only where 4 divides the output channels. */
  readonly vectors: boolean;
}

/** What a program's name ends in. */
export const endOfName = ({ inParts, vectors }: Stores): string =>
  (inParts ? " in parts" : "") + (vectors ? "" : " scalar");

/** The outputs of a program that sums over several segments, or over one. */
export function outputs({ inParts, vectors }: Stores): Outputs {
  const single = (array: string, first: string, quad: string, sum: string) =>
    lines(4, (k) => `
      if ((${quad}) * 4 + ${k} < uniforms.outChannels) {
        let at = ${first} + (${quad}) * 4 + ${k};
        ${array}[at] = select(0.0, ${array}[at], uniforms.onto == 1) + ${sum}[${k}];
      }`);
  const fourfold = (array: string, first: string, quad: string, sum: string) => `
      if (${quad} < outVec4s) {
        let at = (${first}) / 4 + ${quad};
        var before = vec4<f32>(0.0);
        if (uniforms.onto == 1) { before = ${array}[at]; }
        ${array}[at] = before + ${sum};
      }`;
  const store = vectors ? fourfold : single;
  const width = vectors ? 4 : 1;
  return {
    inputs: inParts ? [] : ["bias"],
    widths: inParts ? [width] : [vectors ? "update4" : "update", width],
    storeBias: (quad, sum) =>
      inParts ? store("result", "part + filterSize", quad, sum) : store("bias", "0", quad, sum),
    storeFilter: (row, quad, sum) =>
      store("result", `part + (${row}) * uniforms.outChannels`, quad, sum),
  };
}
