/**
 * Sums of products through workgroup memory, for GPUs with memory of their own: the frame of a program
 * that multiplies two matrices, however their numbers lie.
 *
 * A workgroup of 8 × 8 invocations owns a square block of the result. Step by step along the inner axis
 * it stages a strip of either operand in workgroup memory, from which each invocation feeds its share of
 * the block, held in registers. Every number is read from a buffer once a block.
 *
 * @module
 */
import { lines } from "./wgsl_text.ts";

/** Invocations of a workgroup. */
export const BLOCK_WORKGROUP = 64;

/** Side of a block. */
export type Side = 32 | 64;

/**
 * How an invocation reads its patch of an operand, four lines (rows of the result for the first operand,
 * columns for the second) by four inner steps.
 *
 * The texts know `line`, the first of the four lines in the whole matrix, and but for `setup` also
 * `step`, the first of the four steps. What they declare they keep to themselves.
 */
export interface Strip {
  /** Whether a vec4 lies along the inner axis, rather than along the lines. */
  readonly turned: boolean;
  /** Comes once, before the first strip; it sees `line` under the name it is given. */
  readonly setup?: (line: string) => string;
  /** Comes before the loads of each strip. */
  readonly each?: string;
  /** An expression: the vec4 of the j-th line, or step. */
  readonly load: (j: number) => string;
  /** An expression: whether that vec4 counts; zeros are staged in its place where not. */
  readonly inside: (j: number) => string;
}

/** A program's frame; expressions are WGSL. */
export interface Block {
  readonly side: Side;
  /** Number of products, one after another. */
  readonly batch: string;
  readonly rows: string;
  readonly columns: string;
  /** Inner steps; the same for all invocations. */
  readonly inner: string;
  /** Comes first: declares what the texts refer to, with `batch` at hand, the product's number. */
  readonly setup: string;
  readonly a: Strip;
  readonly b: Strip;
  /** Comes after the sums, with `row` and `quad`, the share's first row and vec4 in the whole result. */
  readonly finish?: string;
  /** Stores four columns from the `quad`-th vec4 on of a row; `c` is the vec4's number in the share. */
  readonly store: (row: string, quad: string, sum: string, c: number) => string;
  /** For each step and vec4 of columns `b<c>`; to sum up the second operand along the way. */
  readonly alongB?: (c: number) => string;
}

/** Text of such a program. */
export function blockText(block: Block): string {
  const { side, batch, rows, columns, inner, setup, a, b, finish, store, alongB } = block;
  const share = side / 32;
  const across = side / 4;
  // A strip is as deep as makes it 64 patches: one an invocation.
  const depth = 1024 / side;
  const place = (of: "A" | "B", { turned, setup }: Strip) => `
  let patch${of} = ${turned ? `lane / ${depth / 4}` : `lane % ${across}`};
  let place${of} = ${turned ? `lane % ${depth / 4}` : `lane / ${across}`};
  let line${of} = start${of} + patch${of} * 4;
  ${setup?.(`line${of}`) ?? ""}`;
  const stage = (of: "A" | "B", { turned, each, load, inside }: Strip) => {
    const value = (k: number) =>
      turned ? `vec4<f32>(${[0, 1, 2, 3].map((j) => `v${j}[${k}]`).join(", ")})` : `v${k}`;
    return `
    {
      let line = line${of};
      let step = at + place${of} * 4;
      ${each ?? ""}
      ${lines(4, (j) => `let v${j} = select(vec4<f32>(0.0), ${load(j)}, ${inside(j)});`)}
      ${
      lines(4, (k) => `strip${of}[(place${of} * 4 + ${k}) * ${across} + patch${of}] = ${value(k)};`)
    }
    }`;
  };
  return `
var<workgroup> stripA : array<vec4<f32>, ${depth * across}>;
var<workgroup> stripB : array<vec4<f32>, ${depth * across}>;
fn main(index : i32) {
  let lane = index % ${BLOCK_WORKGROUP};
  let blocksAcross = (${columns} + ${side - 1}) / ${side};
  let blocks = (${rows} + ${side - 1}) / ${side} * blocksAcross;
  // Padding workgroups repeat the last block, as barriers must be met by all; they store nothing.
  let group = min(index / ${BLOCK_WORKGROUP}, ${batch} * blocks - 1);
  let batch = group / blocks;
  let block = group - batch * blocks;
  let startA = block / blocksAcross * ${side};
  let startB = block % blocksAcross * ${side};
  ${setup}
  ${place("A", a)}
  ${place("B", b)}
  let shareA = lane / 8;
  let shareB = lane % 8;
  ${lines(4 * share, (r) => lines(share, (c) => `var sum${r}_${c} = vec4<f32>(0.0);`))}
  for (var at = 0; at < ${inner}; at += ${depth}) {
    ${stage("A", a)}
    ${stage("B", b)}
    workgroupBarrier();
    for (var k = 0; k < ${depth}; k++) {
      ${
    lines(share, (i) => `
      let a${i} = stripA[k * ${across} + shareA + ${8 * i}];
      let b${i} = stripB[k * ${across} + shareB + ${8 * i}];
      ${alongB?.(i) ?? ""}`)
  }
      ${
    lines(4 * share, (r) =>
      lines(share, (c) => `
      sum${r}_${c} = fma(vec4<f32>(a${r >> 2}[${r & 3}]), b${c}, sum${r}_${c});`))
  }
    }
    workgroupBarrier();
  }
  // What is stored may be added to what is there, so nothing may be stored twice.
  if (index / ${BLOCK_WORKGROUP} > group) { return; }
  let row = startA + shareA * 4;
  let quad = startB / 4 + shareB;
  ${finish ?? ""}
  ${
    lines(4 * share, (r) =>
      lines(share, (c) =>
        store(`row + ${32 * (r >> 2) + (r & 3)}`, `quad + ${8 * c}`, `sum${r}_${c}`, c)))
  }
}`;
}

/** Blocks of a result. */
export const blocksOf = (batch: number, rows: number, columns: number, side: Side): number =>
  batch * Math.ceil(rows / side) * Math.ceil(columns / side);
