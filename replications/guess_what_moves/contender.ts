/**
 * Guess What Moves as a contender: one picture in, two groups out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type NdArray, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import type {
  Segmentation,
  SegmentationContender,
  SegmentationInput,
} from "../../benchmarks/contenders/segmentation.ts";
import { softmax } from "../../nn/kernels/softmax.ts";
import { Network, Scope } from "../../nn/network.ts";
import { resample } from "../../nn/resample.ts";
import { channelsOf, FrozenVit, normalized, pyramid } from "./backbone.ts";
import { mirrored, resizedFlow, resizedPicture, unmirrored, viewsOf } from "./data.ts";
import type { DropoutMode } from "./decoder.ts";
import { affinities, groupShare, normalizedCut } from "./merge.ts";
import { Head } from "./model.ts";
import { motionSegments, twoMotions } from "./motion_merge.ts";
import type { GuessWhatMovesRecipe, Mirroring } from "./recipes.ts";

/** A picture as it is. */
const STRAIGHT: Mirroring = { left: false, down: false, transposed: false };

/** The mean of maps of one size. */
function mean(maps: readonly NdArray<Float32Array>[]): NdArray<Float32Array> {
  const values = maps.map((map) => packed(map));
  const means = values[0].map((_, i) => values.reduce((sum, map) => sum + map[i], 0) / maps.length);
  return ndarray(means, maps[0].shape);
}

/** What a recipe trains, on the device. */
export class Segmenter {
  /** What is trained, by official name. */
  readonly network: Network;
  /** Dropout's choices; null where nothing is dropped. */
  readonly dropout: DropoutMode = { seed: null };
  private readonly head: Head;
  private readonly pyramid: ((pictures: tf.Tensor4D) => tf.Tensor4D[]) | null;

  private constructor(
    readonly recipe: GuessWhatMovesRecipe,
    seed: number,
    private readonly frozen: FrozenVit | null,
  ) {
    const { backbone, head } = recipe;
    this.network = new Network(randomStream(seed, "guess what moves", "initial values"));
    const root = new Scope(this.network);
    this.pyramid = backbone.kind === "pyramid" ? pyramid(root.at("backbone"), backbone) : null;
    this.head = new Head(root, channelsOf(backbone), head, this.dropout);
  }

  /** Makes the model of a recipe; frozen weights must be at hand. */
  static async open(
    recipe: GuessWhatMovesRecipe,
    seed: number,
    dataDir: string,
  ): Promise<Segmenter> {
    const { backbone } = recipe;
    const frozen = backbone.kind === "dino"
      ? await FrozenVit.open(backbone.weights, dataDir, backbone.stride, backbone)
      : null;
    return new Segmenter(recipe, seed, frozen);
  }

  /**
   * The feature maps that are not trained, to be computed before a step; null where all is trained.
   *
   * @param pictures RGB, 0…255, [batch, height, width, 3].
   */
  frozenMaps(pictures: tf.Tensor4D): tf.Tensor4D[] | null {
    const { backbone } = this.recipe;
    if (!this.frozen || backbone.kind !== "dino") return null;
    return this.frozen.maps(pictures, backbone.blocks);
  }

  /**
   * Logits of the segments, [batch, height, width, segments] at the picture's size.
   *
   * @param maps {@link frozenMaps}' result, where there is one.
   */
  logits(pictures: tf.Tensor4D, maps: readonly tf.Tensor4D[] | null): tf.Tensor4D {
    const [, height, width] = pictures.shape;
    return this.head.run(maps ?? this.pyramid!(normalized(pictures)), height, width);
  }

  /**
   * Soft segments of one picture in several views, each [height, width, segments] at the recipe's
   * size and mirrored back.
   */
  async segments(image: Picture, views: readonly Mirroring[]): Promise<NdArray<Float32Array>[]> {
    const { picture: size, resizing, head } = this.recipe;
    const { height, width } = size;
    const values = await resizedPicture(image, size, resizing);
    const pictures = new Float32Array(views.length * values.length);
    views.forEach((view, i) => pictures.set(mirrored(values, size, 3, view), i * values.length));
    this.dropout.seed = null;
    const shares = tf.tidy(() => {
      const batch = tf.tensor4d(pictures, [views.length, height, width, 3]);
      return softmax(this.logits(batch, this.frozenMaps(batch)));
    });
    const data = await shares.data() as Float32Array;
    shares.dispose();
    const each = height * width * head.segments;
    return views.map((view, i) => {
      const own = unmirrored(data.slice(i * each, (i + 1) * each), size, head.segments, view);
      return ndarray(own, [height, width, head.segments]);
    });
  }

  /** Frees everything. */
  dispose(): void {
    this.network.dispose();
    this.frozen?.dispose();
  }
}

/** A trained model that segmentation protocols can score. */
export class GuessWhatMovesContender implements SegmentationContender {
  constructor(
    readonly segmenter: Segmenter,
    readonly stamp: SegmentationContender["stamp"],
    /** What tells segments' looks apart; null where their motion does. */
    private readonly looks: FrozenVit | null,
  ) {}

  /** Segments the picture alone; where it merges by motion, that takes the frame's flow. */
  async segment({ image, flow }: SegmentationInput): Promise<Segmentation> {
    const { picture, merging, mirroring, views } = this.segmenter.recipe;
    const ways = views ? viewsOf(mirroring) : [STRAIGHT];
    const segments = mean(await this.segmenter.segments(image, ways));
    if (!this.looks) {
      const { height, width } = picture;
      const field = ndarray(resizedFlow(await flow(), picture), [height, width, 2]);
      const background = merging.kind === "motion"
        ? motionSegments(segments, field, merging.unexplained)
        : twoMotions(segments, field);
      const first = groupShare(segments, background.map((is) => !is));
      return { first, foreground: "first", segments };
    }
    const groups = normalizedCut(affinities(segments, await this.features(image)));
    return { first: groupShare(segments, groups), foreground: null, segments };
  }

  /** Keys of the last block at each pixel of the segments. */
  private async features(image: Picture): Promise<NdArray<Float32Array>> {
    const { picture: { height, width }, resizing } = this.segmenter.recipe;
    const values = await resizedPicture(image, { height, width }, resizing);
    const map = tf.tidy(() => {
      const picture = tf.tensor4d(values, [1, height, width, 3]);
      const [keys] = this.looks!.maps(picture, [this.looks!.depth - 1]);
      return resample(keys, height, width, "bilinear");
    });
    const data = await map.data() as Float32Array;
    const channels = map.shape[3];
    map.dispose();
    return ndarray(data, [height, width, channels]);
  }

  /** Frees the model. */
  dispose(): void {
    this.segmenter.dispose();
    this.looks?.dispose();
  }
}
