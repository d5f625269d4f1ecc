/**
 * The end of a residual block: ReLU(x + y).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { SLOPE } from "./activation.ts";
import { defineKernel } from "./kernel.ts";
import { mapping } from "./map.ts";

const sum = mapping({
  name: "residual relu",
  inputs: ["x", "y"],
  value: (type) => `max(x + y, ${type}(0.0))`,
  feedsConvolution: true,
});

const slope = mapping({
  name: "residual relu slope",
  inputs: ["dy", "y"],
  value: (type) => `dy * (${SLOPE.relu(type)})`,
  feedsConvolution: true,
});

const forward = defineKernel<Record<never, never>>({
  name: "ResidualRelu",
  gpu: (backend, { x, y }) => sum(backend, [x, y]),
  oracle: ({ x, y }) => ({
    shape: x.shape,
    data: x.data.map((value, i) => Math.max(value + y.data[i], 0)),
  }),
  stock: ({ x, y }) => tf.relu(tf.add(x, y)),
});

const gradient = defineKernel<Record<never, never>>({
  name: "ResidualReluGradient",
  gpu: (backend, { dy, out }) => slope(backend, [dy, out]),
  oracle: ({ dy, out }) => ({
    shape: dy.shape,
    data: dy.data.map((value, i) => out.data[i] > 0 ? value : 0),
  }),
});

tf.registerGradient({
  kernelName: "ResidualRelu",
  outputsToSave: [true],
  gradFunc: (dy, [out]) => {
    let shared: tf.Tensor | null = null;
    const both = () => {
      if (!shared || shared.isDisposed) shared = gradient({ dy: dy as tf.Tensor, out }, {});
      return tf.clone(shared);
    };
    return { x: both, y: both };
  },
});

/** ReLU(x + y) of equally shaped tensors; differentiable with respect to both. */
export function residualRelu<T extends tf.Tensor>(x: T, y: T): T {
  tf.util.assertShapesMatch(x.shape, y.shape, "residualRelu: ");
  return forward({ x, y }, {}) as T;
}
