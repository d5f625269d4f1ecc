/**
 * Layers that our kernels compute in few dispatches, against compositions of TensorFlow.js'
 * operations, at the shapes of RAFT.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { SpeedCase } from "../../base/speed_case.ts";
import { biasActivation } from "../kernels/bias_activation.ts";
import { concatChannels } from "../kernels/concat_channels.ts";
import { convLayer } from "../kernels/conv_layer.ts";
import { gruUpdate } from "../kernels/gru.ts";
import { maskedL1 } from "../kernels/masked_l1.ts";
import { standardize } from "../kernels/normalize.ts";
import { residualRelu } from "../kernels/residual.ts";
import { bothWays } from "./operation_case.ts";

/** Maps of a batch of crops, of one picture pair, and of an encoder's first stage. */
const CROPS = [4, 10, 10, 48], PAIR = [1, 16, 32, 96], STAGE = [1, 64, 128, 64];

const named = (shape: readonly number[]) => shape.join("×");

/** Standardisation of encoder maps and of a batch, with and without a ReLU behind it. */
export function normalizationCases(): SpeedCase[] {
  const relu = "relu", none = "none";
  return [
    { name: "instance norm", shape: [1, 64, 128, 32], groups: 1, activation: none },
    { name: "instance norm", shape: [4, 40, 40, 16], groups: 4, activation: none },
    { name: "batch norm's statistics", shape: [4, 32, 64, 64], groups: 1, activation: none },
    { name: "instance norm and ReLU", shape: STAGE, groups: 1, activation: relu },
    { name: "instance norm and ReLU", shape: [8, 40, 40, 16], groups: 8, activation: relu },
    { name: "instance norm and ReLU", shape: PAIR, groups: 1, activation: relu },
  ].flatMap(({ name, shape, groups, activation }) =>
    bothWays(
      name,
      named(shape),
      [shape],
      (x) => standardize(x, groups, 1e-5, activation as "none" | "relu").standard,
    )
  );
}

/** Bias and activation by themselves, and as part of a convolution. */
export function activationCases(): SpeedCase[] {
  return [
    ...(["relu", "sigmoid", "tanh"] as const).flatMap((activation) =>
      [STAGE, PAIR].flatMap((shape) =>
        bothWays(
          `bias and ${activation}`,
          named(shape),
          [shape, shape.slice(-1)],
          (x, bias) => biasActivation(x, bias, activation),
        )
      )
    ),
    ...[[STAGE, 64], [PAIR, 96]].flatMap(([shape, out]) => {
      const from = shape as readonly number[], to = out as number;
      return bothWays(
        `3×3, ${from[3]}→${to}, bias and ReLU`,
        named(from),
        [from, [3, 3, from[3], to], [to]],
        (x, filter, bias) =>
          convLayer(x as tf.Tensor4D, filter as tf.Tensor4D, bias as tf.Tensor1D, {
            stride: 1,
            padding: [1, 1],
            activation: "relu",
          }),
      );
    }),
  ];
}

/** Residual ends, joined channels, gated recurrent units and the loss. */
export function updateCases(): SpeedCase[] {
  return [
    ...[STAGE, CROPS].flatMap((shape) =>
      bothWays("end of a residual block", named(shape), [shape, shape], residualRelu)
    ),
    ...[PAIR, CROPS].flatMap((shape) => {
      const input = [...shape.slice(0, 3), 146], gates = [shape, shape, shape];
      return [
        ...bothWays(
          `channels joined, ${shape[3]} + 146`,
          named(shape.slice(0, 3)),
          [shape, input],
          (h, x) => concatChannels([h, x]),
        ),
        ...bothWays(
          `channels joined past a gate, ${shape[3]} + 146`,
          named(shape.slice(0, 3)),
          [shape, input, shape],
          (h, x, r) => concatChannels([h, x], r),
        ),
        ...bothWays("GRU: new state from its gates", named(shape), gates, gruUpdate),
        gatedUnit(shape, input),
      ].flat();
    }),
    ...[[4, 80, 80, 2], [1, 128, 256, 2]].flatMap((shape) => {
      const count = 6, factors = Array.from({ length: count }, (_, i) => 0.8 ** (count - 1 - i));
      return bothWays(
        `weighted L1 error of ${count} predictions`,
        named(shape),
        [...factors.map(() => shape), shape, [...shape.slice(0, 3), 1]],
        (...operands) => {
          const [truth, weight] = operands.slice(count) as tf.Tensor4D[];
          return maskedL1(operands.slice(0, count) as tf.Tensor4D[], truth, weight, factors, 400);
        },
        { differentiated: count },
      );
    }),
  ];
}

/**
 * A convolutional GRU, from state and input to the new state.
 *
 * @param state Shape of the hidden state.
 * @param input Shape of what it reads beside that.
 */
export function gatedUnit(state: readonly number[], input: readonly number[]): SpeedCase[] {
  const hidden = state[3], filter = [3, 3, hidden + input[3], hidden];
  const gate = (
    on: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor,
    activation: "sigmoid" | "tanh",
  ) =>
    convLayer(
      on as tf.Tensor4D,
      // The operands are standard normal; sums of thousands of them would saturate every gate.
      tf.mul(weight, (9 * filter[2]) ** -0.5) as tf.Tensor4D,
      bias as tf.Tensor1D,
      { stride: 1, padding: [1, 1], activation },
    );
  return bothWays(
    `convolutional GRU, 3×3, ${filter[2]}→${hidden}`,
    named(state),
    [state, input, filter, [hidden], filter, [hidden], filter, [hidden]],
    (h, x, wz, bz, wr, br, wq, bq) => {
      const hx = concatChannels([h, x]);
      const z = gate(hx, wz, bz, "sigmoid"), r = gate(hx, wr, br, "sigmoid");
      const q = gate(concatChannels([h, x], r), wq, bq, "tanh");
      return gruUpdate(h, z as tf.Tensor, q as tf.Tensor);
    },
  );
}
