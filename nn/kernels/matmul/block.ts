/**
 * The matrix product through workgroup memory.
 *
 * @module
 */
import { BLOCK_WORKGROUP, blockText, type Side, type Strip } from "../block.ts";
import type { OperandAccess } from "../tiles.ts";
import type { Program } from "../program.ts";
import { bindingsOf, nameOf, PRODUCT, storeText, type Variant } from "./product.ts";

/** How an operand is read, stored as rows of vec4 along its lines or, `turned`, along the inner axis. */
function strip(of: "A" | "B", turned: boolean): Strip {
  const at = (row: string, quad: string) =>
    `load_${of.toLowerCase()}(matrix${of} + min(${row}, uniforms.rows${of} - 1) * uniforms.vec4s${of} +
        min(${quad}, uniforms.vec4s${of} - 1))`;
  return turned
    ? {
      turned,
      load: (j) => at(`line + ${j}`, "step / 4"),
      inside: () => "step < uniforms.inner",
    }
    : {
      turned,
      load: (j) => at(`step + ${j}`, "line / 4"),
      inside: (j) => `step + ${j} < uniforms.inner`,
    };
}

/** The program for blocks of this side. */
export function blockProgram(access: OperandAccess, side: Side, variant: Variant): Program {
  const { inputs, rest } = bindingsOf(variant);
  return {
    name: `matMul block ${access} ${side} ${nameOf(variant)}`,
    inputs,
    widths: [access, access, ...rest],
    uniforms: PRODUCT,
    workgroup: BLOCK_WORKGROUP,
    code: `
${storeText(variant)}
${
      blockText({
        side,
        batch: "uniforms.batch",
        rows: "uniforms.rows",
        columns: "uniforms.columns",
        inner: "uniforms.inner",
        setup: `
  let matrixA = batch % uniforms.matricesA * uniforms.rowsA * uniforms.vec4sA;
  let matrixB = batch % uniforms.matricesB * uniforms.rowsB * uniforms.vec4sB;`,
        a: strip("A", !variant.transposeA),
        b: strip("B", variant.transposeB),
        store: (row, quad, sum) => `store(batch, ${row}, ${quad}, ${sum});`,
      })
    }`,
  };
}
