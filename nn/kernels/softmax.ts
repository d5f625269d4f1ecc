/**
 * Softmax and its logarithm over the last axis, one dispatch forward and one backward.
 *
 * The logits may have a factor, as attention scales its scores. Each row's largest is subtracted
 * first, so that large ones don't overflow. Gradients go through the output: for softmax
 * scale·y·(dy − Σ dy·y), for its logarithm scale·(dy − eʸ·Σ dy).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { defineKernel, hostZeros, type Operation } from "./kernel.ts";
import { along, dispatchRows, type RowProgram, rowProgram } from "./rows.ts";
import { replaceGradient, replaceKernel } from "./selection.ts";

interface Attributes {
  readonly scale: number;
}

/** What differs between the two: on the device in WGSL, on the host as functions. */
interface Kind {
  readonly name: string;
  /** The output from `v`, the scaled logit less the row's largest, and `sum` of all exp(v). */
  readonly value: string;
  /** Summed over the row for the gradient, from gradient `g` and output `y`. */
  readonly summand: string;
  /** The gradient from `g`, `y` and the summands' sum, before scaling. */
  readonly slope: string;
  hostValue(v: number, sum: number): number;
  hostSummand(g: number, y: number): number;
  hostSlope(g: number, y: number, sum: number): number;
  /** The output from the scaled logits, on stock kernels. */
  stock(logits: tf.Tensor): tf.Tensor;
}

const SOFTMAX: Kind = {
  name: "ScaledSoftmax",
  value: "exp(v) / sum",
  summand: "g * y",
  slope: "y * (g - sum)",
  hostValue: (v, sum) => Math.exp(v) / sum,
  hostSummand: (g, y) => g * y,
  hostSlope: (g, y, sum) => y * (g - sum),
  stock: (logits) => tf.softmax(logits),
};

const LOG_SOFTMAX: Kind = {
  name: "ScaledLogSoftmax",
  value: "v - log(sum)",
  summand: "g",
  slope: "g - exp(y) * sum",
  hostValue: (v, sum) => v - Math.log(sum),
  hostSummand: (g) => g,
  hostSlope: (g, y, sum) => g - Math.exp(y) * sum,
  stock: (logits) => tf.logSoftmax(logits),
};

const forwardProgram = ({ name, value }: Kind): RowProgram =>
  rowProgram(
    name,
    ["x"],
    `
  var most = -3.4e38;
  ${along("most = max(most, uniforms.setting * x[first + i]);")}
  most = largest(lane, most);
  var part = 0.0;
  ${along("part += exp(uniforms.setting * x[first + i] - most);")}
  let sum = total(lane, vec2<f32>(part, 0.0)).x;
  ${along(`let v = uniforms.setting * x[first + i] - most; result[first + i] = ${value};`)}`,
  );

const gradientProgram = ({ name, summand, slope }: Kind): RowProgram =>
  rowProgram(
    `${name} gradient`,
    ["dy", "out"],
    `
  var part = 0.0;
  ${along(`let g = dy[first + i]; let y = out[first + i]; part += ${summand};`)}
  let sum = total(lane, vec2<f32>(part, 0.0)).x;
  ${
      along(`let g = dy[first + i]; let y = out[first + i];
    result[first + i] = uniforms.setting * (${slope});`)
    }`,
  );

const SOFTMAX_PROGRAM = forwardProgram(SOFTMAX);

/** Dispatches a program over all rows of its inputs. */
function overRows(
  backend: WebGPUBackend,
  program: RowProgram,
  inputs: tf.TensorInfo[],
  scale: number,
): tf.TensorInfo {
  const { shape } = inputs[0];
  const length = shape.at(-1)!;
  const rows = tf.util.sizeFromShape(shape) / length;
  return dispatchRows(backend, program, inputs, shape, [rows, length, scale], rows);
}

/** The operation of a kind, and its gradient's, which takes the gradient `dy` and the output `out`. */
function define(kind: Kind): { value: Operation<Attributes>; gradient: Operation<Attributes> } {
  const forward = forwardProgram(kind), backward = gradientProgram(kind);
  const gradient = defineKernel<Attributes>({
    name: `${kind.name}Gradient`,
    gpu: (backend, { dy, out }, { scale }) => overRows(backend, backward, [dy, out], scale),
    oracle({ dy, out }, { scale }) {
      const length = out.shape.at(-1)!;
      const dx = hostZeros(out.shape);
      for (let first = 0; first < dx.data.length; first += length) {
        let sum = 0;
        for (let i = first; i < first + length; i++) {
          sum += kind.hostSummand(dy.data[i], out.data[i]);
        }
        for (let i = first; i < first + length; i++) {
          dx.data[i] = scale * kind.hostSlope(dy.data[i], out.data[i], sum);
        }
      }
      return dx;
    },
  });
  tf.registerGradient({
    kernelName: kind.name,
    outputsToSave: [true],
    gradFunc: (dy, [out], attributes) => ({
      x: () => gradient({ dy: dy as tf.Tensor, out }, attributes as unknown as Attributes),
    }),
  });
  const value = defineKernel<Attributes>({
    name: kind.name,
    gpu: (backend, { x }, { scale }) => overRows(backend, forward, [x], scale),
    oracle({ x }, { scale }) {
      const length = x.shape.at(-1)!;
      const y = hostZeros(x.shape);
      for (let first = 0; first < y.data.length; first += length) {
        const logits = Array.from(x.data.subarray(first, first + length), (value) => value * scale);
        const most = Math.max(...logits);
        const sum = logits.reduce((all, value) => all + Math.exp(value - most), 0);
        logits.forEach((value, i) => y.data[first + i] = kind.hostValue(value - most, sum));
      }
      return y;
    },
    stock: ({ x }, { scale }) => kind.stock(tf.mul(x, scale)),
  });
  return { value, gradient };
}

const plain = define(SOFTMAX);
const logarithm = define(LOG_SOFTMAX);

/**
 * Puts softmax in the place of TensorFlow.js' own, on the `webgpu` backend, and its gradient on every
 * backend. `tf.logSoftmax` is no kernel there: call {@link logSoftmax}.
 */
export function registerSoftmax(): void {
  replaceKernel({
    kernelName: "Softmax",
    backendName: "webgpu",
    kernelFunc: ({ inputs, backend }) =>
      overRows(backend as WebGPUBackend, SOFTMAX_PROGRAM, [inputs.logits as tf.TensorInfo], 1),
  });
  replaceGradient({
    kernelName: "Softmax",
    outputsToSave: [true],
    gradFunc: (dy, [out]) => ({
      logits: () => plain.gradient({ dy: dy as tf.Tensor, out }, { scale: 1 }),
    }),
  });
}

/**
 * Softmax of scale·x over the last axis.
 *
 * @param x Any shape. −∞ is allowed as long as its row has a finite number.
 */
export function softmax<T extends tf.Tensor>(x: T, scale = 1): T {
  return plain.value({ x }, { scale }) as T;
}

/** Logarithm of {@link softmax}, without its underflow. */
export function logSoftmax<T extends tf.Tensor>(x: T, scale = 1): T {
  return logarithm.value({ x }, { scale }) as T;
}
