/**
 * RAFT's arithmetic, counted from its layers.
 *
 * @module
 */
import type { RaftConfig } from "./model.ts";
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
  const volume = eighth * eighth * features;
  return (2 * encoder(features) + encoder(hidden + context) + volume +
    iterations * eighth * perIteration) / 1e9;
}

/**
 * Floating-point operations of a training step, in 10⁹: backward costs twice forward, and what is
 * recomputed runs forward twice. That leaves out little, so all of it is counted.
 */
export function trainingGigaflop(
  { model, iterations, recompute }: Pick<RaftRecipe, "model" | "iterations" | "recompute">,
  crop: { readonly height: number; readonly width: number },
  batch: number,
): number {
  const passes = recompute ? 4 : 3;
  return 2 * passes * batch * forwardGigamacs(model, crop.height, crop.width, iterations);
}
