/**
 * Matrix products on WebGPU, in the place of TensorFlow.js' own kernels.
 *
 * Registered under the names `BatchMatMul` and `_FusedMatMul`, so models call `tf.matMul` and know
 * nothing of it. Any lengths, any transposition, stacks of matrices by stacks or by one matrix; a bias
 * and an activation may follow in the same dispatch. TensorFlow.js makes gradients of a product out of
 * products; those of a repeated operand, which it refuses, are added up here.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Activation } from "./activation.ts";
import { biasActivation } from "./bias_activation.ts";
import { channelSums } from "./channel_sums.ts";
import { BLOCK_WORKGROUP, blocksOf } from "./block.ts";
import { withOperands } from "./conv2d/operands.ts";
import { blockProgram } from "./matmul/block.ts";
import { nameOf, type Product, productOf, productValues, type Variant } from "./matmul/product.ts";
import { tileInvocations, tileProgram } from "./matmul/tile.ts";
import { dispatch, type Program, programOf } from "./program.ts";
import { kernelSet, replaceGradient, replaceKernel } from "./selection.ts";
import { operandAccess, tileFor, tilesInUse } from "./tiles.ts";

interface Operands {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
  /** Of `_FusedMatMul` only. */
  readonly bias?: tf.TensorInfo;
}

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Of `_FusedMatMul` only. */
  readonly activation?: string | null;
}

/** The program for a product, and the number of its invocations. */
function plan(product: Product, variant: Variant): [Program, number] {
  const { batch, rows, columns } = product;
  const access = operandAccess();
  const tile = tileFor("product", { rows, numbers: batch * rows * columns });
  const key = `${access} ${nameOf(variant)}`;
  if ("workgroup" in tile) {
    const side = tile.workgroup;
    return [
      programOf(`matMul block ${side} ${key}`, () => blockProgram(access, side, variant)),
      blocksOf(batch, rows, columns, side) * BLOCK_WORKGROUP,
    ];
  }
  const { registers } = tile;
  const { lanes } = tilesInUse();
  return [
    programOf(
      `matMul tile ${registers} ${lanes} ${key}`,
      () => tileProgram(access, registers, lanes, variant),
    ),
    tileInvocations(product, registers),
  ];
}

/** Activations by the names `_FusedMatMul` has for them; the last two are ours to add. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: "none",
  relu: "relu",
  sigmoid: "sigmoid",
  tanh: "tanh",
  gelu: "gelu",
};

function run(
  backend: WebGPUBackend,
  { a, b, bias }: Operands,
  { transposeA, transposeB, activation }: Attributes,
): tf.TensorInfo {
  const product = productOf(a, b, transposeA, transposeB);
  const after = ACTIVATIONS[activation ?? "linear"];
  if (!after) throw new Error(`matMul: activation ${activation} is not supported`);
  if (bias && (bias.shape.at(-1) !== product.columns || sizeOf(bias) !== product.columns)) {
    throw new Error(`matMul: a bias of shape [${bias.shape}] for ${product.columns} columns`);
  }
  const variant: Variant = {
    transposeA,
    transposeB,
    vectorOut: product.columns % 4 === 0,
    biased: Boolean(bias),
    activation: after,
  };
  const [program, invocations] = plan(product, variant);
  const values = productValues(product);
  const work = product.batch * product.rows * product.columns * product.inner;
  return withOperands(backend, [a, b], (operands) => {
    const inputs = bias ? [...operands, bias] : operands;
    return dispatch(backend, program, inputs, product.shape, values, invocations, work);
  });
}

const sizeOf = ({ shape }: tf.TensorInfo) => tf.util.sizeFromShape(shape);

/** Adds up the gradients of an operand's repetitions. */
function unrepeated(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  if (sizeOf(gradient) === tf.util.sizeFromShape(shape)) return tf.reshape(gradient, shape);
  const repeats = gradient.size / tf.util.sizeFromShape(shape);
  return tf.reshape(tf.sum(tf.reshape(gradient, [repeats, -1]), 0), shape);
}

/** Gradients of both operands. */
function gradientsOf(
  dy: tf.Tensor,
  [a, b]: tf.Tensor[],
  { transposeA, transposeB }: Attributes,
): { a(): tf.Tensor; b(): tf.Tensor } {
  return {
    a: () =>
      unrepeated(
        transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB),
        a.shape,
      ),
    b: () => {
      // One matrix for all: the sum over the stack is part of the product.
      const one = sizeOf(b) === b.shape.at(-1)! * b.shape.at(-2)! && !transposeA;
      const flat = (x: tf.Tensor) => one ? tf.reshape(x, [-1, x.shape.at(-1)!]) : x;
      return unrepeated(
        transposeB
          ? tf.matMul(flat(dy), flat(a), true, transposeA)
          : tf.matMul(flat(a), flat(dy), !transposeA, false),
        b.shape,
      );
    },
  };
}

const PRODUCT_GRADIENT: tf.GradConfig = {
  kernelName: "BatchMatMul",
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved, attrs) =>
    gradientsOf(dy as tf.Tensor, saved, attrs as unknown as Attributes),
};

// TensorFlow.js has none: its own fused operation steps around the tape.
const FUSED_GRADIENT: tf.GradConfig = {
  kernelName: "_FusedMatMul",
  inputsToSave: ["a", "b", "bias"],
  gradFunc: (dy, saved, attrs) => {
    const attributes = attrs as unknown as Attributes;
    if (attributes.activation !== "linear") {
      throw new Error(`matMul: no gradient through a fused ${attributes.activation}`);
    }
    const bias = () => tf.reshape(channelSums(dy as tf.Tensor), saved[2].shape);
    return { ...gradientsOf(dy as tf.Tensor, saved, attributes), bias };
  },
};

/**
 * Puts these kernels in the place of TensorFlow.js' own on the `webgpu` backend, and gradients that
 * know repeated operands on every backend.
 */
export function registerMatMul(): void {
  for (const kernelName of ["BatchMatMul", "_FusedMatMul"]) {
    replaceKernel({
      kernelName,
      backendName: "webgpu",
      kernelFunc: ({ inputs, backend, attrs }) =>
        run(
          backend as WebGPUBackend,
          inputs as unknown as Operands,
          attrs as unknown as Attributes,
        ),
    });
  }
  replaceGradient(PRODUCT_GRADIENT);
  if (!tf.getGradient(FUSED_GRADIENT.kernelName)) tf.registerGradient(FUSED_GRADIENT);
}

/**
 * x·weightᵀ.
 *
 * @param x [..., in].
 * @param weight [out, in].
 * @returns [..., out]. Differentiable with respect to both.
 */
export function linearMap(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  // One tall matrix: TensorFlow.js' own gradient knows no stack of matrices by one.
  const rows = tf.reshape(x, [-1, weight.shape[1]!]);
  const product = tf.matMul(rows, weight, false, true);
  return tf.reshape(product, [...x.shape.slice(0, -1), weight.shape[0]]);
}

/**
 * a(x·weightᵀ + bias), as PyTorch's `linear`. One dispatch, but where a gradient is wanted through an
 * activation, which has its own.
 *
 * @param x [..., in].
 * @param weight [out, in].
 * @param bias [out].
 * @returns [..., out]. Differentiable with respect to all three.
 */
export function affine(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor,
  activation: Activation = "none",
): tf.Tensor {
  const onTape = tf.engine().state.gradientDepth > 0;
  const ours = tf.getBackend() === "webgpu" && kernelSet() === "tuned";
  if (!ours || (onTape && activation !== "none")) {
    return biasActivation(linearMap(x, weight), bias, activation);
  }
  const fused = activation === "none" ? "linear" : activation;
  const attributes = { transposeA: false, transposeB: true, activation: fused };
  return tf.engine().runKernel("_FusedMatMul", { a: x, b: weight, bias }, attributes) as tf.Tensor;
}
