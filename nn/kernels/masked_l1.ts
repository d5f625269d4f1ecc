/**
 * Mean of weighted absolute differences: the error term of flow losses.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, type HostTensor } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

const LANES = 64;
const PARTS = 64;

const VIEW = { size: "i32", channels: "i32" } as const;

/** Each workgroup sums every {@link PARTS}-th run of numbers. */
const PARTIAL: Program = {
  name: "masked l1 parts",
  inputs: ["prediction", "truth", "weight"],
  widths: [1, 1, 1, 1],
  uniforms: VIEW,
  workgroup: LANES,
  code: `
var<workgroup> partial : array<f32, ${LANES}>;
fn main(index : i32) {
  let lane = index % ${LANES};
  var sum = 0.0;
  for (var i = index; i < uniforms.size; i += ${LANES * PARTS}) {
    sum += weight[i / uniforms.channels] * abs(prediction[i] - truth[i]);
  }
  partial[lane] = sum;
  for (var step = ${LANES / 2}; step > 0; step = step / 2) {
    workgroupBarrier();
    if (lane < step) { partial[lane] += partial[lane + step]; }
  }
  if (lane == 0) { result[index / ${LANES}] = partial[0]; }
}`,
};

const MEAN: Program = {
  name: "masked l1 mean",
  inputs: ["parts"],
  widths: [1, 1],
  uniforms: VIEW,
  workgroup: 1,
  code: `
fn main(index : i32) {
  if (index > 0) { return; }
  var sum = 0.0;
  for (var i = 0; i < ${PARTS}; i++) { sum += parts[i]; }
  result[0] = sum / f32(uniforms.size);
}`,
};

const GRADIENT: Program = {
  name: "masked l1 gradient",
  inputs: ["dy", "prediction", "truth", "weight"],
  widths: [1, 1, 1, 1, 1],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let direction = sign(prediction[index] - truth[index]);
  result[index] = dy[0] * weight[index / uniforms.channels] * direction / f32(uniforms.size);
}`,
};

const view = (x: { shape: readonly number[] }) => {
  const size = x.shape.reduce((a, b) => a * b, 1);
  return [size, x.shape.at(-1)!];
};

const forward = defineKernel<Record<never, never>>({
  name: "MaskedL1",
  gpu(backend, { prediction, truth, weight }) {
    const inputs = [prediction, truth, weight];
    const parts = dispatch(backend, PARTIAL, inputs, [PARTS], view(prediction), LANES * PARTS);
    const mean = dispatch(backend, MEAN, [parts], [], view(prediction), 1);
    backend.disposeData(parts.dataId);
    return mean;
  },
  oracle({ prediction, truth, weight }): HostTensor {
    const [size, channels] = view(prediction);
    let sum = 0;
    prediction.data.forEach((value, i) => {
      sum += weight.data[Math.floor(i / channels)] * Math.abs(value - truth.data[i]);
    });
    return { shape: [], data: Float64Array.of(sum / size) };
  },
  stock: ({ prediction, truth, weight }) =>
    tf.mean(tf.mul(weight, tf.abs(tf.sub(prediction, truth)))),
});

const gradient = defineKernel<Record<never, never>>({
  name: "MaskedL1Gradient",
  gpu: (backend, { dy, prediction, truth, weight }) =>
    dispatch(
      backend,
      GRADIENT,
      [dy, prediction, truth, weight],
      prediction.shape,
      view(prediction),
      view(prediction)[0],
    ),
  oracle({ dy, prediction, truth, weight }): HostTensor {
    const [size, channels] = view(prediction);
    const data = Float64Array.from(
      prediction.data,
      (value, i) =>
        dy.data[0] * weight.data[Math.floor(i / channels)] * Math.sign(value - truth.data[i]) /
        size,
    );
    return { shape: prediction.shape, data };
  },
});

defineGradient("MaskedL1", ["prediction", "truth", "weight"], {
  prediction: (dy, { prediction, truth, weight }) =>
    gradient({ dy, prediction, truth, weight }, {}),
});

/**
 * mean(weight · |prediction − truth|) over all numbers, those of weight 0 included.
 *
 * @param prediction [batch, H, W, channels]. The loss has a gradient with respect to it alone.
 * @param truth Shaped alike.
 * @param weight [batch, H, W, 1].
 */
export function maskedL1(
  prediction: tf.Tensor4D,
  truth: tf.Tensor4D,
  weight: tf.Tensor4D,
): tf.Scalar {
  return forward({ prediction, truth, weight }, {}) as tf.Scalar;
}
