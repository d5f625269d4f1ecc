/**
 * PWC-Net: CNNs for Optical Flow Using Pyramid, Warping, and Cost Volume (Sun, Yang, Liu & Kautz, CVPR
 * 2018).
 *
 * Both pictures go through one feature pyramid. From its top down, the features of picture 2 are
 * warped by the flow so far, compared with those of picture 1, and decoded into the flow of the next
 * finer level; a context network refines the last one. Parameter names are those of the released
 * PyTorch code. Level l has 1/2ˡ of the pictures' resolution, and flow is in pixels of the pictures
 * divided by 20 at every level.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { UsageError } from "../../base/errors.ts";
import { randomStream } from "../../base/random.ts";
import {
  bilinearEnlargement,
  constant,
  kaimingNormalEnlargement,
  kaimingNormalFanIn,
} from "../../nn/initializers.ts";
import { concatChannels } from "../../nn/kernels/concat_channels.ts";
import { costVolume } from "../../nn/kernels/cost_volume.ts";
import { layerNormalize } from "../../nn/kernels/layer_norm.ts";
import { warpInside } from "../../nn/kernels/warp_inside.ts";
import {
  conv2d,
  type ConvSettings,
  type Layer,
  sequence,
  transposedConv2d,
} from "../../nn/layers.ts";
import { type Initializer, Network, Scope } from "../../nn/network.ts";

/** Widths of a PWC-Net; {@link released} and {@link published} are the official ones. */
export interface PwcNetConfig {
  /** Channels of the pyramid's levels, from level 1 on. */
  readonly pyramid: readonly number[];
  /** Convolutions of a pyramid level, the first of which halves the resolution. */
  readonly convolutions: 2 | 3;
  /** Search range of the cost volumes in pixels of each level. */
  readonly radius: number;
  /** Channels of a decoder's densely connected convolutions. */
  readonly dense: readonly number[];
  /** Channels of the context network's convolutions but the last, which gives the flow. */
  readonly context: readonly number[];
  /**
   * Not the paper's: features are standardised over the channels of each pixel before they are
   * compared, so that a cost is a coefficient of correlation. It is largest where features match from
   * the start; plain products are largest where features are large, until training has learned better.
   */
  readonly standardFeatures?: boolean;
  /**
   * Not the paper's: flows start at zero, so that the first warps leave the features in place rather
   * than scatter them, which has to be unlearned; they go up a level by bilinear interpolation at
   * first, and features at the scale they have rather than many times that.
   */
  readonly startsAtRest?: boolean;
}

/** The model whose code and weights are public: 9,374,340 parameters. */
export const released: PwcNetConfig = {
  pyramid: [16, 32, 64, 96, 128, 196],
  convolutions: 3,
  radius: 4,
  dense: [128, 128, 96, 64, 32],
  context: [128, 128, 128, 96, 64, 32],
};

/**
 * The paper's model, which has a convolution less on each pyramid level: 8,749,280 parameters. Its
 * class in the released code (`PWCDCNet_old`) orders features otherwise and drops fewer of them at the
 * border; both are followed, so that its weights mean the same.
 */
export const published: PwcNetConfig = { ...released, convolutions: 2 };

/** Ground truth is divided by this. */
export const FLOW_SCALE = 20;

/** The last level whose flow is estimated; the rest is interpolation. */
export const FINEST = 2;

const DILATIONS = [1, 2, 4, 8, 16, 1];

const init = kaimingNormalFanIn;
const biasInit = constant(0);

/** 3×3 convolution and leaky ReLU; the official code keeps such a pair as a sequence of two. */
function conv(
  at: Scope,
  name: string,
  channels: number,
  out: number,
  settings: Pick<ConvSettings, "stride" | "dilation" | "init"> = {},
): Layer {
  const activation = "leaky";
  return conv2d(at.at(name).at("0"), channels, out, {
    ...{ kernel: 3, init, biasInit, activation },
    ...settings,
  });
}

/** 3×3 convolution to a flow. */
const predictFlow = (
  at: Scope,
  name: string,
  channels: number,
  { startsAtRest }: PwcNetConfig,
): Layer =>
  conv2d(at.at(name), channels, 2, { kernel: 3, init: startsAtRest ? biasInit : init, biasInit });

/** 4×4 transposed convolution to two channels at twice the resolution. */
const deconv = (at: Scope, name: string, channels: number, init: Initializer): Layer =>
  transposedConv2d(at.at(name), channels, 2, { kernel: 4, stride: 2, padding: 1, init, biasInit });

/** One level of the pyramid. */
function pyramidLevel(
  at: Scope,
  level: number,
  channels: number,
  out: number,
  { convolutions }: PwcNetConfig,
): Layer {
  // Level 6 of the released model starts with the layer that is second elsewhere.
  const suffixes = convolutions === 2 ? ["a", "b"] : level === 6 ? ["aa", "a", "b"] : [
    "a",
    "aa",
    "b",
  ];
  return sequence(
    suffixes.map((suffix, i) =>
      conv(at, `conv${level}${suffix}`, i === 0 ? channels : out, out, {
        stride: i === 0 ? 2 : 1,
      })
    ),
  );
}

/** Whether a dense convolution's output comes before its input, by the number of the convolution. */
const newFirst = ({ convolutions }: PwcNetConfig, i: number) => convolutions === 3 || i === 1;

/** A decoder: from cost volume, features and what the level above said, to a flow. */
function decoder(at: Scope, level: number, input: number, config: PwcNetConfig) {
  const { startsAtRest } = config;
  const enlarged = startsAtRest ? kaimingNormalEnlargement : init;
  let channels = input;
  const layers = config.dense.map((width, i): Layer => {
    const layer = conv(at, `conv${level}_${i}`, channels, width);
    channels += width;
    return newFirst(config, i)
      ? (x) => concatChannels([layer(x), x])
      : (x) => concatChannels([x, layer(x)]);
  });
  return {
    channels,
    features: sequence(layers),
    flow: predictFlow(at, `predict_flow${level}`, channels, config),
    // The released code has a transposed convolution on the last level that nothing reads.
    upFlow: deconv(at, `deconv${level}`, 2, startsAtRest ? bilinearEnlargement : init),
    upFeatures: level > FINEST ? deconv(at, `upfeat${level}`, channels, enlarged) : null,
  };
}

/** The context network: a wide view of the last decoder's features, to a correction of its flow. */
function contextNetwork(at: Scope, input: number, config: PwcNetConfig): Layer {
  const { context } = config;
  let channels = input;
  const layers = context.map((width, i) => {
    const layer = conv(at, `dc_conv${i + 1}`, channels, width, { dilation: DILATIONS[i] });
    channels = width;
    return layer;
  });
  return sequence([...layers, predictFlow(at, `dc_conv${context.length + 1}`, channels, config)]);
}

/** A PWC-Net on the device. */
export class PwcNet {
  /** Its parameters, by official name. */
  readonly network: Network;
  private readonly levels: Layer[] = [];
  /** By level; from {@link FINEST} on. */
  private readonly decoders: ReturnType<typeof decoder>[] = [];
  private readonly context: Layer;

  /** @param seed Of the first values. */
  constructor(readonly config: PwcNetConfig, seed = 0) {
    this.network = new Network(randomStream(seed, "pwc-net", "initial values"));
    const root = new Scope(this.network);
    const { pyramid, radius } = config;
    const volume = (2 * radius + 1) ** 2;
    pyramid.forEach((width, i) => {
      const level = i + 1;
      this.levels[level] = pyramidLevel(root, level, pyramid[i - 1] ?? 3, width, config);
      if (level < FINEST) return;
      const input = level === pyramid.length ? volume : volume + width + 4;
      this.decoders[level] = decoder(root, level, input, config);
    });
    this.context = contextNetwork(root, this.decoders[FINEST].channels, config);
  }

  /** What heights and widths of pictures must be multiples of. */
  get multiple(): number {
    return 2 ** this.config.pyramid.length;
  }

  /**
   * Refuses a size that is no {@link multiple}: halved and doubled again, levels would not meet, and
   * kernels would read one map with the strides of another.
   *
   * @param nextStep What the user can do about it.
   * @throws {UsageError} When height or width doesn't fit; it names both.
   */
  requireMultiple(height: number, width: number, nextStep = "Resize the pictures."): void {
    const { multiple } = this;
    if (height % multiple === 0 && width % multiple === 0) return;
    throw new UsageError(
      `Cannot run PWC-Net on pictures of ${width}x${height}: width and height must be multiples of ` +
        `${multiple}, since it has ${this.config.pyramid.length} levels`,
      nextStep,
    );
  }

  /**
   * The feature pyramid.
   *
   * @param images RGB, 0…255, [batch, H, W, 3].
   * @returns Features by level, from 1 on.
   */
  features(images: tf.Tensor4D): tf.Tensor4D[] {
    let x = tf.mul(tf.reverse(images, 3), 1 / 255) as tf.Tensor4D; // BGR, as Caffe has pictures
    return this.levels.map((level) => x = level(x));
  }

  /** The cost volume of two maps of features. */
  private volume(f1: tf.Tensor4D, f2: tf.Tensor4D): tf.Tensor4D {
    const { radius, standardFeatures } = this.config;
    const width = f1.shape[3];
    const compared = (f: tf.Tensor4D) =>
      standardFeatures ? layerNormalize(f, tf.ones([width]), tf.zeros([width]), 1e-6) : f;
    return costVolume(compared(f1), compared(f2), radius, "leaky");
  }

  /**
   * Estimates the flow on every level.
   *
   * @param image1 RGB, 0…255, [batch, H, W, 3]; H and W are multiples of {@link multiple}.
   * @param image2 Likewise.
   * @returns Flow by level, from {@link FINEST} on, [batch, H/2ˡ, W/2ˡ, 2], in pixels of the pictures
   * divided by {@link FLOW_SCALE}. That of the finest level is refined.
   * @throws {UsageError} When H or W is no such multiple.
   */
  flows(image1: tf.Tensor4D, image2: tf.Tensor4D): tf.Tensor4D[] {
    this.requireMultiple(image1.shape[1], image1.shape[2]);
    const { pyramid, convolutions } = this.config;
    const least = convolutions === 3 ? 0.9999 : 0.999;
    const features = this.features(tf.concat([image1, image2], 0));
    const flows: tf.Tensor4D[] = [];
    let above: { flow: tf.Tensor4D; features: tf.Tensor4D } | null = null;
    for (let level = pyramid.length; level >= FINEST; level--) {
      const [c1, c2]: tf.Tensor4D[] = tf.split(features[level], 2, 0);
      let x: tf.Tensor4D;
      if (above) {
        const warped = warpInside(c2, above.flow, FLOW_SCALE / 2 ** level, least);
        x = concatChannels([this.volume(c1, warped), c1, above.flow, above.features]);
      } else {
        x = this.volume(c1, c2);
      }
      const decoder = this.decoders[level];
      x = decoder.features(x);
      flows[level] = decoder.flow(x);
      if (decoder.upFeatures) {
        above = { flow: decoder.upFlow(flows[level]), features: decoder.upFeatures(x) };
      } else {
        flows[level] = tf.add(flows[level], this.context(x));
      }
    }
    return flows;
  }

  /**
   * Estimates the flow, without what gradients would need.
   *
   * @param image1 RGB, 0…255, [batch, H, W, 3]; H and W are multiples of {@link multiple}.
   * @param image2 Likewise.
   * @returns Flow at a quarter of the resolution, in pixels of the pictures, [batch, H/4, W/4, 2].
   */
  infer(image1: tf.Tensor4D, image2: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.mul(this.flows(image1, image2)[FINEST], FLOW_SCALE));
  }

  /** Frees the parameters. */
  dispose(): void {
    this.network.dispose();
  }
}
