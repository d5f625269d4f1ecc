/**
 * What networks do beside convolutions, as speed cases at the shapes of the papers.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { SpeedCase } from "../../base/speed_case.ts";
import { attention } from "../attention.ts";
import { biasActivation } from "../kernels/bias_activation.ts";
import { convexUpsample } from "../kernels/convex_upsample.ts";
import {
  correlationPyramid,
  correlationVolume,
  lookupOnDemand,
  lookupVolume,
} from "../kernels/correlation.ts";
import { gridSample } from "../kernels/grid_sample.ts";
import { type HostTensor, oracleOf } from "../kernels/kernel.ts";
import { layerNormalize } from "../kernels/layer_norm.ts";
import { affine } from "../kernels/matmul.ts";
import { softmax } from "../kernels/softmax.ts";
import { adamwDefaults, type Optimizer } from "../optimizer_config.ts";
import { createOptimizer } from "../optimizers.ts";
import type { Network } from "../network.ts";
import { closeWork, type DeviceWork, normals, onKernels } from "./kernel_contest.ts";
import { type About, bothWays, operationCase } from "./operation_case.ts";

/** Products of a vision transformer (197 tokens of 384 numbers, 6 heads), and a square one. */
export function matrixProductCases(): SpeedCase[] {
  const product = (
    name: string,
    batch: readonly number[],
    [rows, inner, columns]: readonly [number, number, number],
    about: { transposed?: boolean; goal?: number } = {},
  ): SpeedCase => {
    const { transposed = false, goal } = about;
    const right = transposed ? [columns, inner] : [inner, columns];
    const count = batch.reduce((a, b) => a * b, 1);
    return operationCase(
      {
        name,
        shape: `${[...batch, rows].join("×")}×${inner} · ${inner}×${columns}`,
        work: { amount: 2 * count * rows * inner * columns, unit: "flop" },
        ...goal === undefined ? {} : { goal },
      },
      [[...batch, rows, inner], [...batch, ...right]],
      (a, b) => tf.matMul(a, b, false, transposed),
    );
  };
  return [
    product("square", [], [512, 512, 512], { goal: 4 }),
    product("queries, keys and values", [], [197, 384, 1152]),
    product("projection", [], [197, 384, 384]),
    product("first layer of the MLP", [], [197, 384, 1536]),
    product("second layer of the MLP", [], [197, 1536, 384]),
    product("attention scores", [6], [197, 64, 197], { transposed: true }),
    product("attention's sums", [6], [197, 197, 64]),
    product("RAFT's correlation volume", [1], [512, 128, 680], { transposed: true }),
  ];
}

/** What a vision transformer has between its products, and its attention: 197 tokens, 6 heads. */
export function transformerCases(): SpeedCase[] {
  const tokens = [197, 384], hidden = [197, 1536], heads = [1, 6, 197, 64];
  return [
    ...bothWays("softmax", "6×197×197", [[6, 197, 197]], (x) => softmax(x)),
    ...bothWays(
      "layer norm",
      tokens.join("×"),
      [tokens, [384], [384]],
      (x, weight, bias) => layerNormalize(x, weight, bias, 1e-6),
    ),
    ...bothWays(
      "bias and GELU",
      hidden.join("×"),
      [hidden, [1536]],
      (x, bias) => biasActivation(x, bias, "gelu"),
    ),
    ...bothWays(
      "first layer of the MLP, bias, GELU",
      "197×384 · 384×1536",
      [tokens, [1536, 384], [1536]],
      (x, weight, bias) => affine(x, weight, bias, "gelu"),
    ),
    ...bothWays(
      "attention",
      heads.join("×"),
      [heads, heads, heads],
      (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D).output,
    ),
  ];
}

/** The same values in memory of their own: a clone would share what is updated in place. */
const copyOf = (tensor: tf.Tensor): tf.Tensor => tf.add(tensor, 0);

/**
 * Clipping and AdamW's update of a network's parameters.
 *
 * @param shape Whose parameters, in words.
 * @param build Makes the network; its parameters and gradients are overwritten.
 */
export function optimizerCase(name: string, shape: string, build: () => Network): SpeedCase {
  const open = () => {
    const network = build();
    const gradients = network.trainable.map(({ tensor }, i) => normals(tensor.shape, i, 0.01));
    // Each kernel set has moments of its own, so that both start from the same.
    const first = network.trainable.map(({ tensor }) => copyOf(tensor));
    const optimizers = new Map<string, Optimizer>();
    const update = (set: "tuned" | "stock") => {
      const optimizer = optimizers.get(set)!;
      const clip = optimizer.clip(gradients);
      optimizer.update(clip, 1e-3);
      return clip;
    };
    const contestant = (set: "tuned" | "stock") => {
      const work = { operands: gradients, compute: () => update(set) };
      return {
        ...onKernels(set, work),
        /** The parameters after a first update. */
        async result() {
          optimizers.get(set)?.dispose();
          optimizers.set(set, createOptimizer(network, adamwDefaults, set));
          for (const [i, { tensor }] of network.trainable.entries()) {
            tf.tidy(() => tensor.assign(copyOf(first[i])));
          }
          onKernels(set, work).call();
          const values: ArrayLike<number>[] = [];
          for (const { tensor } of network.trainable) {
            values.push(await tensor.data() as Float32Array);
          }
          return values;
        },
      };
    };
    return Promise.resolve({
      ours: contestant("tuned"),
      alternative: contestant("stock"),
      tolerance: 1e-5,
      close() {
        closeWork({ operands: [...gradients, ...first], compute: () => [] });
        for (const optimizer of optimizers.values()) optimizer.dispose();
        network.dispose();
      },
    });
  };
  return { name, shape, measure: { open } };
}

/** Updates of RAFT for one picture pair. */
const LOOKUPS = 12;

/** Correlation lookup; without a counterpart elsewhere, so its two forms meet each other. */
export function correlationCases(): SpeedCase[] {
  const cases = [
    { height: 16, width: 32, levels: 4, radius: 3, depth: 128 },
    { height: 16, width: 32, levels: 4, radius: 4, depth: 256 },
    { height: 46, width: 62, levels: 4, radius: 4, depth: 256 },
  ];
  return cases.map(({ depth, ...at }): SpeedCase => {
    const { height, width, radius } = at;
    const open = () => {
      const [f1, f2] = [0, 1].map((i) => normals<tf.Tensor4D>([1, height, width, depth], i));
      const grid = normals<tf.Tensor4D>([1, height, width, 2], 2, 4);
      const coords = tf.tidy(() => tf.add(grid, [width / 2, height / 2]) as tf.Tensor4D);
      grid.dispose();
      const operands = [f1, f2, coords];
      const work = (prepare: (pyramid: tf.Tensor3D) => () => tf.Tensor4D): DeviceWork => ({
        operands,
        compute() {
          const lookup = prepare(correlationPyramid(f2, at.levels));
          for (let i = 1; i < LOOKUPS; i++) lookup().dispose();
          return lookup();
        },
      });
      const held = work((pyramid) => {
        const volume = correlationVolume(f1, pyramid);
        return () => lookupVolume(volume, coords, at);
      });
      const onDemand = work((pyramid) => () => lookupOnDemand(f1, pyramid, coords, at));
      return Promise.resolve({
        ours: onKernels("tuned", onDemand, "on demand"),
        alternative: onKernels("tuned", held, "all-pairs volume"),
        tolerance: 1e-4,
        close: () => closeWork(held),
      });
    };
    return {
      name: `${LOOKUPS} correlation lookups, ${depth} channels, radius ${radius}`,
      shape: `${height}×${width}`,
      note: "Both are ours: TensorFlow.js has no counterpart",
      measure: { open },
    };
  });
}

/** Operations that nobody else has on this backend, held against their oracles. */
export function samplingCases(): SpeedCase[] {
  const note = "TensorFlow.js has no counterpart";
  const alone = (
    about: About,
    kernel: string,
    shapes: Readonly<Record<string, readonly number[]>>,
    operation: (inputs: Record<string, tf.Tensor>) => tf.Tensor,
  ): SpeedCase => {
    const open = () => {
      const entries = Object.entries(shapes);
      const operands = entries.map(([, shape], i) => normals(shape, i, 5));
      const inputs = Object.fromEntries(entries.map(([key], i) => [key, operands[i]]));
      const work = { operands, compute: () => operation(inputs) };
      const result = async () => {
        const host: Record<string, HostTensor> = {};
        for (const [key, tensor] of Object.entries(inputs)) {
          host[key] = { shape: tensor.shape, data: await tensor.data() as Float32Array };
        }
        return [oracleOf(kernel)(host, {}).data];
      };
      return Promise.resolve({
        ours: onKernels("tuned", work),
        alternative: null,
        expected: { name: "plain loops in double precision", result },
        tolerance: 1e-4,
        close: () => closeWork(work),
      });
    };
    return { ...about, note, measure: { open } };
  };
  return [
    alone(
      { name: "convex upsampling", shape: "16×32 to 128×256" },
      "ConvexUpsample",
      { flow: [1, 16, 32, 2], mask: [1, 16, 32, 576] },
      ({ flow, mask }) => convexUpsample(flow as tf.Tensor4D, mask as tf.Tensor4D),
    ),
    alone(
      { name: "grid sampling, 32 channels", shape: "32×64" },
      "GridSample",
      { image: [1, 32, 64, 32], coords: [1, 32, 64, 2] },
      ({ image, coords }) => gridSample(image as tf.Tensor4D, coords as tf.Tensor4D),
    ),
  ];
}
