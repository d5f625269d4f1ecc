/**
 * What the motion kernels share: the basis of a motion model at a pixel, and the walk over every
 * segment at every pixel.
 *
 * @module
 */
import type { HostTensor } from "../kernel.ts";
import type { Program } from "../program.ts";
import { range } from "../wgsl_text.ts";

/** How many terms of the basis a motion has. */
export interface Terms {
  /** 1, 3 or 6. */
  readonly terms: number;
}

/** Uniforms of a program on masks. */
export const MASKS = { batch: "i32", height: "i32", width: "i32", segments: "i32" } as const;

/** The axes of masks, [batch, height, width, segments], and of them the values of {@link MASKS}. */
export function axesOf({ shape }: { readonly shape: readonly number[] }) {
  const [batch, height, width, segments] = shape;
  return { batch, height, width, segments, uniforms: [batch, height, width, segments] };
}

/** WGSL of the basis at `pixel`, a place in the map: `phi0`, `phi1`, … */
export const basisText = (terms: number): string =>
  [
    "let x = (2.0 * f32(pixel % uniforms.width) + 1.0) / f32(uniforms.width) - 1.0;",
    "let y = (2.0 * f32(pixel / uniforms.width) + 1.0) / f32(uniforms.height) - 1.0;",
    ...["1.0", "x", "y", "x * x", "y * y", "x * y"].slice(0, terms)
      .map((value, i) => `let phi${i} = ${value};`),
  ].join("\n    ");

/** The basis at a pixel, in double precision. */
function basisAt(pixel: number, height: number, width: number, terms: number): number[] {
  const x = (2 * (pixel % width) + 1) / width - 1;
  const y = (2 * Math.floor(pixel / width) + 1) / height - 1;
  return [1, x, y, x * x, y * y, x * y].slice(0, terms);
}

/** WGSL of the two numbers from `at` on. */
export const loadPair = (name: string, at: string): string =>
  `vec2<f32>(${name}[${at}], ${name}[${at} + 1])`;

/** WGSL that puts a vec2 into `result`, from `at` on. */
export const storePair = (at: string, value: string): string =>
  `result[${at}] = ${value}.x; result[${at} + 1] = ${value}.y;`;

/**
 * A program with an invocation for every segment at every pixel.
 *
 * @param numbers How many numbers each segment has in an input that the body reads.
 * @param body Writes `result[index]`, which belongs to a mask. It sees the pixel's flat index `at`, the
 * basis there, and `first`, where the segment's numbers begin.
 */
export const maskProgram = (
  { name, inputs, terms, numbers, body }: Pick<Program, "name" | "inputs"> & Terms & {
    readonly numbers: number;
    readonly body: string;
  },
): Program => ({
  name,
  inputs,
  widths: range(inputs.length + 1).map(() => 1),
  uniforms: MASKS,
  workgroup: 64,
  code: `
fn main(index : i32) {
  let pixels = uniforms.height * uniforms.width;
  if (index >= uniforms.batch * pixels * uniforms.segments) { return; }
  let at = index / uniforms.segments;
  let pixel = at % pixels;
  let first = (at / pixels * uniforms.segments + index % uniforms.segments) * ${numbers};
  ${basisText(terms)}
  ${body}
}`,
});

/** The same walk on the host: flat indices of the mask, the pixel and the segment, and the basis. */
export function forEachMask(
  masks: HostTensor,
  terms: number,
  visit: (mask: number, at: number, segment: number, phi: readonly number[]) => void,
): void {
  const { batch, height, width, segments } = axesOf(masks);
  const pixels = height * width;
  for (let at = 0; at < batch * pixels; at++) {
    const phi = basisAt(at % pixels, height, width, terms);
    for (let k = 0; k < segments; k++) {
      visit(at * segments + k, at, Math.floor(at / pixels) * segments + k, phi);
    }
  }
}
