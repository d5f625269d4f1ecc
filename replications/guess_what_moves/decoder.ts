/**
 * DETR's transformer decoder (Carion et al., ECCV 2020) as MaskFormer uses it: learned queries attend
 * to each other and to the tokens of a feature map. Layers are normalised after each sum.
 *
 * Queries and tokens are [batch, count, width].
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { attentionWeights } from "../../nn/attention.ts";
import { constant, xavierUniform } from "../../nn/initializers.ts";
import { dropout } from "../../nn/kernels/dropout.ts";
import { affine } from "../../nn/kernels/matmul.ts";
import { type ChannelLayer, layerNorm, linear } from "../../nn/layers.ts";
import type { Scope } from "../../nn/network.ts";

/** Size of a decoder. */
export interface DecoderConfig {
  readonly width: number;
  readonly heads: number;
  /** Hidden channels of each layer's perceptron. */
  readonly hidden: number;
  readonly layers: number;
  /** Share of values that training drops. */
  readonly dropout: number;
}

/** Where dropout takes its choices from; null switches it off. */
export interface DropoutMode {
  seed: tf.Tensor1D | null;
}

/** Drops values of a tensor, at a place of its own in the model. */
type Drop = <T extends tf.Tensor>(x: T) => T;

/** Attention of several heads with PyTorch's packed projections (`nn.MultiheadAttention`). */
class MultiheadAttention {
  private readonly projection: tf.Variable;
  private readonly bias: tf.Variable;
  private readonly out: ChannelLayer;

  constructor(
    at: Scope,
    width: number,
    private readonly heads: number,
    private readonly drop: Drop,
  ) {
    this.projection = at.parameter("in_proj_weight", [3 * width, width], xavierUniform);
    this.bias = at.parameter("in_proj_bias", [3 * width], constant(0));
    this.out = linear(at.at("out_proj"), width, width, {
      init: xavierUniform,
      biasInit: constant(0),
    });
  }

  run(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): tf.Tensor {
    const weights = tf.split(this.projection, 3), biases = tf.split(this.bias, 3);
    const [q, k, v] = [query, key, value].map((x, i) => {
      const [batch, count, width] = x.shape;
      const projected = affine(x, weights[i], biases[i]);
      const split = tf.reshape(projected, [batch, count, this.heads, width / this.heads]);
      return tf.transpose(split, [0, 2, 1, 3]) as tf.Tensor4D;
    });
    const mixed = tf.matMul(this.drop(attentionWeights(q, k)), v);
    return this.out(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), query.shape));
  }
}

/** One layer: self-attention, attention to the tokens, perceptron. */
class DecoderLayer {
  private readonly selfAttention: MultiheadAttention;
  private readonly crossAttention: MultiheadAttention;
  private readonly linear1: ChannelLayer;
  private readonly linear2: ChannelLayer;
  private readonly norms: readonly ChannelLayer[];
  private readonly drops: readonly Drop[];

  constructor(at: Scope, { width, heads, hidden }: DecoderConfig, drop: () => Drop) {
    this.selfAttention = new MultiheadAttention(at.at("self_attn"), width, heads, drop());
    this.crossAttention = new MultiheadAttention(at.at("multihead_attn"), width, heads, drop());
    const init = xavierUniform;
    this.linear1 = linear(at.at("linear1"), width, hidden, { init, activation: "relu" });
    this.linear2 = linear(at.at("linear2"), hidden, width, { init });
    this.norms = [1, 2, 3].map((i) => layerNorm(at.at(`norm${i}`), width));
    this.drops = [drop(), drop(), drop(), drop()];
  }

  run(x: tf.Tensor, tokens: tf.Tensor, queries: tf.Tensor, positions: tf.Tensor): tf.Tensor {
    const [norm1, norm2, norm3] = this.norms;
    const [drop1, drop2, drop3, dropHidden] = this.drops;
    const own = tf.add(x, queries);
    x = norm1(tf.add(x, drop1(this.selfAttention.run(own, own, x))));
    const found = this.crossAttention.run(tf.add(x, queries), tf.add(tokens, positions), tokens);
    x = norm2(tf.add(x, drop2(found)));
    return norm3(tf.add(x, drop3(this.linear2(dropHidden(this.linear1(x))))));
  }
}

/** The decoder; names are those below `transformer.decoder`. */
export class Decoder {
  private readonly layers: readonly DecoderLayer[];
  private readonly norm: ChannelLayer;

  /** @param mode Read at each run, so that training can switch dropout on. */
  constructor(at: Scope, config: DecoderConfig, mode: DropoutMode) {
    let places = 0;
    const drop = (): Drop => {
      const place = places++;
      return (x) => mode.seed ? dropout(x, mode.seed, config.dropout, place) : x;
    };
    this.layers = Array.from(
      { length: config.layers },
      (_, i) => new DecoderLayer(at.at("layers").at(String(i)), config, drop),
    );
    this.norm = layerNorm(at.at("norm"), config.width);
  }

  /**
   * What the queries found.
   *
   * @param tokens [batch, tokens, width].
   * @param queries Added to the queries, which start at zero, [queries, width].
   * @param positions Added to the tokens where they are looked up, [1, tokens, width].
   * @returns [batch, queries, width].
   */
  run(tokens: tf.Tensor3D, queries: tf.Tensor2D, positions: tf.Tensor3D): tf.Tensor3D {
    const [count, width] = queries.shape;
    const repeated = tf.tile(tf.expandDims(queries, 0), [tokens.shape[0], 1, 1]);
    let x: tf.Tensor = tf.zeros([tokens.shape[0], count, width]);
    for (const layer of this.layers) x = layer.run(x, tokens, repeated, positions);
    return this.norm(x) as tf.Tensor3D;
  }
}

const TEMPERATURE = 1e4;

/**
 * DETR's sine encoding of a map's positions: half the channels for rows, half for columns, sine and
 * cosine in turn, angles from 0 to 2π over the map.
 *
 * @param width Channels, a multiple of 4.
 * @returns [1, rows · columns, width].
 */
export function sinePositions(rows: number, columns: number, width: number): tf.Tensor3D {
  const half = width / 2;
  const axis = (length: number) =>
    Array.from({ length }, (_, i) => {
      const angle = (i + 1) / (length + 1e-6) * 2 * Math.PI;
      return Array.from({ length: half }, (_, c) => {
        const scaled = angle / TEMPERATURE ** (2 * Math.floor(c / 2) / half);
        return c % 2 === 0 ? Math.sin(scaled) : Math.cos(scaled);
      });
    });
  const byRow = axis(rows), byColumn = axis(columns);
  const values = new Float32Array(rows * columns * width);
  for (let at = 0; at < rows * columns; at++) {
    values.set(byRow[Math.floor(at / columns)], at * width);
    values.set(byColumn[at % columns], at * width + half);
  }
  return tf.tensor3d(values, [1, rows * columns, width]);
}
