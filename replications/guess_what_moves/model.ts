/**
 * Guess What Moves (Choudhury, Karazija, Laina, Vedaldi & Rupprecht, BMVC 2022): a MaskFormer head
 * that splits one picture into K soft segments.
 *
 * A backbone gives four feature maps, the pixel decoder makes mask features of them, the transformer
 * predictor one embedding a segment; their products are the segments' logits. Parameter names are
 * those of the official code. Maps are [batch, height, width, channels].
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { constant, kaimingUniformFanIn, normal } from "../../nn/initializers.ts";
import { type ChannelLayer, conv2d, groupNorm, type Layer, linear } from "../../nn/layers.ts";
import type { Scope } from "../../nn/network.ts";
import { resample } from "../../nn/resample.ts";
import { stripPrefix } from "../../nn/weights/load.ts";
import type { StateDict } from "../../nn/weights/tensor_file.ts";
import { Decoder, type DecoderConfig, type DropoutMode, sinePositions } from "./decoder.ts";

/** Size of the head; {@link officialHead} is the paper's. */
export interface HeadConfig {
  /** Channels of the pixel decoder and of the transformer. */
  readonly width: number;
  /** Channels of the mask features. */
  readonly mask: number;
  /** Groups of the group normalisations. */
  readonly groups: number;
  /** K, the segments. */
  readonly segments: number;
  /** How often the mask features double in size; the paper's twice. */
  readonly doublings: number;
  readonly decoder: Omit<DecoderConfig, "width">;
}

/** The paper's head: 15,901,662 parameters on DINO's ViT-B features. */
export const officialHead: HeadConfig = {
  width: 256,
  mask: 256,
  groups: 32,
  segments: 4,
  doublings: 2,
  decoder: { heads: 8, hidden: 2048, layers: 6, dropout: 0.1 },
};

/**
 * The model's weights among those of a file. The official checkpoints hold a constant of the loss as
 * well, as `criterion.empty_weight`.
 */
export function ownWeights(dict: StateDict): StateDict {
  const bare = stripPrefix(dict, "module.");
  return new Map([...bare].filter(([name]) => !name.startsWith("criterion.")));
}

const init = kaimingUniformFanIn;
const repeated = (x: tf.Tensor4D, height: number, width: number): tf.Tensor4D =>
  x.shape[1] === height && x.shape[2] === width
    ? x
    : tf.image.resizeNearestNeighbor(x, [height, width]);

/**
 * The pixel decoder: from the coarsest map down, each finer one is added to what came before; then
 * the mask features are doubled in size, each time behind a 1×1 convolution with a padding of 1,
 * which adds a border of one pixel.
 *
 * @param channels Of the feature maps, the finest first.
 */
export function pixelDecoder(
  at: Scope,
  channels: readonly number[],
  { width, mask, groups, doublings }: HeadConfig,
): (maps: readonly tf.Tensor4D[]) => tf.Tensor4D {
  const conv = (name: string, ins: number, kernel: number, border = (kernel - 1) / 2): Layer =>
    conv2d(at.at(name), ins, width, { kernel, padding: [border, border], init, bias: false });
  const norm = (name: string, activation: "relu" | "none" = "relu") =>
    groupNorm(at.at(name).at("norm"), width, groups, activation);
  const levels = channels.map((size, i) => {
    const last = i === channels.length - 1;
    const adapter = last
      ? null
      : [conv(`adapter_${i + 1}`, size, 1), norm(`adapter_${i + 1}`, "none")];
    const own = norm(`layer_${i + 1}`);
    return { adapter, layer: conv(`layer_${i + 1}`, last ? size : width, 3), norm: own };
  });
  // In the official code a variable left over from the loop makes this one normalisation serve all of
  // the mask features.
  const shared = levels.at(-1)!.norm;
  const steps: Layer[] = [];
  const named = () => `mask_features.${steps.length}`;
  const normalised = (kernel: number, border: number) => {
    const name = named();
    at.network.alias(at.name(`${name}.norm`), at.name(`layer_${channels.length}.norm`));
    const layer = conv2d(at.at(name), width, width, {
      kernel,
      padding: [border, border],
      bias: false,
    });
    steps.push((x) => shared(layer(x)));
  };
  normalised(3, 1);
  for (let i = 0; i < doublings; i++) {
    steps.push((x) => repeated(x, 2 * x.shape[1], 2 * x.shape[2]));
    normalised(1, 1);
    if (i < doublings - 1) normalised(3, 1);
  }
  steps.push(conv2d(at.at(named()), width, mask, { kernel: 3 }));

  return (maps) => {
    const { layer, norm } = levels.at(-1)!;
    let y = norm(layer(maps.at(-1)!));
    for (let i = levels.length - 2; i >= 0; i--) {
      const { adapter, layer, norm } = levels[i];
      const lateral = adapter!.reduce((x, step) => step(x), maps[i]);
      const above = repeated(y, lateral.shape[1], lateral.shape[2]);
      y = norm(layer(tf.add(lateral, above)));
    }
    return steps.reduce((x, step) => step(x), y);
  };
}

/**
 * The transformer predictor: one embedding a segment, [batch, segments, mask].
 *
 * @param channels Of the coarsest feature map, which it reads.
 */
export function predictor(
  at: Scope,
  channels: number,
  { width, mask, segments, decoder: size }: HeadConfig,
  mode: DropoutMode,
): (map: tf.Tensor4D) => tf.Tensor3D {
  const decoder = new Decoder(at.at("transformer").at("decoder"), { ...size, width }, mode);
  const queries = at.at("query_embed").parameter("weight", [segments, width], normal(1));
  const project = inputProjection(at.at("input_proj"), channels, width);
  const embed: ChannelLayer[] = [0, 1, 2].map((i) =>
    linear(at.at("mask_embed").at("layers").at(String(i)), width, i === 2 ? mask : width, {
      activation: i === 2 ? "none" : "relu",
    })
  );
  if (segments !== 2) unusedCombination(at.at("mask_querie_comb"), segments);
  return (map) => {
    const [batch, rows, columns] = map.shape;
    const tokens = tf.reshape(project(map), [batch, rows * columns, width]) as tf.Tensor3D;
    const positions = sinePositions(rows, columns, width);
    const found = decoder.run(tokens, queries as unknown as tf.Tensor2D, positions);
    return embed.reduce((x, layer) => layer(x), found as tf.Tensor) as tf.Tensor3D;
  };
}

/** A 1×1 convolution as a product over channels; its weight keeps a filter's official shape. */
function inputProjection(at: Scope, channels: number, width: number): Layer {
  return conv2d(at, channels, width, { kernel: 1, init, biasInit: constant(0) });
}

/** Parameters that the official code makes and never uses, so that its weights load. */
function unusedCombination(at: Scope, segments: number): void {
  conv2d(at.at("0"), segments, segments, { kernel: 1 });
  conv2d(at.at("1"), segments, 2, { kernel: 5 });
}

/** Segments' logits out of feature maps. */
export class Head {
  private readonly decode: (maps: readonly tf.Tensor4D[]) => tf.Tensor4D;
  private readonly predict: (map: tf.Tensor4D) => tf.Tensor3D;

  /**
   * A head whose parameters live under `sem_seg_head`.
   *
   * @param channels Of the feature maps, the finest first.
   * @param mode Dropout's, read at each run.
   */
  constructor(at: Scope, channels: readonly number[], config: HeadConfig, mode: DropoutMode) {
    const head = at.at("sem_seg_head");
    this.decode = pixelDecoder(head.at("pixel_decoder"), channels, config);
    this.predict = predictor(head.at("predictor"), channels.at(-1)!, config, mode);
  }

  /**
   * Logits of the segments at a picture's size, [batch, height, width, segments]; their softmax over
   * the last axis are the soft segments.
   */
  run(maps: readonly tf.Tensor4D[], height: number, width: number): tf.Tensor4D {
    const features = this.decode(maps);
    const [batch, rows, columns, channels] = features.shape;
    const flat = tf.reshape(features, [batch, rows * columns, channels]);
    const logits = tf.matMul(flat, this.predict(maps.at(-1)!), false, true);
    const segments = logits.shape[2]!;
    return cropOrResize(tf.reshape(logits, [batch, rows, columns, segments]), height, width);
  }
}

/** Python's rounding: a half goes to the even number. */
const evenHalf = (margin: number) => margin % 2 === 0 ? margin / 2 : 2 * Math.round(margin / 4);

/** The middle of a map that is up to a tenth larger than asked for, or the map resized. */
export function cropOrResize(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const [batch, h, w, channels] = x.shape;
  if (h === height && w === width) return x;
  const crops = height <= h && h < 1.1 * height && width <= w && w < 1.1 * width;
  if (!crops) return resample(x, height, width, "bilinear");
  const from = [0, evenHalf(h - height), evenHalf(w - width), 0];
  return tf.slice(x, from as [number, number, number, number], [batch, height, width, channels]);
}
