/**
 * A convolution layer in one dispatch: y = a(x ∗ filter + bias).
 *
 * Backward, the slope of the activation is multiplied on while the incoming gradient is prepared for
 * reading, and the gradients of filter and bias come from one kernel. All of them can be added to what
 * other uses of the same tensors left ({@link backward} asks for that), so a weight-tied layer costs no
 * additions.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { DEFERRED, type Deferred, IN_PLACE, type InPlace } from "../backward.ts";
import type { ByValue } from "./activation.ts";
import { activationSlope, biasActivation } from "./bias_activation.ts";
import {
  addSegments,
  filterGradientSegments,
  runFilterGradient,
  sumFilterGradient,
} from "./conv2d/filter_gradient.ts";
import type { Sloped } from "./conv2d/operands.ts";
import { runConvolution } from "./conv2d/convolution.ts";
import type { ConvInfo } from "./conv2d/window.ts";
import { operandAccess } from "./tiles.ts";
import { kernelSet } from "./selection.ts";

/** How a layer's window slides, and what follows. */
export interface ConvLayerSettings {
  readonly stride: number;
  /** Zeros on each side, vertically and horizontally. */
  readonly padding: readonly [number, number];
  /** Default 1. */
  readonly dilation?: number;
  readonly activation: ByValue;
}

/** Padding in the words of `tf.conv2d`. */
export const explicit = ([y, x]: readonly [number, number]): [
  [number, number],
  [number, number],
  [number, number],
  [number, number],
] => [[0, 0], [y, y], [x, x], [0, 0]];

const infoOf = (
  x: readonly number[],
  filter: readonly number[],
  { stride, padding, dilation = 1 }: ConvLayerSettings,
): ConvInfo =>
  tf.backend_util.computeConv2DInfo(
    x as [number, number, number, number],
    filter as [number, number, number, number],
    stride,
    dilation,
    explicit(padding),
  );

const KERNEL = "ConvLayer";

tf.registerKernel({
  kernelName: KERNEL,
  backendName: "webgpu",
  kernelFunc: ({ inputs, backend, attrs }) => {
    const { x, filter, bias } = inputs as Record<string, tf.TensorInfo>;
    const settings = attrs as unknown as ConvLayerSettings;
    const info = infoOf(x.shape, filter.shape, settings);
    const after = { bias, activation: settings.activation };
    return runConvolution(backend as WebGPUBackend, "forward", x, filter, info, after);
  },
});

tf.registerGradient({
  kernelName: KERNEL,
  inputsToSave: ["x", "filter"],
  outputsToSave: [true],
  gradFunc: (dy, [x, filter, out], attrs) =>
    gradients(dy as tf.Tensor, { x, filter, out }, attrs as unknown as ConvLayerSettings),
});

function gradients(
  dy: tf.Tensor,
  { x, filter, out }: { x: tf.Tensor; filter: tf.Tensor; out: tf.Tensor },
  settings: ConvLayerSettings,
): Record<string, () => tf.Tensor> {
  const backend = tf.backend() as unknown as WebGPUBackend;
  const { activation } = settings;
  const info = infoOf(x.shape, filter.shape, settings);
  const asTensor = (made: tf.TensorInfo) => tf.engine().makeTensorFromTensorInfo(made);
  let sloped: tf.Tensor | null = null;
  const before = (): tf.TensorInfo | Sloped => {
    if (activation === "none") return dy;
    if (operandAccess() === "texels") return { dy, out, activation };
    // Whoever asks may free what it did not get back.
    if (!sloped || sloped.isDisposed) sloped = activationSlope(dy, out, activation);
    return sloped;
  };
  const one = (which: number) => () => {
    const made = runFilterGradient(backend, x, before(), info);
    backend.disposeData(made[1 - which].dataId);
    return asTensor(made[which]);
  };
  const toX = (onto?: tf.Tensor) =>
    runConvolution(backend, "inputGradient", before(), filter, info, null, onto);
  const inPlace: InPlace = {
    names: ["x"],
    run([sum]) {
      const made = toX(sum);
      return [sum ?? asTensor(made)];
    },
  };
  const deferred: Deferred = {
    names: ["filter", "bias"],
    kind: `convolution ${filterGradientSegments(info)}`,
    start: () => sumFilterGradient(backend, x, before(), info).map(asTensor),
    addTo: (sums) => void sumFilterGradient(backend, x, before(), info, sums),
    finish: (sums) =>
      sums.length === 2 ? [...sums] : addSegments(backend, sums[0], info).map(asTensor),
  };
  return {
    x: () => asTensor(toX()),
    filter: one(0),
    bias: one(1),
    [IN_PLACE]: inPlace,
    [DEFERRED]: deferred,
  };
}

/**
 * Convolution, bias and activation.
 *
 * @param x [batch, height, width, in].
 * @param filter [kh, kw, in, out].
 * @param bias [out].
 * @returns [batch, height', width', out]. Differentiable with respect to all three.
 */
export function convLayer(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D,
  settings: ConvLayerSettings,
): tf.Tensor4D {
  if (tf.getBackend() !== "webgpu" || kernelSet() === "stock") {
    const { stride, padding, dilation, activation } = settings;
    const y = tf.conv2d(x, filter, stride, explicit(padding), "NHWC", dilation);
    return biasActivation(y, bias, activation);
  }
  const inputs = { x, filter, bias };
  return tf.engine().runKernel(
    KERNEL,
    inputs,
    settings as unknown as tf.NamedAttrMap,
  ) as tf.Tensor4D;
}
