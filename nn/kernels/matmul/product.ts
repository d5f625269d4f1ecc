/**
 * What the kernels of the matrix product share: its shapes, how operands lie, how results are stored.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Activation, activationText } from "../activation.ts";
import { lines, vec4s } from "../wgsl_text.ts";

/** Batched product of op(a) [batch, rows, inner] and op(b) [batch, inner, columns]. */
export interface Product {
  /** Shape of the result. */
  readonly shape: readonly number[];
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Matrices of each operand; the batch is a multiple of both. */
  readonly matricesA: number;
  readonly matricesB: number;
}

/**
 * Reads a product off its operands, matrices or stacks of them.
 *
 * An operand with fewer matrices is repeated; its batch axes are then the last ones of the other's.
 *
 * @throws {Error} When the shapes don't fit, or the numbers are not float32.
 */
export function productOf(
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): Product {
  const refuse = (why: string) => {
    const [turnA, turnB] = [transposeA, transposeB].map((transposed) => transposed ? "ᵀ" : "");
    return new Error(
      `matMul: cannot multiply [${a.shape}]${turnA} by [${b.shape}]${turnB}: ${why}`,
    );
  };
  for (const { dtype } of [a, b]) if (dtype !== "float32") throw refuse(`${dtype} numbers`);
  const [rows, inner] = matrixOf(a, transposeA);
  const [innerB, columns] = matrixOf(b, transposeB);
  if (inner !== innerB) throw refuse(`the inner lengths ${inner} and ${innerB} differ`);
  const [axesA, axesB] = [a, b].map(({ shape }) => shape.slice(0, -2));
  const axes = tf.broadcast_util.assertAndGetBroadcastShape(axesA, axesB);
  if (![axesA, axesB].every((own) => isRepeatedWhole(own, axes))) {
    throw refuse("only leading batch axes can be repeated");
  }
  const [batch, matricesA, matricesB] = [axes, axesA, axesB].map((own) =>
    tf.util.sizeFromShape(own)
  );
  const common = { shape: [...axes, rows, columns], columns, inner, transposeA, transposeB };
  // Many matrices by one are one tall matrix by one, which fills tiles better.
  return matricesB === 1 && !transposeA
    ? { ...common, rows: rows * batch, batch: 1, matricesA: 1, matricesB: 1 }
    : { ...common, rows, batch, matricesA, matricesB };
}

function matrixOf({ shape }: tf.TensorInfo, transposed: boolean): number[] {
  const lengths = shape.slice(-2);
  return transposed ? lengths.reverse() : lengths;
}

/** Whether an operand with these batch axes is repeated as a whole, if at all. */
function isRepeatedWhole(own: readonly number[], axes: readonly number[]): boolean {
  const first = own.findIndex((length) => length !== 1);
  return first < 0 ||
    own.slice(first).every((length, i) => length === axes.at(first - own.length + i));
}

/** Uniforms of a product. Operands are stored as rows of vec4, padded with zeros. */
export const PRODUCT = {
  batch: "i32",
  rows: "i32",
  columns: "i32",
  inner: "i32",
  matricesA: "i32",
  matricesB: "i32",
  // Stored rows of a matrix, and vec4 in each.
  rowsA: "i32",
  vec4sA: "i32",
  rowsB: "i32",
  vec4sB: "i32",
} as const;

/** Values of {@link PRODUCT}. */
export function productValues(product: Product): number[] {
  const { batch, rows, columns, inner, transposeA, transposeB, matricesA, matricesB } = product;
  const storedA = transposeA ? [inner, vec4s(rows)] : [rows, vec4s(inner)];
  const storedB = transposeB ? [columns, vec4s(inner)] : [inner, vec4s(columns)];
  return [batch, rows, columns, inner, matricesA, matricesB, ...storedA, ...storedB];
}

/** What happens to a product before it is stored. */
export interface Finish {
  /** Whether a `bias` [columns] is added. */
  readonly biased: boolean;
  readonly activation: Activation;
}

/** What a kernel's text is made for. */
export interface Variant extends Finish {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether 4 divides the columns, so that results are stored four at a time. */
  readonly vectorOut: boolean;
}

/** A variant as part of a program's name. */
export function nameOf({ transposeA, transposeB, vectorOut, biased, activation }: Variant): string {
  const turn = (transposed: boolean) => transposed ? "t" : "n";
  return turn(transposeA) + turn(transposeB) + (vectorOut ? "" : " scalar") +
    (biased ? " bias" : "") + (activation === "none" ? "" : ` ${activation}`);
}

/** Inputs of a variant, and how it sees what follows the operands: the bias, then the result. */
export const bindingsOf = ({ biased, vectorOut }: Variant) => ({
  inputs: ["a", "b", ...biased ? ["bias"] : []],
  rest: [...biased ? [1 as const] : [], vectorOut ? 4 as const : 1 as const],
});

/** Text of `store(batch, row, quad, sum)`, which finishes and stores four columns of a row. */
export function storeText({ vectorOut, biased, activation }: Variant): string {
  const bias = "bias[min(quad * 4 + KKK, uniforms.columns - 1)]";
  const biases = [0, 1, 2, 3].map((k) => bias.replace("KKK", String(k))).join(", ");
  return `
${activation === "none" ? "" : activationText(activation)}
fn store(batch : i32, row : i32, quad : i32, sum : vec4<f32>) {
  if (row >= uniforms.rows || quad * 4 >= uniforms.columns) { return; }
  ${biased ? `let v = sum + vec4<f32>(${biases});` : "let v = sum;"}
  ${
    activation === "none"
      ? "let y = v;"
      : "let y = vec4<f32>(activate(v.x), activate(v.y), activate(v.z), activate(v.w));"
  }
  ${
    vectorOut
      ? "result[(batch * uniforms.rows + row) * (uniforms.columns / 4) + quad] = y;"
      : `let to = (batch * uniforms.rows + row) * uniforms.columns + quad * 4;
  ${lines(4, (k) => `if (quad * 4 + ${k} < uniforms.columns) { result[to + ${k}] = y[${k}]; }`)}`
  }
}`;
}
