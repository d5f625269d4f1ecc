/**
 * RAFT: Recurrent All-Pairs Field Transforms for Optical Flow (Teed & Deng, ECCV 2020).
 *
 * Section 3.1 encodes both pictures at 1/8 resolution, 3.2 compares all pairs of features, 3.3 refines
 * one flow field with a weight-tied convolutional GRU and upsamples it. Parameter names are those of
 * the official code. Feature maps are [batch, height/8, width/8, channels]; flow is in pixels.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { randomStream } from "../../base/random.ts";
import { recomputed } from "../../nn/backward.ts";
import { centered, kaimingNormalFanOut } from "../../nn/initializers.ts";
import { concatChannels } from "../../nn/kernels/concat_channels.ts";
import { convexUpsample } from "../../nn/kernels/convex_upsample.ts";
import {
  correlationPyramid,
  correlationVolume,
  type Lookup,
  lookupOnDemand,
  lookupVolume,
} from "../../nn/kernels/correlation.ts";
import type { ByValue } from "../../nn/kernels/activation.ts";
import { gruUpdate } from "../../nn/kernels/gru.ts";
import { pixelGrid } from "../../nn/kernels/grid_sample.ts";
import { resizeBilinear } from "../../nn/kernels/resize_bilinear.ts";
import { residualRelu } from "../../nn/kernels/residual.ts";
import { stopGradient } from "../../nn/kernels/kernel.ts";
import {
  batchNorm,
  type BatchNormMode,
  conv2d,
  type ConvSettings,
  instanceNorm,
  type Layer,
  type MemoryMode,
  recomputing,
  sequence,
} from "../../nn/layers.ts";
import { Network, Scope } from "../../nn/network.ts";

/** Widths of a RAFT model; {@link large} and {@link small} are the paper's. */
export interface RaftConfig {
  /** Residual blocks, separable GRU and convex upsampling; or bottlenecks, one GRU and bilinear. */
  readonly kind: "large" | "small";
  /** Channels of the encoders' stem and three stages. */
  readonly encoder: readonly [number, number, number, number];
  /** D, the matching features' channels. */
  readonly features: number;
  /** Hidden state of the GRU. */
  readonly hidden: number;
  /** Context features. */
  readonly context: number;
  /** Levels of the correlation pyramid. */
  readonly levels: number;
  /** Window radius of the lookup. */
  readonly radius: number;
  /** Motion encoder: convc1, convc2 (large only), convf1, convf2 and what conv puts out. */
  readonly motion: {
    readonly convc1: number;
    readonly convc2: number;
    readonly convf1: number;
    readonly convf2: number;
    readonly conv: number;
  };
  /** Hidden channels of the flow head, and of the mask head (large only). */
  readonly head: number;
  /**
   * Not the paper's: matching features start without the constant that all of them share after a
   * ReLU. It hides which features match until training has removed it, which a short schedule has no
   * time for.
   */
  readonly centeredFeatures?: boolean;
}

/** The paper's model: 5,257,536 parameters. */
export const large: RaftConfig = {
  kind: "large",
  encoder: [64, 64, 96, 128],
  features: 256,
  hidden: 128,
  context: 128,
  levels: 4,
  radius: 4,
  motion: { convc1: 256, convc2: 192, convf1: 128, convf2: 64, conv: 126 },
  head: 256,
};

/** The paper's small model: 990,162 parameters. */
export const small: RaftConfig = {
  kind: "small",
  encoder: [32, 32, 64, 96],
  features: 128,
  hidden: 96,
  context: 64,
  levels: 4,
  radius: 3,
  motion: { convc1: 96, convc2: 0, convf1: 64, convf2: 32, conv: 80 },
  head: 128,
};

/** Makes a convolution and what normalises it, with or without a ReLU behind. */
type ConvNorm = (
  at: Scope,
  names: { readonly conv: string; readonly norm: string },
  channels: number,
  out: number,
  settings: Pick<ConvSettings, "kernel" | "stride" | "padding">,
  activation: "none" | "relu",
) => Layer;

const init = kaimingNormalFanOut;

const withoutNorm: ConvNorm = (at, { conv }, channels, out, settings, activation) =>
  conv2d(at.at(conv), channels, out, { ...settings, init, activation });

const withInstanceNorm: ConvNorm = (at, { conv }, channels, out, settings, activation) =>
  sequence([conv2d(at.at(conv), channels, out, { ...settings, init }), instanceNorm(activation)]);

const withBatchNorm =
  (mode: BatchNormMode): ConvNorm => (at, names, channels, out, settings, act) => {
    const conv = conv2d(at.at(names.conv), channels, out, { ...settings, init });
    const norm = batchNorm(at.at(names.norm), out, mode);
    return sequence([conv, norm, ...act === "relu" ? [tf.relu as Layer] : []]);
  };

/**
 * Residual block of the encoders: two 3×3 convolutions (large model), or 1×1, 3×3 and 1×1 through a
 * quarter of the channels (small model). The ReLU before the sum is the paper's code's, not ResNet's.
 */
function block(
  at: Scope,
  kind: RaftConfig["kind"],
  channels: number,
  out: number,
  stride: number,
  convNorm: ConvNorm,
): Layer {
  const widths = kind === "large" ? [out, out] : [out / 4, out / 4, out];
  const strided = kind === "large" ? 0 : 1;
  const body = sequence(widths.map((width, i) => {
    const settings = {
      kernel: kind === "large" || i === 1 ? 3 : 1,
      stride: i === strided ? stride : 1,
    };
    const names = { conv: `conv${i + 1}`, norm: `norm${i + 1}` };
    return convNorm(at, names, i === 0 ? channels : widths[i - 1], width, settings, "relu");
  }));
  if (stride === 1) return (x) => residualRelu(x, body(x));
  // The shortcut's norm has two official names.
  const norm = `norm${widths.length + 1}`;
  const pointwise = { kernel: 1, stride, padding: [0, 0] as const };
  const names = { conv: "downsample.0", norm };
  const shortcut = convNorm(at, names, channels, out, pointwise, "none");
  at.network.alias(at.name("downsample.1"), at.name(norm));
  return (x) => residualRelu(shortcut(x), body(x));
}

/** Feature or context encoder (section 3.1): 1/8 resolution. */
function encoder(
  at: Scope,
  { kind, encoder }: RaftConfig,
  out: number,
  convNorm: ConvNorm,
  memory: MemoryMode,
  lastInit = kaimingNormalFanOut,
): Layer {
  const [stem, ...stages] = encoder;
  const names = { conv: "conv1", norm: "norm1" };
  const layers = [convNorm(at, names, 3, stem, { kernel: 7, stride: 2 }, "relu")];
  let channels = stem;
  stages.forEach((width, i) => {
    const layer = at.at(`layer${i + 1}`);
    const blocks = [
      block(layer.at("0"), kind, channels, width, i === 0 ? 1 : 2, convNorm),
      block(layer.at("1"), kind, width, width, 1, convNorm),
    ];
    layers.push(...blocks.map((block) => recomputing(block, memory)));
    channels = width;
  });
  layers.push(conv2d(at.at("conv2"), channels, out, { kernel: 1, init: lastInit }));
  return sequence(layers);
}

/** Mixes correlation windows with the current flow; the flow itself is yet to be appended. */
function motionEncoder(at: Scope, { kind, levels, radius, motion }: RaftConfig) {
  const windows = levels * (2 * radius + 1) ** 2;
  const relu = (name: string, channels: number, out: number, kernel: number) =>
    conv2d(at.at(name), channels, out, { kernel, activation: "relu" });
  const convc1 = relu("convc1", windows, motion.convc1, 1);
  const convc2 = kind === "large" ? relu("convc2", motion.convc1, motion.convc2, 3) : null;
  const convf1 = relu("convf1", 2, motion.convf1, 7);
  const convf2 = relu("convf2", motion.convf1, motion.convf2, 3);
  const mixed = (convc2 ? motion.convc2 : motion.convc1) + motion.convf2;
  const conv = relu("conv", mixed, motion.conv, 3);
  return (flow: tf.Tensor4D, correlation: tf.Tensor4D): tf.Tensor4D => {
    const cor = convc1(correlation);
    const flo = convf2(convf1(flow));
    return conv(concatChannels([convc2 ? convc2(cor) : cor, flo]));
  };
}

/** One convolutional GRU step (section 3.3); the hidden state comes first in each concatenation. */
function gruStep(
  at: Scope,
  suffix: string,
  hidden: number,
  input: number,
  kernel: ConvSettings["kernel"],
) {
  const conv = (name: string, activation: ByValue) =>
    conv2d(at.at(name + suffix), hidden + input, hidden, { kernel, activation });
  const convz = conv("convz", "sigmoid");
  const convr = conv("convr", "sigmoid");
  const convq = conv("convq", "tanh");
  return (h: tf.Tensor4D, x: readonly tf.Tensor4D[]): tf.Tensor4D => {
    const hx = concatChannels([h, ...x]);
    const z = convz(hx);
    const r = convr(hx);
    const q = convq(concatChannels([h, ...x], r)); // [r ⊙ h, x]
    return gruUpdate(h, z, q); // (1 − z) ⊙ h + z ⊙ q
  };
}

/** Update operator: motion features, GRU, flow increment. */
function updateBlock(at: Scope, config: RaftConfig) {
  const { kind, hidden, context, motion, head } = config;
  const encode = motionEncoder(at.at("encoder"), config);
  const input = context + motion.conv + 2;
  const gru = at.at("gru");
  const steps = kind === "large"
    ? [gruStep(gru, "1", hidden, input, [1, 5]), gruStep(gru, "2", hidden, input, [5, 1])]
    : [gruStep(gru, "", hidden, input, 3)];
  const flowHead = at.at("flow_head");
  const flow1 = conv2d(flowHead.at("conv1"), hidden, head, { kernel: 3, activation: "relu" });
  const flow2 = conv2d(flowHead.at("conv2"), head, 2, { kernel: 3 });
  return (net: tf.Tensor4D, inp: tf.Tensor4D, correlation: tf.Tensor4D, flow: tf.Tensor4D) => {
    const x = [inp, encode(flow, correlation), flow];
    net = steps.reduce((h, step) => step(h, x), net);
    return { net, delta: flow2(flow1(net)) };
  };
}

/** Convex upsampling's mask; the factor 0.25 balances gradients and is part of the weights' meaning. */
function maskHead(at: Scope, { hidden, head }: RaftConfig): Layer {
  const conv0 = conv2d(at.at("0"), hidden, head, { kernel: 3, activation: "relu" });
  const conv2 = conv2d(at.at("2"), head, 64 * 9, { kernel: 1 });
  return (net) => tf.mul(conv2(conv0(net)), 0.25);
}

/** ×8 bilinear upsampling with aligned corners, as the small model does. */
function upflow8(flow: tf.Tensor4D): tf.Tensor4D {
  const [, h, w] = flow.shape;
  return resizeBilinear(flow, 8 * h, 8 * w, 8);
}

/** Volumes of at most this many bytes are computed once; larger ones on demand. */
export const LARGEST_VOLUME = 32 * 2 ** 20;

/** Pictures of at most this many numbers a batch go through the feature encoder together. */
const LARGEST_STACK = 3 * 512 * 512;

/** Result of {@link Raft.encode}: all that the iterations need. */
interface Encoded {
  readonly net: tf.Tensor4D;
  readonly inp: tf.Tensor4D;
  /** What {@link Encoded.lookup} reads: pixel coordinates, and the volume or the features. */
  readonly matching: readonly tf.Tensor[];
  /** Correlations around where the flow leads. */
  readonly lookup: (matching: readonly tf.Tensor[], flow: tf.Tensor4D) => tf.Tensor4D;
}

/** A RAFT model on the device. */
export class Raft {
  /** Its parameters, by official name. */
  readonly network: Network;
  /** Batch statistics in the first training stage, running ones otherwise. */
  readonly batchNormMode: BatchNormMode = { batchStatistics: false };
  /** Whether training keeps what lies within a residual block and an iteration. */
  readonly memoryMode: MemoryMode = { recompute: false };
  private readonly fnet: Layer;
  private readonly cnet: Layer;
  private readonly update: ReturnType<typeof updateBlock>;
  private readonly mask: Layer | null;

  /**
   * @param config Widths.
   * @param seed Of the first values.
   * @param largestVolume Bytes up to which the all-pairs volume is held; 0 always goes on demand.
   */
  constructor(
    readonly config: RaftConfig,
    seed = 0,
    private readonly largestVolume = LARGEST_VOLUME,
  ) {
    this.network = new Network(randomStream(seed, "raft", "initial values"));
    const root = new Scope(this.network);
    const { kind, features, hidden, context } = config;
    const cnetNorm = kind === "large" ? withBatchNorm(this.batchNormMode) : withoutNorm;
    const lastInit = config.centeredFeatures ? centered(kaimingNormalFanOut) : undefined;
    const memory = this.memoryMode;
    this.fnet = encoder(root.at("fnet"), config, features, withInstanceNorm, memory, lastInit);
    this.cnet = encoder(root.at("cnet"), config, hidden + context, cnetNorm, memory);
    this.update = updateBlock(root.at("update_block"), config);
    this.mask = kind === "large" ? maskHead(root.at("update_block").at("mask"), config) : null;
  }

  /** Sections 3.1 and 3.2: features, context and a way to look correlations up. */
  private encode(image1: tf.Tensor4D, image2: tf.Tensor4D): Encoded {
    const { levels, radius, hidden, context } = this.config;
    const scaled = (image: tf.Tensor4D) => tf.sub(tf.mul(image, 2 / 255), 1) as tf.Tensor4D;
    const first = scaled(image1);
    const [f1, f2] = this.features(first, scaled(image2));
    const [batch, height, width] = f1.shape;
    const at: Lookup = { height, width, levels, radius };
    const pyramid = correlationPyramid(f2, levels);
    const held = 4 * batch * height * width * pyramid.shape[1] <= this.largestVolume;
    const matching = [
      pixelGrid(height, width),
      ...held ? [correlationVolume(f1, pyramid)] : [f1, pyramid],
    ];
    const lookup: Encoded["lookup"] = ([grid, ...features], flow) => {
      const coords = tf.add(grid, flow) as tf.Tensor4D;
      if (held) return lookupVolume(features[0] as tf.Tensor3D, coords, at);
      return lookupOnDemand(features[0] as tf.Tensor4D, features[1] as tf.Tensor3D, coords, at);
    };
    const [net, inp]: tf.Tensor4D[] = tf.split(this.cnet(first), [hidden, context], 3);
    return { net: tf.tanh(net), inp: tf.relu(inp), matching, lookup };
  }

  /** Features of both pictures: at once, or one after the other where that would take much memory. */
  private features(first: tf.Tensor4D, second: tf.Tensor4D): [tf.Tensor4D, tf.Tensor4D] {
    if (first.size > LARGEST_STACK) return [this.fnet(first), this.fnet(second)];
    // Instance statistics don't mix pictures.
    const [f1, f2]: tf.Tensor4D[] = tf.split(this.fnet(tf.concat([first, second], 0)), 2, 0);
    return [f1, f2];
  }

  /** Section 3.3: one refinement of the flow, at 1/8 resolution. */
  private iterate({ inp, matching, lookup }: Encoded, net: tf.Tensor4D, flow: tf.Tensor4D) {
    const known = stopGradient(flow);
    const correlation = lookup(matching, known);
    const { net: next, delta } = this.update(net, inp, correlation, known);
    return { net: next, flow: tf.add(known, delta) as tf.Tensor4D };
  }

  private upsample(flow: tf.Tensor4D, net: tf.Tensor4D): tf.Tensor4D {
    return this.mask ? convexUpsample(flow, this.mask(net)) : upflow8(flow);
  }

  /**
   * Flow after every iteration, for training.
   *
   * @param image1 RGB, 0…255, [batch, H, W, 3]; H and W are multiples of 8.
   * @param image2 Likewise.
   * @returns One [batch, H, W, 2] an iteration, in pixels.
   */
  predictions(image1: tf.Tensor4D, image2: tf.Tensor4D, iterations: number): tf.Tensor4D[] {
    const encoded = this.encode(image1, image2);
    const [batch, h, w] = encoded.net.shape;
    let net = encoded.net;
    let flow = tf.zeros<tf.Rank.R4>([batch, h, w, 2]);
    const flows: tf.Tensor4D[] = [];
    const iteration = (inputs: readonly tf.Tensor[]) => {
      const [net, flow, inp] = inputs as tf.Tensor4D[], matching = inputs.slice(3);
      const next = this.iterate({ ...encoded, inp, matching }, net, flow);
      return [next.net, next.flow, this.upsample(next.flow, next.net)];
    };
    for (let i = 0; i < iterations; i++) {
      const inputs = [net, flow, encoded.inp, ...encoded.matching];
      const [nextNet, nextFlow, up] = this.memoryMode.recompute
        ? recomputed(inputs, iteration)
        : iteration(inputs);
      [net, flow] = [nextNet, nextFlow];
      flows.push(up);
    }
    return flows;
  }

  /**
   * Flow after chosen numbers of iterations, without what gradients would need.
   *
   * @param image1 RGB, 0…255, [batch, H, W, 3]; H and W are multiples of 8.
   * @param image2 Likewise.
   * @param iterations Increasing numbers of iterations, each at least 1.
   * @param initial Flow to start from at 1/8 resolution and in its pixels (warm start); default zero.
   * @returns For each number: the flow in pixels, [batch, H, W, 2]; and the last 1/8-resolution flow.
   */
  infer(
    image1: tf.Tensor4D,
    image2: tf.Tensor4D,
    iterations: readonly number[],
    initial?: tf.Tensor4D,
  ): { flows: tf.Tensor4D[]; coarse: tf.Tensor4D } {
    return tf.tidy(() => {
      const encoded = this.encode(image1, image2);
      const [batch, h, w] = encoded.net.shape;
      let net = encoded.net;
      let flow = initial ?? tf.zeros<tf.Rank.R4>([batch, h, w, 2]);
      const flows: tf.Tensor4D[] = [];
      for (let i = 1; i <= iterations.at(-1)!; i++) {
        const next = tf.tidy(() => {
          const step = this.iterate(encoded, net, flow);
          const up = iterations.includes(i) ? this.upsample(step.flow, step.net) : null;
          return up ? { ...step, up } : step;
        });
        if (i > 1) tf.dispose([net, flow]);
        ({ net, flow } = next);
        if ("up" in next) flows.push(next.up);
      }
      return { flows, coarse: flow };
    });
  }

  /** Frees the parameters. */
  dispose(): void {
    this.network.dispose();
  }
}
