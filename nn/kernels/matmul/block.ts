/**
 * The matrix product through workgroup memory, for GPUs with memory of their own.
 *
 * A workgroup of 8 × 8 invocations owns a square block of the result. Step by step along the inner axis
 * it stages a strip of either operand in workgroup memory, from which each invocation feeds its share
 * of the block, held in registers. Every number is read from a buffer once a block.
 *
 * @module
 */
import { lines } from "../conv2d/window.ts";
import type { Program } from "../program.ts";
import { bindingsOf, nameOf, PRODUCT, type Product, storeText, type Variant } from "./product.ts";

const WORKGROUP = 64;

/** Side of a block, and of an invocation's share in vec4: {@link blockProgram} takes either. */
type Side = 32 | 64;

/** The program for blocks of this side. */
export function blockProgram(side: Side, variant: Variant): Program {
  const share = side / 32;
  const across = side / 4;
  // A strip is as deep as makes it 64 patches of 4 × 4 numbers: one an invocation.
  const depth = 1024 / side;
  /** Stages the invocation's patch of an operand; `turned` where vec4 lie along the inner axis. */
  const stage = (of: "A" | "B", turned: boolean) => {
    const load = (j: number) =>
      turned
        ? `load_${of.toLowerCase()}(matrix${of} + min(start${of} + line * 4 + ${j}, uniforms.rows${of} - 1) *
        uniforms.vec4s${of} + min(at / 4 + place, uniforms.vec4s${of} - 1))`
        : `load_${of.toLowerCase()}(matrix${of} + min(at + place * 4 + ${j}, uniforms.rows${of} - 1) *
        uniforms.vec4s${of} + min(start${of} / 4 + line, uniforms.vec4s${of} - 1))`;
    const inside = (j: number) => `at + place * 4${turned ? "" : ` + ${j}`} < uniforms.inner`;
    const value = (k: number) =>
      turned ? `vec4<f32>(${[0, 1, 2, 3].map((j) => `v${j}[${k}]`).join(", ")})` : `v${k}`;
    return `
    {
      let line = ${turned ? `lane / ${depth / 4}` : `lane % ${across}`};
      let place = ${turned ? `lane % ${depth / 4}` : `lane / ${across}`};
      ${lines(4, (j) => `let v${j} = select(vec4<f32>(0.0), ${load(j)}, ${inside(j)});`)}
      ${lines(4, (k) => `strip${of}[(place * 4 + ${k}) * ${across} + line] = ${value(k)};`)}
    }`;
  };
  const { inputs, rest } = bindingsOf(variant);
  return {
    name: `matMul block ${side} ${nameOf(variant)}`,
    inputs,
    widths: [4, 4, ...rest],
    uniforms: PRODUCT,
    workgroup: WORKGROUP,
    code: `
${storeText(variant)}
var<workgroup> stripA : array<vec4<f32>, ${depth * across}>;
var<workgroup> stripB : array<vec4<f32>, ${depth * across}>;
fn main(index : i32) {
  let lane = index % ${WORKGROUP};
  let blocksAcross = (uniforms.columns + ${side - 1}) / ${side};
  let blocks = (uniforms.rows + ${side - 1}) / ${side} * blocksAcross;
  // Padding workgroups repeat the last block; barriers must be met by all.
  let group = min(index / ${WORKGROUP}, uniforms.batch * blocks - 1);
  let batch = group / blocks;
  let block = group - batch * blocks;
  let startA = block / blocksAcross * ${side};
  let startB = block % blocksAcross * ${side};
  let matrixA = batch % uniforms.matricesA * uniforms.rowsA * uniforms.vec4sA;
  let matrixB = batch % uniforms.matricesB * uniforms.rowsB * uniforms.vec4sB;
  let lineA = lane / 8;
  let lineB = lane % 8;
  ${lines(4 * share, (r) => lines(share, (c) => `var sum${r}_${c} = vec4<f32>(0.0);`))}
  for (var at = 0; at < uniforms.inner; at += ${depth}) {
    ${stage("A", !variant.transposeA)}
    ${stage("B", variant.transposeB)}
    workgroupBarrier();
    for (var k = 0; k < ${depth}; k++) {
      ${
      lines(share, (i) => `
      let a${i} = stripA[k * ${across} + lineA + ${8 * i}];
      let b${i} = stripB[k * ${across} + lineB + ${8 * i}];`)
    }
      ${
      lines(4 * share, (r) =>
        lines(share, (c) => `
      sum${r}_${c} = fma(vec4<f32>(a${r >> 2}[${r & 3}]), b${c}, sum${r}_${c});`))
    }
    }
    workgroupBarrier();
  }
  ${
      lines(4 * share, (r) =>
        lines(share, (c) => `
  store(batch, startA + (lineA + ${8 * (r >> 2)}) * 4 + ${r & 3}, startB / 4 + lineB + ${8 * c},
    sum${r}_${c});`))
    }
}`,
  };
}

const blocksOf = ({ batch, rows, columns }: Product, side: Side) =>
  batch * Math.ceil(rows / side) * Math.ceil(columns / side);

/** Side of the blocks for a product: the larger one where enough of them occupy a GPU. */
export const blockSide = (product: Product): Side => blocksOf(product, 64) < 256 ? 32 : 64;

/** Invocations of a program with blocks of this side. */
export const blockInvocations = (product: Product, side: Side): number =>
  blocksOf(product, side) * WORKGROUP;
