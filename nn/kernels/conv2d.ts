/**
 * 2-D convolution and its two gradients on WebGPU, in the place of TensorFlow.js' own kernels.
 *
 * Layouts are TensorFlow's: pictures NHWC, filters [kh, kw, in, out]. Any stride, padding, dilation
 * and channel count. Registered under the names `Conv2D`, `Conv2DBackpropInput` and
 * `Conv2DBackpropFilter`, so models call `tf.conv2d` and know nothing of it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { runFilterGradient } from "./conv2d/filter_gradient.ts";
import { runConvolution } from "./conv2d/convolution.ts";
import type { ConvInfo } from "./conv2d/window.ts";
import { replaceGradient, replaceKernel } from "./selection.ts";

interface ConvAttributes {
  strides: number | [number, number];
  pad: tf.backend_util.ExplicitPadding | "valid" | "same" | number;
  dilations?: number | [number, number];
  dataFormat: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil";
}

function convInfo(
  input: number[],
  filter: number[],
  { strides, pad, dilations = 1, dataFormat, dimRoundingMode }: ConvAttributes,
): ConvInfo {
  if (dataFormat !== "NHWC") throw new Error(`conv2d: ${dataFormat} pictures are not supported`);
  return tf.backend_util.computeConv2DInfo(
    input as [number, number, number, number],
    filter as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
  );
}

type Run = {
  inputs: Record<string, tf.TensorInfo>;
  backend: WebGPUBackend;
  attrs: ConvAttributes & { inputShape: number[]; filterShape: number[] };
};

const kernels: Record<string, (run: Run) => tf.TensorInfo> = {
  Conv2D: ({ inputs: { x, filter }, backend, attrs }) =>
    runConvolution(backend, "forward", x, filter, convInfo(x.shape, filter.shape, attrs)),
  Conv2DBackpropInput: ({ inputs: { dy, filter }, backend, attrs }) =>
    runConvolution(
      backend,
      "inputGradient",
      dy,
      filter,
      convInfo(attrs.inputShape, filter.shape, attrs),
    ),
  Conv2DBackpropFilter: ({ inputs: { x, dy }, backend, attrs }) => {
    const info = convInfo(x.shape, attrs.filterShape, attrs);
    const [filter, bias] = runFilterGradient(backend, x, dy, info);
    backend.disposeData(bias.dataId);
    return filter;
  },
};

// TensorFlow.js' own gradient refuses dilation, which it would not hand on to the kernels.
const gradient: tf.GradConfig = {
  kernelName: "Conv2D",
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, [x, filter], attrs) => {
    const { dilations } = attrs as unknown as ConvAttributes;
    if (tf.getBackend() !== "webgpu" && [dilations ?? 1].flat().some((d) => d !== 1)) {
      throw new Error("conv2d: dilated convolutions have a gradient on the webgpu backend only");
    }
    const run = (name: string, inputs: tf.NamedTensorMap, shape: tf.NamedAttrMap) =>
      tf.engine().runKernel(name, inputs, { ...attrs, ...shape }) as tf.Tensor;
    return {
      x: () => run("Conv2DBackpropInput", { dy: dy as tf.Tensor, filter }, { inputShape: x.shape }),
      filter: () =>
        run("Conv2DBackpropFilter", { x, dy: dy as tf.Tensor }, { filterShape: filter.shape }),
    };
  },
};

/**
 * Puts these kernels in the place of TensorFlow.js' own on the `webgpu` backend, and a gradient that
 * knows dilation in the place of its own on every backend.
 */
export function registerConv2d(): void {
  for (const [kernelName, run] of Object.entries(kernels)) {
    replaceKernel({
      kernelName,
      backendName: "webgpu",
      kernelFunc: run as unknown as tf.KernelFunc,
    });
  }
  replaceGradient(gradient);
}
