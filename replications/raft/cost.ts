/**
 * RAFT's arithmetic, counted from its layers.
 *
 * @module
 */
import { pyramidSize } from "../../nn/kernels/correlation.ts";
import { LARGEST_VOLUME, type RaftConfig } from "./model.ts";
import type { RaftRecipe } from "./recipes.ts";

/**
 * Multiply-accumulates of one forward pass over one picture pair, in 10⁹. Convolutions and the
 * correlation volume count; normalisation and activations don't.
 *
 * @param height Multiple of 8, as `width`.
 */
export function forwardGigamacs(
  config: RaftConfig,
  height: number,
  width: number,
  iterations: number,
): number {
  const { kind, encoder: widths, features, hidden, context, levels, radius, motion, head } = config;
  const isLarge = kind === "large";
  const half = height * width / 4, eighth = height * width / 64;

  const encoder = (out: number) => {
    let macs = half * 7 * 7 * 3 * widths[0];
    let channels = widths[0], pixels = half;
    widths.slice(1).forEach((width, stage) => {
      for (const block of [0, 1]) {
        const strided = stage > 0 && block === 0;
        const before = pixels;
        if (strided) pixels /= 4;
        if (isLarge) {
          macs += pixels * 9 * width * (channels + width);
        } else {
          const inner = width / 4;
          macs += before * channels * inner + pixels * inner * (9 * inner + width);
        }
        if (strided) macs += pixels * channels * width;
        channels = width;
      }
    });
    return macs + eighth * channels * out;
  };

  const input = context + motion.conv + 2;
  const cor = isLarge ? motion.convc2 : motion.convc1;
  const perIteration = levels * (2 * radius + 1) ** 2 * motion.convc1 +
    9 * motion.convc1 * motion.convc2 + 49 * 2 * motion.convf1 +
    9 * motion.convf1 * motion.convf2 + 9 * (cor + motion.convf2) * motion.conv +
    (isLarge ? 2 * 5 : 9) * 3 * (hidden + input) * hidden +
    9 * hidden * head + 9 * head * 2 +
    (isLarge ? 9 * hidden * head + head * 576 : 0);
  return (2 * encoder(features) + encoder(hidden + context) +
    volumeMacs(config, { height, width }) + iterations * eighth * perIteration) / 1e9;
}

/** A picture's size. */
interface Size {
  readonly height: number;
  readonly width: number;
}

/** Multiply-accumulates of the all-pairs volume of one pair. */
const volumeMacs = ({ features }: RaftConfig, { height, width }: Size): number =>
  (height * width / 64) ** 2 * features;

/**
 * Operations of the pyramid's gradient for a pixel that it visits, whether or not a window covers the
 * position: the pixel's match is scaled, clamped, rounded and compared.
 */
const VISIT = 20;

/**
 * Floating-point operations of one iteration's correlations on demand in training, of one pair, in 10⁹:
 * dot products in the windows, as long as flow is zero, and what their gradients take, for which every
 * position of the pyramid visits every pixel once for each four channels. Interpolation is left out.
 *
 * @param passes How often the dot products are done: forward, once more where recomputed, and for each
 * of the two gradients.
 */
export function onDemandGigaflop(
  { features, levels, radius }: Pick<RaftConfig, "features" | "levels" | "radius">,
  crop: Size,
  passes: number,
): number {
  const height = crop.height / 8, width = crop.width / 8, side = 2 * radius + 2;
  /** Places of all windows along one axis that lie in a level. */
  const inside = (length: number, level: number) => {
    const own = length >> level;
    let places = 0;
    for (let i = 0; i < length; i++) {
      const first = (i >> level) - radius;
      places += Math.max(0, Math.min(own, first + side) - Math.max(0, first));
    }
    return places;
  };
  let products = 0;
  for (let k = 0; k < levels; k++) products += inside(height, k) * inside(width, k) * features;
  const visits = pyramidSize({ height, width, levels, radius }) * features / 4 * height * width;
  return (2 * passes * products + VISIT * visits) / 1e9;
}

/**
 * Floating-point operations of a training step, in 10⁹: backward costs twice forward, and what is
 * recomputed runs forward twice. That leaves out little, so all of it is counted. Correlations are on
 * demand where the batch's volume is too large to be held.
 */
export function trainingGigaflop(
  { model, iterations, recompute }: Pick<RaftRecipe, "model" | "iterations" | "recompute">,
  crop: Size,
  batch: number,
): number {
  const passes = recompute ? 4 : 3;
  const height = crop.height / 8, width = crop.width / 8;
  const held = 4 * batch * height * width * pyramidSize({ ...model, height, width });
  const forward = forwardGigamacs(model, crop.height, crop.width, iterations);
  if (held <= LARGEST_VOLUME) return 2 * passes * batch * forward;
  const others = 2 * passes * (forward - volumeMacs(model, crop) / 1e9);
  return batch * (others + iterations * onDemandGigaflop(model, crop, passes));
}
