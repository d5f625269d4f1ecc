/**
 * Where the head's four feature maps come from: a frozen DINO vision transformer, as in the paper, or
 * a small convolutional pyramid that is trained along, for machines without downloads.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { exists } from "../../base/files.ts";
import { randomStream } from "../../base/random.ts";
import { kaimingNormalFanOut } from "../../nn/initializers.ts";
import { conv2d, groupNorm, type Layer, sequence } from "../../nn/layers.ts";
import { Network, type Scope, Scope as Root } from "../../nn/network.ts";
import { readDinoWeights } from "../../nn/weights/dino.ts";
import { imageNetMoments, Vit } from "../../nn/vit.ts";

/** Convolutions that are trained along; not the paper's. */
export interface PyramidConfig {
  readonly kind: "pyramid";
  /** Channels of the four maps, the finest first; each next one has half its height and width. */
  readonly widths: readonly [number, number, number, number];
  /** Stride of the finest map. */
  readonly stride: number;
  /** Channels of a group of the normalisations. */
  readonly group: number;
}

/** A frozen DINO vision transformer: its keys in four blocks are the maps. */
export interface DinoConfig {
  readonly kind: "dino";
  /** Name of the official weights file, which lies in `<data>/weights`. */
  readonly weights: string;
  /** Pixels between patches; less than a patch. */
  readonly stride: number;
  /** Blocks whose keys are taken, from 0. */
  readonly blocks: readonly number[];
  /** Channels of its tokens, which the head must know before the weights are there. */
  readonly width: number;
}

/** See {@link PyramidConfig} and {@link DinoConfig}. */
export type BackboneConfig = PyramidConfig | DinoConfig;

/** The channels of a backbone's maps, the finest first. */
export function channelsOf(config: BackboneConfig): number[] {
  return config.kind === "pyramid" ? [...config.widths] : config.blocks.map(() => config.width);
}

/** RGB of 0…255 as the backbones take it. */
export function normalized(pictures: tf.Tensor4D): tf.Tensor4D {
  const { mean, deviation } = imageNetMoments;
  return tf.div(tf.sub(pictures, [...mean]), [...deviation]);
}

/**
 * The convolutional pyramid: in each of four stages two 3×3 convolutions, each normalised and cut off
 * at 0; the first of a stage halves the map, and the very first convolution is 5×5.
 *
 * @returns From pictures, already normalised, to four maps.
 */
export function pyramid(
  at: Scope,
  { widths, stride, group }: PyramidConfig,
): (pictures: tf.Tensor4D) => tf.Tensor4D[] {
  const block = (scope: Scope, ins: number, out: number, step: number, kernel: number): Layer =>
    sequence([
      conv2d(scope.at("conv"), ins, out, {
        kernel,
        stride: step,
        init: kaimingNormalFanOut,
        bias: false,
      }),
      groupNorm(scope.at("norm"), out, out / group, "relu"),
    ]);
  const stages = widths.map((width, i) => {
    const stage = at.at(`stage${i + 1}`);
    const [ins, step, kernel] = i === 0 ? [3, stride, 5] : [widths[i - 1], 2, 3];
    return sequence([
      block(stage.at("0"), ins, width, step, kernel),
      block(stage.at("1"), width, width, 1, 3),
    ]);
  });
  return (pictures) => {
    const maps: tf.Tensor4D[] = [];
    for (const stage of stages) maps.push(stage(maps.at(-1) ?? pictures));
    return maps;
  };
}

/** Pixels of a patch in all of the paper's vision transformers. */
const PATCH = 8;

/** A frozen vision transformer on the device. */
export class FrozenVit {
  private constructor(private readonly network: Network, private readonly vit: Vit) {}

  /**
   * Loads DINO weights.
   *
   * @param stride Pixels between patches.
   * @param wanted What its user counts on: channels of its tokens, and the blocks it takes.
   * @throws {DataError} When the file is not there, or holds something else.
   */
  static async open(
    file: string,
    dataDir: string,
    stride: number,
    wanted: { readonly width?: number; readonly blocks?: readonly number[] } = {},
  ): Promise<FrozenVit> {
    const path = join(dataDir, "weights", file);
    if (!await exists(path)) {
      throw new DataError(
        path,
        "the DINO weights are not there",
        `Download ${file} from https://github.com/facebookresearch/dino and put it there.`,
      );
    }
    const { dict, config } = await readDinoWeights(path);
    const { width = config.width, blocks = [] } = wanted;
    const depth = Math.max(0, ...blocks) + 1;
    if (config.width !== width || config.patch !== PATCH || config.depth < depth) {
      throw new DataError(
        path,
        `it is a vision transformer of ${config.depth} blocks of width ${config.width} on patches of ` +
          `${config.patch}, and ${depth} blocks of width ${width} on patches of ${PATCH} are wanted`,
        `Put the ${file} of https://github.com/facebookresearch/dino there.`,
      );
    }
    const network = new Network(randomStream(0, "frozen"));
    const vit = new Vit(new Root(network), { ...config, stride });
    network.load(dict, path);
    return new FrozenVit(network, vit);
  }

  /**
   * Keys of chosen blocks as maps. Pictures go one by one: how much each patch attends to each is a tensor
   * that grows with the batch, 140 MB a picture in the paper.
   *
   * @param pictures RGB, 0…255, [batch, height, width, 3].
   */
  maps(pictures: tf.Tensor4D, blocks: readonly number[]): tf.Tensor4D[] {
    const [batch, ...picture] = pictures.shape;
    const each = Array.from({ length: batch }, (_, i) =>
      tf.tidy(() => {
        const one = tf.slice(pictures, [i, 0, 0, 0], [1, ...picture]);
        return this.vit.keys(normalized(one), blocks);
      }));
    if (batch === 1) return each[0];
    const maps = blocks.map((_, b) => tf.tidy(() => tf.concat(each.map((maps) => maps[b]))));
    tf.dispose(each);
    return maps;
  }

  /** Number of blocks. */
  get depth(): number {
    return this.vit.config.depth;
  }

  /** Frees the weights. */
  dispose(): void {
    this.network.dispose();
  }
}
