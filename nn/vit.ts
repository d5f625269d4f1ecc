/**
 * The vision transformer of DINO (Dosovitskiy et al., ICLR 2021; Caron et al., ICCV 2021), under the
 * parameter names of the official code.
 *
 * Tokens are [batch, 1 + rows · columns, width], the class token first. Pictures are [batch, height,
 * width, 3], normalised by whoever calls; any size from one patch on.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { attention } from "./attention.ts";
import { constant, truncatedNormal } from "./initializers.ts";
import { type ChannelLayer, conv2d, type Layer, layerNorm, linear } from "./layers.ts";
import type { Scope } from "./network.ts";
import { resample } from "./resample.ts";

/** Size of a vision transformer. */
export interface VitConfig {
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Pixels between patches; default `patch`. Less makes more tokens of the same weights. */
  readonly stride?: number;
  /** Channels of a token. */
  readonly width: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Attention heads; they divide the width. */
  readonly heads: number;
  /** Side of the grid of position embeddings: the pre-training picture's side over the patch's. */
  readonly grid: number;
}

/** DINO's published sizes, by patch; all were pre-trained on 224×224. */
export const dinoVits = {
  "vit-s/16": { patch: 16, width: 384, depth: 12, heads: 6, grid: 14 },
  "vit-s/8": { patch: 8, width: 384, depth: 12, heads: 6, grid: 28 },
  "vit-b/16": { patch: 16, width: 768, depth: 12, heads: 12, grid: 14 },
  "vit-b/8": { patch: 8, width: 768, depth: 12, heads: 12, grid: 28 },
} as const satisfies Record<string, VitConfig>;

/** Mean and deviation of ImageNet's channels, 0…255: what these models were trained under. */
export const imageNetMoments = {
  mean: [123.675, 116.28, 103.53],
  deviation: [58.395, 57.12, 57.375],
} as const;

const EPSILON = 1e-6;
const MLP_RATIO = 4;
const init = truncatedNormal(0.02);
const settings = { init, biasInit: constant(0) } as const;

/** Queries, keys and values of a block, each [batch, tokens, heads, width / heads]. */
type Heads = readonly [query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D];

/** One transformer block: attention and a two-layer perceptron, each normalised first and added. */
class Block {
  private readonly norm1: ChannelLayer;
  private readonly qkv: ChannelLayer;
  private readonly proj: ChannelLayer;
  private readonly norm2: ChannelLayer;
  private readonly fc1: ChannelLayer;
  private readonly fc2: ChannelLayer;

  constructor(at: Scope, width: number, private readonly heads: number) {
    this.norm1 = layerNorm(at.at("norm1"), width, EPSILON);
    const attn = at.at("attn");
    this.qkv = linear(attn.at("qkv"), width, 3 * width, settings);
    this.proj = linear(attn.at("proj"), width, width, settings);
    this.norm2 = layerNorm(at.at("norm2"), width, EPSILON);
    const mlp = at.at("mlp"), hidden = MLP_RATIO * width;
    this.fc1 = linear(mlp.at("fc1"), width, hidden, { ...settings, activation: "gelu" });
    this.fc2 = linear(mlp.at("fc2"), hidden, width, settings);
  }

  /** What attention is computed from. */
  project(x: tf.Tensor3D): Heads {
    const [batch, tokens, width] = x.shape;
    const parts = tf.split(this.qkv(this.norm1(x)), 3, 2);
    const shape = [batch, tokens, this.heads, width / this.heads];
    return parts.map((part) => tf.reshape(part, shape)) as unknown as Heads;
  }

  /** The block's result, and how much each token attended to each, [batch, heads, tokens, tokens]. */
  run(x: tf.Tensor3D, projected: Heads): { x: tf.Tensor3D; weights: tf.Tensor4D } {
    const [q, k, v] = projected.map((part) => tf.transpose(part, [0, 2, 1, 3]) as tf.Tensor4D);
    const { output, weights } = attention(q, k, v);
    const mixed = tf.reshape(tf.transpose(output, [0, 2, 1, 3]), x.shape);
    const attended = tf.add(x, this.proj(mixed));
    return { x: tf.add(attended, this.fc2(this.fc1(this.norm2(attended)))), weights };
  }
}

/** {@link Vit.run}'s result. */
export interface VitOutput {
  /** Normalised tokens of the last block, [batch, 1 + rows · columns, width]. */
  readonly tokens: tf.Tensor3D;
  /** Attention of the last block, [batch, heads, tokens, tokens]; row 0 is the class token's. */
  readonly attention: tf.Tensor4D;
  /** Rows and columns of the patches. */
  readonly grid: readonly [rows: number, columns: number];
}

/** A vision transformer whose parameters live under a scope. */
export class Vit {
  private readonly embed: Layer;
  private readonly classToken: tf.Variable;
  private readonly positions: tf.Variable;
  private readonly blocks: readonly Block[];
  private readonly norm: ChannelLayer;

  constructor(at: Scope, readonly config: VitConfig) {
    const { patch, stride = patch, width, depth, heads, grid } = config;
    this.classToken = at.parameter("cls_token", [1, 1, width], init);
    this.positions = at.parameter("pos_embed", [1, 1 + grid * grid, width], init);
    const proj = at.at("patch_embed").at("proj");
    this.embed = conv2d(proj, 3, width, { kernel: patch, stride, padding: [0, 0] });
    this.blocks = Array.from(
      { length: depth },
      (_, i) => new Block(at.at("blocks").at(String(i)), width, heads),
    );
    this.norm = layerNorm(at.at("norm"), width, EPSILON);
  }

  /** Rows and columns of the patches of a picture. */
  gridOf(height: number, width: number): [rows: number, columns: number] {
    const { patch, stride = patch } = this.config;
    return [height, width].map((side) => 1 + Math.floor((side - patch) / stride)) as [
      number,
      number,
    ];
  }

  /**
   * The position embeddings of a grid of patches, [1, 1 + rows · columns, width]: the stored ones, or
   * bicubically interpolated. The official code adds 0.1 to the lengths before it divides them, and
   * places its samples by that factor.
   */
  private positionsFor(rows: number, columns: number): tf.Tensor3D {
    const { grid, width } = this.config;
    if (rows === grid && columns === grid) return this.positions as unknown as tf.Tensor3D;
    const own = tf.slice(this.positions, [0, 0, 0], [1, 1, width]);
    const rest = tf.slice(this.positions, [0, 1, 0], [1, grid * grid, width]);
    const map = tf.reshape(rest, [1, grid, grid, width]) as tf.Tensor4D;
    const factors = [(rows + 0.1) / grid, (columns + 0.1) / grid] as const;
    const resampled = resample(map, rows, columns, "bicubic", factors);
    return tf.concat([own, tf.reshape(resampled, [1, rows * columns, width])], 1) as tf.Tensor3D;
  }

  private tokensOf(pictures: tf.Tensor4D): tf.Tensor3D {
    const patches = this.embed(pictures);
    const [batch, rows, columns, width] = patches.shape;
    const flat = tf.reshape(patches, [batch, rows * columns, width]);
    const first = tf.tile(this.classToken, [batch, 1, 1]);
    return tf.add(tf.concat([first, flat], 1), this.positionsFor(rows, columns));
  }

  /** The whole transformer. */
  run(pictures: tf.Tensor4D): VitOutput {
    const grid = this.gridOf(pictures.shape[1], pictures.shape[2]);
    let x = tf.tidy(() => this.tokensOf(pictures));
    let weights: tf.Tensor4D | null = null;
    for (const block of this.blocks) {
      const last = block === this.blocks.at(-1);
      const before = x;
      const made = tf.tidy(() => {
        const { x, weights } = block.run(before, block.project(before));
        return last ? { x, weights } : { x };
      });
      before.dispose();
      x = made.x;
      weights = made.weights ?? null;
    }
    const tokens = tf.tidy(() => this.norm(x) as tf.Tensor3D);
    x.dispose();
    return { tokens, attention: weights!, grid };
  }

  /**
   * Keys of chosen blocks as maps, without the class token's.
   *
   * @param blocks Numbers of blocks from 0, ascending; what comes after the last is not computed.
   * @returns One [batch, rows, columns, width] a block; channel d · heads + h is number d of head h.
   */
  keys(pictures: tf.Tensor4D, blocks: readonly number[]): tf.Tensor4D[] {
    const [rows, columns] = this.gridOf(pictures.shape[1], pictures.shape[2]);
    const maps: tf.Tensor4D[] = [];
    let x = tf.tidy(() => this.tokensOf(pictures));
    for (const [i, block] of this.blocks.slice(0, blocks.at(-1)! + 1).entries()) {
      const before = x;
      const made = tf.tidy(() => {
        const projected = block.project(before);
        const map = blocks.includes(i) ? keyMap(projected[1], rows, columns) : null;
        const done = i === blocks.at(-1);
        return { ...map && { map }, ...!done && { x: block.run(before, projected).x } };
      });
      before.dispose();
      if (made.map) maps.push(made.map);
      if (made.x) x = made.x;
    }
    return maps;
  }
}

/** Keys of the patches as a map; heads alternate fastest. */
function keyMap(keys: tf.Tensor4D, rows: number, columns: number): tf.Tensor4D {
  const [batch, tokens, heads, each] = keys.shape;
  const patches = tf.slice(keys, [0, 1, 0, 0], [batch, tokens - 1, heads, each]);
  return tf.reshape(tf.transpose(patches, [0, 1, 3, 2]), [batch, rows, columns, heads * each]);
}
