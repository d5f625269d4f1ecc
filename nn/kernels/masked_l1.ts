/**
 * Weighted absolute differences of several predictions from one truth: the error of flow losses.
 *
 * A dispatch takes several predictions at once, as many as it can bind.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { inOneGo } from "../backward.ts";
import { defineKernel, type HostTensor, hostZeros, type Inputs } from "./kernel.ts";
import { inPlace } from "./in_place.ts";
import { dispatch, type Program, programOf } from "./program.ts";
import { addUp, LARGEST, lines, range } from "./wgsl_text.ts";

const LANES = 64;
const PARTS = 64;

/** Predictions of a dispatch forward, and backward, where each has a gradient: eight buffers. */
const TOGETHER = 4, TOGETHER_BACKWARD = 2;

const factors = (count: number) =>
  Object.fromEntries(range(count).map((i) => [`factor${i}`, "f32" as const]));

/** WGSL of what a number counts. */
const COUNTED = `
fn counted(i : i32) -> f32 {
  let pixel = i / uniforms.channels;
  var squares = 0.0;
  for (var c = 0; c < uniforms.channels; c++) {
    let t = truth[pixel * uniforms.channels + c];
    squares += t * t;
  }
  return select(0.0, weight[pixel], squares < uniforms.limit);
}`;

/** Each workgroup sums every {@link PARTS}-th run of numbers, and adds that to its part. */
const partsProgram = (count: number): Program => ({
  name: `masked l1 parts ${count}`,
  inputs: ["truth", "weight", ...range(count).map((i) => `prediction${i}`)],
  widths: [1, 1, ...range(count).map(() => 1 as const), 1],
  uniforms: { size: "i32", channels: "i32", limit: "f32", onto: "i32", ...factors(count) },
  workgroup: LANES,
  code: `
var<workgroup> partial : array<f32, ${LANES}>;
${COUNTED}
fn main(index : i32) {
  let lane = index % ${LANES};
  var sum = 0.0;
  for (var i = index; i < uniforms.size; i += ${LANES * PARTS}) {
    var error = 0.0;
    ${lines(count, (p) => `error += uniforms.factor${p} * abs(prediction${p}[i] - truth[i]);`)}
    sum += counted(i) * error;
  }
  partial[lane] = sum;${addUp(LANES)}
  if (lane == 0) {
    let part = index / ${LANES};
    result[part] = select(0.0, result[part], uniforms.onto == 1) + partial[0];
  }
}`,
});

const MEAN: Program = {
  name: "masked l1 mean",
  inputs: ["parts"],
  widths: [1, 1],
  uniforms: { size: "i32" },
  workgroup: 1,
  code: `
fn main(index : i32) {
  if (index > 0) { return; }
  var sum = 0.0;
  for (var i = 0; i < ${PARTS}; i++) { sum += parts[i]; }
  result[0] = sum / f32(uniforms.size);
}`,
};

const gradientProgram = (count: number): Program => ({
  name: `masked l1 gradient ${count}`,
  inputs: [
    ...["dy", "truth", "weight"],
    ...range(count).map((i) => `prediction${i}`),
    ...range(count).slice(1).map((i) => `gradient${i}`),
  ],
  widths: [
    ...[1, 1, 1] as const,
    ...range(count).map(() => 1 as const),
    ...range(count).slice(1).map(() => "update" as const),
    1,
  ],
  uniforms: { size: "i32", channels: "i32", limit: "f32", ...factors(count) },
  workgroup: 64,
  code: `
${COUNTED}
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let scale = dy[0] * counted(index) / f32(uniforms.size);
  ${
    lines(count, (p) => `
  ${p === 0 ? "result" : `gradient${p}`}[index] =
    uniforms.factor${p} * scale * sign(prediction${p}[index] - truth[index]);`)
  }
}`,
});

/** What is taken of the predictions. */
interface Attributes {
  /** Each prediction's factor. */
  readonly factors: readonly number[];
  /** Pixels whose truth is at least so long don't count. */
  readonly limit: number;
}

const view = (x: { shape: readonly number[] }) => {
  const size = x.shape.reduce((a, b) => a * b, 1);
  return [size, x.shape.at(-1)!];
};

const squareOf = (limit: number) => Math.min(limit ** 2, LARGEST);

/** The kernel's inputs are a list, of which TensorFlow.js saves all: truth, weight, predictions. */
const inOrder = <T>(inputs: Inputs<T>) => Object.values(inputs);

/** Cuts a list into pieces of at most so many. */
const pieces = (count: number, most: number) =>
  range(Math.ceil(count / most)).map((i) => range(count).slice(i * most, (i + 1) * most));

/** A number's weight, on the host. */
function countedOnHost(
  truth: HostTensor["data"],
  weight: HostTensor["data"],
  channels: number,
  limit: number,
): (i: number) => number {
  return (i) => {
    const pixel = Math.floor(i / channels);
    let squares = 0;
    for (let c = 0; c < channels; c++) squares += truth[pixel * channels + c] ** 2;
    return squares < limit ** 2 ? weight[pixel] : 0;
  };
}

const forward = defineKernel<Attributes>({
  name: "MaskedL1",
  gpu(backend, inputs, attributes) {
    const [truth, weight, ...predictions] = inOrder(inputs);
    const [size, channels] = view(truth);
    const parts = backend.makeTensorInfo([PARTS], "float32");
    pieces(predictions.length, TOGETHER).forEach((piece, i) => {
      const program = programOf(
        `masked l1 parts ${piece.length}`,
        () => partsProgram(piece.length),
      );
      const operands = [truth, weight, ...piece.map((at) => predictions[at])];
      const factors = piece.map((at) => attributes.factors[at]);
      const uniforms = [size, channels, squareOf(attributes.limit), i === 0 ? 0 : 1, ...factors];
      dispatch(backend, program, operands, parts, uniforms, LANES * PARTS);
    });
    const mean = dispatch(backend, MEAN, [parts], [], [size], 1);
    backend.disposeData(parts.dataId);
    return mean;
  },
  oracle(inputs, attributes): HostTensor {
    const [truth, weight, ...predictions] = inOrder(inputs);
    const [size, channels] = view(truth);
    const counted = countedOnHost(truth.data, weight.data, channels, attributes.limit);
    let sum = 0;
    predictions.forEach(({ data }, p) => {
      data.forEach((value, i) => {
        sum += attributes.factors[p] * counted(i) * Math.abs(value - truth.data[i]);
      });
    });
    return { shape: [], data: Float64Array.of(sum / size) };
  },
  stock(inputs, attributes) {
    const [truth, weight, ...predictions] = inOrder(inputs);
    const length = tf.sqrt(tf.sum(tf.square(truth), 3, true));
    const counted = tf.mul(weight, tf.cast(tf.less(length, attributes.limit), "float32"));
    return predictions
      .map((prediction, i) => {
        const error = tf.mean(tf.mul(counted, tf.abs(tf.sub(prediction, truth))));
        return tf.mul(error, attributes.factors[i]);
      })
      .reduce((sum, term) => tf.add(sum, term));
  },
});

/** {@link maskedL1Gradients} by plain loops. */
export function maskedL1GradientsOracle(
  dy: number,
  predictions: readonly HostTensor[],
  { truth, weight }: { truth: HostTensor; weight: HostTensor },
  { factors, limit }: Attributes,
): HostTensor[] {
  const [size, channels] = view(truth);
  const counted = countedOnHost(truth.data, weight.data, channels, limit);
  return predictions.map((prediction, p) => {
    const out = hostZeros(prediction.shape);
    prediction.data.forEach((value, i) => {
      out.data[i] = factors[p] * dy * counted(i) * Math.sign(value - truth.data[i]) / size;
    });
    return out;
  });
}

/** Gradients of the error with respect to each prediction. */
export function maskedL1Gradients(
  dy: tf.Tensor,
  predictions: readonly tf.Tensor[],
  { truth, weight }: { truth: tf.Tensor; weight: tf.Tensor },
  attributes: Attributes,
): tf.Tensor[] {
  const record = (backend: WebGPUBackend, piece: readonly number[]) => {
    const [size, channels] = view(truth);
    const program = programOf(
      `masked l1 gradient ${piece.length}`,
      () => gradientProgram(piece.length),
    );
    const [first, ...others] = piece.map(() => backend.makeTensorInfo([...truth.shape], "float32"));
    const operands = [dy, truth, weight, ...piece.map((at) => predictions[at]), ...others];
    const factors = piece.map((at) => attributes.factors[at]);
    const uniforms = [size, channels, squareOf(attributes.limit), ...factors];
    dispatch(backend, program, operands, first, uniforms, size);
    return [first, ...others];
  };
  return inPlace({
    gpu: (backend) =>
      pieces(predictions.length, TOGETHER_BACKWARD).flatMap((piece) => record(backend, piece))
        .map((info) => tf.engine().makeTensorFromTensorInfo(info)),
    cpu(values) {
      const host = (x: tf.Tensor) => ({ shape: x.shape, data: values(x) });
      return maskedL1GradientsOracle(
        values(dy)[0],
        predictions.map(host),
        { truth: host(truth), weight: host(weight) },
        attributes,
      ).map(({ shape, data }) => tf.tensor(Float32Array.from(data), [...shape]));
    },
  });
}

tf.registerGradient({
  kernelName: "MaskedL1",
  saveAllInputs: true,
  gradFunc: (dy, [truth, weight, ...predictions], attrs) =>
    inOneGo(predictions.map((_, i) => String(i + 2)), () => {
      const attributes = attrs as unknown as Attributes;
      return maskedL1Gradients(dy as tf.Tensor, predictions, { truth, weight }, attributes);
    }),
});

/**
 * Σ_i factor_i · mean(weight · |prediction_i − truth|), where means run over all numbers, those of weight
 * 0 included.
 *
 * @param predictions Each [batch, H, W, channels]. The loss has gradients with respect to them alone.
 * @param truth Shaped alike.
 * @param weight [batch, H, W, 1].
 * @param factors One for each prediction.
 * @param limit Pixels whose truth is at least so long don't count; default none.
 */
export function maskedL1(
  predictions: readonly tf.Tensor4D[],
  truth: tf.Tensor4D,
  weight: tf.Tensor4D,
  factors: readonly number[],
  limit = Infinity,
): tf.Scalar {
  for (const { shape } of predictions) {
    tf.util.assertShapesMatch(shape, truth.shape, "maskedL1: ");
  }
  const inputs = [truth, weight, ...predictions] as unknown as Inputs<tf.Tensor>;
  return forward(inputs, { factors, limit }) as tf.Scalar;
}
