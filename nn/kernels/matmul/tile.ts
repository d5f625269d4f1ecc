/**
 * The matrix product from registers.
 *
 * An invocation owns a tile of the result, some rows by 8 columns, and reads both operands four numbers
 * at a time: a read feeds many multiply-adds, and no workgroup memory is needed.
 *
 * @module
 */
import type { OperandAccess } from "../tiles.ts";
import type { Program } from "../program.ts";
import { lines, vec4s } from "../wgsl_text.ts";
import { bindingsOf, nameOf, PRODUCT, type Product, storeText, type Variant } from "./product.ts";

/** Columns of a tile, in vec4: more would leave the registers of a CPU. */
const QUADS = 2;

/** The program for tiles of this many rows, a multiple of 4, in workgroups of so many invocations. */
export function tileProgram(
  access: OperandAccess,
  rows: number,
  lanes: number,
  variant: Variant,
): Program {
  const { transposeA, transposeB } = variant;
  // Names by row or column of the tile and by k, the place within four steps of the inner axis.
  const a = (r: number, k: number) => transposeA ? `a${k}_${r >> 2}[${r & 3}]` : `a${r}[${k}]`;
  const loadA = transposeA
    ? lines(4, (k) => `
    let inside${k} = 4 * q + ${k} < uniforms.inner;
    let rowA${k} = matrixA + min(4 * q + ${k}, uniforms.inner - 1) * uniforms.vec4sA;
    ${
      lines(rows / 4, (r) => `
    let a${k}_${r} = select(vec4<f32>(0.0),
      load_a(rowA${k} + min(row / 4 + ${r}, uniforms.vec4sA - 1)), inside${k});`)
    }`)
    : lines(rows, (r) => `let a${r} = load_a(rowA${r} + q);`);
  // Rows of b beyond the last are multiplied by zeros of a; they only have to exist.
  const loadB = transposeB
    ? lines(QUADS * 4, (c) => `let t${c} = load_b(rowB${c} + q);`) +
      lines(4, (k) =>
        lines(QUADS, (c) => {
          const column = [0, 1, 2, 3].map((i) => `t${4 * c + i}[${k}]`).join(", ");
          return `let b${k}_${c} = vec4<f32>(${column});`;
        }))
    : lines(4, (k) => `
    let rowB${k} = matrixB + min(4 * q + ${k}, uniforms.inner - 1) * uniforms.vec4sB;
    ${
      lines(QUADS, (c) => `
    let b${k}_${c} = load_b(rowB${k} + min(quad + ${c}, uniforms.vec4sB - 1));`)
    }`);
  const { inputs, rest } = bindingsOf(variant);
  return {
    name: `matMul ${access} ${rows} rows ${lanes} ${nameOf(variant)}`,
    inputs,
    widths: [access, access, ...rest],
    uniforms: PRODUCT,
    workgroup: lanes,
    code: `
${storeText(variant)}
fn main(index : i32) {
  let across = (uniforms.columns + ${4 * QUADS - 1}) / ${4 * QUADS};
  let tiles = (uniforms.rows + ${rows - 1}) / ${rows} * across;
  let batch = index / tiles;
  if (batch >= uniforms.batch) { return; }
  let tile = index - batch * tiles;
  let row = tile / across * ${rows};
  let quad = tile % across * ${QUADS};
  let matrixA = batch % uniforms.matricesA * uniforms.rowsA * uniforms.vec4sA;
  let matrixB = batch % uniforms.matricesB * uniforms.rowsB * uniforms.vec4sB;
  ${
      transposeA ? "" : lines(rows, (r) => `
  let rowA${r} = matrixA + min(row + ${r}, uniforms.rowsA - 1) * uniforms.vec4sA;`)
    }
  ${
      transposeB
        ? lines(QUADS * 4, (c) => `
  let rowB${c} = matrixB + min(quad * 4 + ${c}, uniforms.rowsB - 1) * uniforms.vec4sB;`)
        : ""
    }
  ${lines(rows, (r) => lines(QUADS, (c) => `var sum${r}_${c} = vec4<f32>(0.0);`))}
  for (var q = 0; q < (uniforms.inner + 3) / 4; q++) {
    ${loadA}
    ${loadB}
    ${
      lines(4, (k) =>
        lines(rows, (r) =>
          lines(QUADS, (c) => `
    sum${r}_${c} = fma(vec4<f32>(${a(r, k)}), b${k}_${c}, sum${r}_${c});`)))
    }
  }
  ${lines(rows, (r) => lines(QUADS, (c) => `store(batch, row + ${r}, quad + ${c}, sum${r}_${c});`))}
}`,
  };
}

/** Invocations of a program with tiles of this many rows. */
export const tileInvocations = ({ batch, rows, columns }: Product, tile: number): number =>
  batch * Math.ceil(rows / tile) * Math.ceil(vec4s(columns) / QUADS);
