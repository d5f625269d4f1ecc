/**
 * Sums over the pixels of every segment, in two dispatches and a fixed order: stretches of pixels,
 * then what the stretches add up to.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { dispatch, type Program, programOf } from "../program.ts";
import { lines, range } from "../wgsl_text.ts";
import { axesOf, basisText, loadPair, MASKS, type Terms } from "./basis.ts";

/** What is summed. */
export interface Sums extends Terms {
  /** Names the program together with the number of terms. */
  readonly name: string;
  /** WGSL of what a pixel weighs by `mask`. */
  readonly weight: string;
  /** WGSL of each summand by the basis and `f`, the field's vector. */
  readonly summands: readonly string[];
}

/** WGSL of φᵢu and φᵢv by turns. */
export const alongField = (terms: number): string[] =>
  range(terms).flatMap((i) => [`phi${i} * f.x`, `phi${i} * f.y`]);

/** Stretches that the pixels are divided into: enough to fill a GPU, few enough to add up. */
const MOST_STRETCHES = 256;
const SHORTEST_STRETCH = 64;

/** Sums over a stretch of pixels: one invocation a segment and stretch. */
const partialSums = ({ name, terms, weight, summands }: Sums): Program => ({
  name: `${name} ${terms}`,
  inputs: ["masks", "field"],
  widths: [1, 1, 1],
  uniforms: { ...MASKS, stretches: "i32", length: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.batch * uniforms.segments * uniforms.stretches) { return; }
  let segment = index % uniforms.segments;
  let stretch = index / uniforms.segments % uniforms.stretches;
  let sample = index / uniforms.segments / uniforms.stretches;
  let pixels = uniforms.height * uniforms.width;
  let end = min(pixels, (stretch + 1) * uniforms.length);
  ${lines(summands.length, (i) => `var sum${i} = 0.0;`)}
  for (var pixel = stretch * uniforms.length; pixel < end; pixel++) {
    let at = sample * pixels + pixel;
    let mask = masks[at * uniforms.segments + segment];
    let weight = ${weight};
    let f = ${loadPair("field", "at * 2")};
    ${basisText(terms)}
    ${lines(summands.length, (i) => `sum${i} += weight * ${summands[i]};`)}
  }
  let to = ((sample * uniforms.stretches + stretch) * uniforms.segments + segment) *
    ${summands.length};
  ${lines(summands.length, (i) => `result[to + ${i}] = sum${i};`)}
}`,
});

/** Sums of the stretches. */
const TOTALS: Program = {
  name: "motion totals",
  inputs: ["partial"],
  widths: [1, 1],
  uniforms: { batch: "i32", stretches: "i32", size: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.batch * uniforms.size) { return; }
  let first = index / uniforms.size * uniforms.stretches * uniforms.size + index % uniforms.size;
  var sum = 0.0;
  for (var i = 0; i < uniforms.stretches; i++) { sum += partial[first + i * uniforms.size]; }
  result[index] = sum;
}`,
};

/**
 * Records the sums.
 *
 * @param masks [batch, height, width, segments].
 * @param field [batch, height, width, 2].
 * @returns [batch, segments, summands].
 */
export function runSums(
  backend: WebGPUBackend,
  sums: Sums,
  masks: tf.TensorInfo,
  field: tf.TensorInfo,
): tf.TensorInfo {
  const { batch, height, width, segments, uniforms } = axesOf(masks);
  const pixels = height * width;
  const wanted = Math.min(MOST_STRETCHES, Math.ceil(pixels / SHORTEST_STRETCH));
  const length = Math.ceil(pixels / wanted), stretches = Math.ceil(pixels / length);
  const count = sums.summands.length;
  const partial = dispatch(
    backend,
    programOf(`${sums.name} ${sums.terms}`, () => partialSums(sums)),
    [masks, field],
    [batch, stretches, segments, count],
    [...uniforms, stretches, length],
    batch * stretches * segments,
  );
  const size = segments * count;
  const values = [batch, stretches, size];
  const shape = [batch, segments, count];
  const total = dispatch(backend, TOTALS, [partial], shape, values, batch * size);
  backend.disposeData(partial.dataId);
  return total;
}
