/**
 * Sum of robust lengths of flow errors: the error terms of PWC-Net's losses.
 *
 * Each pixel counts (s + ε)^q, where s is the sum of squares of the error's two components (q = ½
 * gives its length) or the sum of their absolute values.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, type HostTensor } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";
import { addUp } from "./wgsl_text.ts";

/** How long an error counts. */
export interface Penalty {
  /** What is summed over the two components. */
  readonly of: "squares" | "absolutes";
  /** ε, added before the power is taken; positive. */
  readonly epsilon: number;
  /** q. */
  readonly power: number;
}

type Attributes = Penalty & { readonly [key: string]: number | string };

const LANES = 64;
const PARTS = 64;

const SETTINGS = { pixels: "i32", epsilon: "f32", power: "f32" } as const;

const sumOf = { squares: "dot(d, d)", absolutes: "abs(d.x) + abs(d.y)" } as const;
const slopeOf = { squares: "2.0 * d", absolutes: "sign(d)" } as const;

/** `fn errorAt(i : i32) -> vec2<f32>`: what was predicted less the truth. */
const WGSL_ERROR = `
fn errorAt(i : i32) -> vec2<f32> {
  return vec2<f32>(prediction[2 * i] - truth[3 * i], prediction[2 * i + 1] - truth[3 * i + 1]);
}`;

/** Each workgroup sums every {@link PARTS}-th run of pixels. */
const partial = (of: Penalty["of"]): Program => ({
  name: `vector error parts ${of}`,
  inputs: ["prediction", "truth"],
  widths: [1, 1, 1],
  uniforms: SETTINGS,
  workgroup: LANES,
  code: `${WGSL_ERROR}
var<workgroup> partial : array<f32, ${LANES}>;
fn main(index : i32) {
  let lane = index % ${LANES};
  var sum = 0.0;
  for (var i = index; i < uniforms.pixels; i += ${LANES * PARTS}) {
    let d = errorAt(i);
    sum += truth[3 * i + 2] * pow(${sumOf[of]} + uniforms.epsilon, uniforms.power);
  }
  partial[lane] = sum;${addUp(LANES)}
  if (lane == 0) { result[index / ${LANES}] = partial[0]; }
}`,
});

const TOTAL: Program = {
  name: "vector error total",
  inputs: ["parts"],
  widths: [1, 1],
  uniforms: { parts: "i32" },
  workgroup: 1,
  code: `
fn main(index : i32) {
  if (index > 0) { return; }
  var sum = 0.0;
  for (var i = 0; i < uniforms.parts; i++) { sum += parts[i]; }
  result[0] = sum;
}`,
};

const gradientProgram = (of: Penalty["of"]): Program => ({
  name: `vector error gradient ${of}`,
  inputs: ["dy", "prediction", "truth"],
  widths: [1, 1, 1, 1],
  uniforms: SETTINGS,
  workgroup: 64,
  code: `${WGSL_ERROR}
fn main(index : i32) {
  if (index >= uniforms.pixels) { return; }
  let d = errorAt(index);
  let outer = uniforms.power * pow(${sumOf[of]} + uniforms.epsilon, uniforms.power - 1.0);
  let g = dy[0] * truth[3 * index + 2] * outer * (${slopeOf[of]});
  result[2 * index] = g.x;
  result[2 * index + 1] = g.y;
}`,
});

const programs = {
  squares: { parts: partial("squares"), gradient: gradientProgram("squares") },
  absolutes: { parts: partial("absolutes"), gradient: gradientProgram("absolutes") },
};

const settingsOf = ({ shape }: { shape: readonly number[] }, { epsilon, power }: Penalty) => [
  shape[0] * shape[1] * shape[2],
  epsilon,
  power,
];

/** Calls `visit` with each pixel's error, weight and sum over components. */
function forEachError(
  { prediction, truth }: Readonly<Record<string, HostTensor>>,
  { of }: Penalty,
  visit: (pixel: number, error: [number, number], weight: number, sum: number) => void,
): void {
  for (let i = 0; i < prediction.data.length / 2; i++) {
    const u = prediction.data[2 * i] - truth.data[3 * i];
    const v = prediction.data[2 * i + 1] - truth.data[3 * i + 1];
    const sum = of === "squares" ? u * u + v * v : Math.abs(u) + Math.abs(v);
    visit(i, [u, v], truth.data[3 * i + 2], sum);
  }
}

const forward = defineKernel<Attributes>({
  name: "VectorError",
  gpu(backend, { prediction, truth }, penalty) {
    const program = programs[penalty.of].parts;
    const settings = settingsOf(prediction, penalty);
    const inputs = [prediction, truth];
    const parts = dispatch(backend, program, inputs, [PARTS], settings, LANES * PARTS);
    const total = dispatch(backend, TOTAL, [parts], [], [PARTS], 1);
    backend.disposeData(parts.dataId);
    return total;
  },
  oracle(inputs, penalty): HostTensor {
    let total = 0;
    forEachError(inputs, penalty, (_pixel, _error, weight, sum) => {
      total += weight * (sum + penalty.epsilon) ** penalty.power;
    });
    return { shape: [], data: Float64Array.of(total) };
  },
  stock({ prediction, truth }, { of, epsilon, power }) {
    const [wanted, weight] = tf.split(truth, [2, 1], 3);
    const error = tf.sub(prediction, wanted);
    const sums = tf.sum(of === "squares" ? tf.square(error) : tf.abs(error), 3, true);
    return tf.sum(tf.mul(weight, tf.pow(tf.add(sums, epsilon), power)));
  },
});

const gradient = defineKernel<Attributes>({
  name: "VectorErrorGradient",
  gpu(backend, { dy, prediction, truth }, penalty) {
    const program = programs[penalty.of].gradient;
    const settings = settingsOf(prediction, penalty);
    const inputs = [dy, prediction, truth];
    return dispatch(backend, program, inputs, prediction.shape, settings, settings[0]);
  },
  oracle(inputs, penalty): HostTensor {
    const data = new Float64Array(inputs.prediction.data.length);
    const slope = penalty.of === "squares" ? (d: number) => 2 * d : Math.sign;
    forEachError(inputs, penalty, (pixel, error, weight, sum) => {
      const outer = penalty.power * (sum + penalty.epsilon) ** (penalty.power - 1);
      error.forEach((d, i) => {
        data[2 * pixel + i] = inputs.dy.data[0] * weight * outer * slope(d);
      });
    });
    return { shape: inputs.prediction.shape, data };
  },
});

defineGradient<Attributes>("VectorError", ["prediction", "truth"], {
  prediction: (dy, { prediction, truth }, penalty) => gradient({ dy, prediction, truth }, penalty),
});

/**
 * Σ weight · (s + ε)^q over all pixels of the batch.
 *
 * @param prediction [batch, H, W, 2]. The sum has a gradient with respect to it alone.
 * @param truth The true vectors and each pixel's weight, [batch, H, W, 3].
 */
export function vectorError(
  prediction: tf.Tensor4D,
  truth: tf.Tensor4D,
  penalty: Penalty,
): tf.Scalar {
  return forward({ prediction, truth }, penalty as Attributes) as tf.Scalar;
}
