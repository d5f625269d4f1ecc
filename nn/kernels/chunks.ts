/**
 * How kernels walk through a flat array in which tensors lie one after another.
 *
 * Tensors are cut into chunks, and each workgroup works on one chunk: a bias of 32 numbers and a
 * filter of a million share a dispatch, and what holds for a whole tensor (its weight decay, its
 * norm) is looked up once a chunk.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Program } from "./program.ts";
import { addUp } from "./wgsl_text.ts";

/** Most numbers in a chunk. */
export const CHUNK = 4096;
/** Invocations that share a chunk where each number is worked on by itself. */
export const LANES = 256;
/** Invocations that share a chunk where it is added up: few, as barriers are dear on a CPU. */
export const SUM_LANES = 64;

/** The chunks of one flat array. */
export interface Chunks {
  /** int32 [count, 3]: first number, the one after the last, and the tensor they belong to. */
  readonly table: tf.Tensor;
  readonly count: number;
  /** Chunks in the flat arrays before this one. */
  readonly before: number;
}

/** A tensor's place in a flat array, in numbers. */
export interface Stretch {
  /** A multiple of 4. */
  readonly offset: number;
  readonly size: number;
  /** Which tensor it is. */
  readonly index: number;
}

/** The table of {@link Chunks}, row by row. */
export function chunkTable(stretches: readonly Stretch[]): Int32Array {
  const rows: number[] = [];
  for (const { offset, size, index } of stretches) {
    for (let from = offset; from < offset + size; from += CHUNK) {
      rows.push(from, Math.min(from + CHUNK, offset + size), index);
    }
  }
  return Int32Array.from(rows);
}

/** Number of chunks a tensor of so many numbers has. */
export const chunksIn = (size: number) => Math.ceil(size / CHUNK);

/**
 * WGSL that does something for every vec4 of a flat array. The last of a tensor may reach into the
 * padding behind it.
 *
 * It reads an input and a uniform `chunks`.
 *
 * @param once What is done before, for the tensor `tensor`.
 * @param each What is done for the vec4 at place `i`.
 */
export const eachVec4 = (once: string, each: string) => `
fn main(index : i32) {
  let chunk = index / ${LANES};
  if (chunk >= uniforms.chunks) { return; }
  let tensor = chunks[3 * chunk + 2];
  let end = chunks[3 * chunk + 1];${once}
  for (var i = chunks[3 * chunk] / 4 + index % ${LANES}; 4 * i < end; i += ${LANES}) {${each}
  }
}`;

/**
 * A program that adds something up over each chunk, to `result[before + chunk]`.
 *
 * @param inputs, widths Operands besides the chunks, and access to each.
 * @param sums How many numbers a sum has: it is a scalar, or a vector of so many.
 * @param term WGSL of what the vec4 at place `i` of tensor `tensor` adds; it may call the helpers.
 */
export function chunkSums(
  { name, inputs, widths, uniforms, sums, term, helpers = "" }:
    & Pick<Program, "name" | "inputs" | "widths" | "uniforms">
    & { readonly sums: 1 | 2; readonly term: string; readonly helpers?: string },
): Program {
  const type = sums === 1 ? "f32" : "vec2<f32>";
  return {
    name,
    inputs: ["chunks", ...inputs],
    widths: ["i32", ...widths, 1],
    uniforms: { chunks: "i32", before: "i32", ...uniforms },
    workgroup: SUM_LANES,
    code: `${helpers}
var<workgroup> partial : array<${type}, ${SUM_LANES}>;
fn main(index : i32) {
  let lane = index % ${SUM_LANES};
  // Padding workgroups repeat the last chunk; barriers must be met by all.
  let chunk = min(index / ${SUM_LANES}, uniforms.chunks - 1);
  let tensor = chunks[3 * chunk + 2];
  let end = chunks[3 * chunk + 1];
  var sum = ${type}();
  for (var i = chunks[3 * chunk] / 4 + lane; 4 * i < end; i += ${SUM_LANES}) { sum += ${term}; }
  partial[lane] = sum;${addUp(SUM_LANES)}
  if (lane == 0) {
    let at = ${sums} * (uniforms.before + chunk);
    ${
      sums === 1
        ? "result[at] = partial[0];"
        : "result[at] = partial[0].x;\n    result[at + 1] = partial[0].y;"
    }
  }
}`,
  };
}

/** The same walk on the host. */
export function forEachChunk(
  table: Int32Array,
  visit: (start: number, end: number, tensor: number, chunk: number) => void,
): void {
  for (let chunk = 0; 3 * chunk < table.length; chunk++) {
    visit(table[3 * chunk], table[3 * chunk + 1], table[3 * chunk + 2], chunk);
  }
}
