/**
 * Layer normalisation over the last axis: y = x̂·weight + bias, x̂ = (x − mean) / √(variance + ε).
 *
 * Each row has its own mean and biased variance, computed where they are needed: one dispatch forward,
 * one for the input's gradient, two for the weight's and one for the bias'.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { channelSum, channelSums, runChannelSum } from "./channel_sums.ts";
import { defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { along, dispatchRows, rowProgram } from "./rows.ts";

interface Attributes {
  readonly epsilon: number;
}

// Two passes: subtracting the mean first keeps the variance exact where the mean is large.
const MOMENTS_TEXT = `
  let count = f32(uniforms.length);
  var head = 0.0;
  ${along("head += x[first + i];")}
  let mean = total(lane, vec2<f32>(head, 0.0)).x / count;
  var square = 0.0;
  ${along("let d = x[first + i] - mean; square += d * d;")}
  let variance = total(lane, vec2<f32>(square, 0.0)).x / count;
  let scale = 1.0 / sqrt(variance + uniforms.setting);`;

const FORWARD = rowProgram(
  "layer norm",
  ["x", "weight", "bias"],
  `${MOMENTS_TEXT}
  ${along("result[first + i] = (x[first + i] - mean) * scale * weight[i] + bias[i];")}`,
);

const INPUT_GRADIENT = rowProgram(
  "layer norm input gradient",
  ["dy", "x", "weight"],
  `${MOMENTS_TEXT}
  var sums = vec2<f32>(0.0);
  ${
    along(`let g = dy[first + i] * weight[i];
    sums += vec2<f32>(g, g * (x[first + i] - mean) * scale);`)
  }
  let means = total(lane, sums) / count;
  ${
    along(`let standard = (x[first + i] - mean) * scale;
    result[first + i] = (dy[first + i] * weight[i] - means.x - standard * means.y) * scale;`)
  }`,
);

/** Mean and 1 / √(variance + ε) of each row. */
const MOMENTS = rowProgram(
  "layer norm moments",
  ["x"],
  `${MOMENTS_TEXT}
  if (lane == 0) { result[row * 2] = mean; result[row * 2 + 1] = scale; }`,
);

const WEIGHT_GRADIENT = channelSum(
  "layer norm weight gradient",
  ["dy", "x", "moments"],
  "dy[at] * (x[at] - moments[row * 2]) * moments[row * 2 + 1]",
);

const view = (x: { shape: readonly number[] }, { epsilon }: Attributes) => {
  const length = x.shape.at(-1)!;
  const rows = tf.util.sizeFromShape([...x.shape]) / length;
  return { length, rows, values: [rows, length, epsilon] };
};

/** x̂ in double precision, and what each row was multiplied with. */
function standardized(x: HostTensor, attributes: Attributes) {
  const { rows, length } = view(x, attributes);
  const standard = hostZeros(x.shape).data, scales = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = x.data.subarray(r * length, (r + 1) * length);
    let mean = 0, variance = 0;
    for (const value of row) mean += value / length;
    for (const value of row) variance += (value - mean) ** 2 / length;
    scales[r] = 1 / Math.sqrt(variance + attributes.epsilon);
    row.forEach((value, i) => standard[r * length + i] = (value - mean) * scales[r]);
  }
  return { standard, scales };
}

const forward = defineKernel<Attributes>({
  name: "LayerNorm",
  gpu(backend, { x, weight, bias }, attributes) {
    const { rows, values } = view(x, attributes);
    return dispatchRows(backend, FORWARD, [x, weight, bias], x.shape, values, rows);
  },
  oracle({ x, weight, bias }, attributes) {
    const { length } = view(x, attributes);
    const data = standardized(x, attributes).standard.map((value, i) =>
      value * weight.data[i % length] + bias.data[i % length]
    );
    return { shape: x.shape, data };
  },
  stock({ x, weight, bias }, { epsilon }) {
    const { mean, variance } = tf.moments(x, -1, true);
    const standard = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
    return tf.add(tf.mul(standard, weight), bias);
  },
});

const inputGradient = defineKernel<Attributes>({
  name: "LayerNormInputGradient",
  gpu(backend, { dy, x, weight }, attributes) {
    const { rows, values } = view(x, attributes);
    return dispatchRows(backend, INPUT_GRADIENT, [dy, x, weight], x.shape, values, rows);
  },
  oracle({ dy, x, weight }, attributes) {
    const { rows, length } = view(x, attributes);
    const { standard, scales } = standardized(x, attributes);
    const dx = hostZeros(x.shape);
    for (let r = 0; r < rows; r++) {
      let first = 0, second = 0;
      for (let i = 0; i < length; i++) {
        const g = dy.data[r * length + i] * weight.data[i];
        first += g / length;
        second += g * standard[r * length + i] / length;
      }
      for (let i = 0; i < length; i++) {
        const at = r * length + i;
        dx.data[at] = (dy.data[at] * weight.data[i] - first - standard[at] * second) * scales[r];
      }
    }
    return dx;
  },
});

const weightGradient = defineKernel<Attributes>({
  name: "LayerNormWeightGradient",
  gpu(backend, { dy, x }, attributes) {
    const { rows, values } = view(x, attributes);
    const moments = dispatchRows(backend, MOMENTS, [x], [rows, 2], values, rows);
    const out = runChannelSum(backend, WEIGHT_GRADIENT, [dy, x, moments]);
    backend.disposeData(moments.dataId);
    return out;
  },
  oracle({ dy, x }, attributes) {
    const { length } = view(x, attributes);
    const sums = hostZeros([length]);
    standardized(x, attributes).standard.forEach((value, i) => {
      sums.data[i % length] += dy.data[i] * value;
    });
    return sums;
  },
});

tf.registerGradient({
  kernelName: "LayerNorm",
  inputsToSave: ["x", "weight"],
  gradFunc: (output, [x, weight], attrs) => {
    const dy = output as tf.Tensor, attributes = attrs as unknown as Attributes;
    return {
      x: () => inputGradient({ dy, x, weight }, attributes),
      weight: () => weightGradient({ dy, x }, attributes),
      bias: () => channelSums(dy),
    };
  },
});

/**
 * Normalises the last axis.
 *
 * @param x Any shape; the last axis are channels.
 * @param weight [channels].
 * @param bias [channels].
 * @param epsilon Added to the variance: 1e-5 in PyTorch, 1e-6 in its vision transformers.
 * @returns Shaped like `x`. Differentiable with respect to all three.
 */
export function layerNormalize<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor,
  bias: tf.Tensor,
  epsilon = 1e-5,
): T {
  return forward({ x, weight, bias }, { epsilon }) as T;
}
