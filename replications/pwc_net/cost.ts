/**
 * PWC-Net's arithmetic, counted from its layers.
 *
 * @module
 */
import { FINEST, type PwcNetConfig } from "./model.ts";

/**
 * Multiply-accumulates of one forward pass over one picture pair, in 10⁹. Convolutions and cost
 * volumes count; warping and activations don't.
 *
 * @param height Multiple of 2 to the number of levels, as `width`.
 */
export function forwardGigamacs(config: PwcNetConfig, height: number, width: number): number {
  const { pyramid, convolutions, radius, dense, context } = config;
  const pixelsOf = (level: number) => height * width / 4 ** level;
  const volume = (2 * radius + 1) ** 2;
  const taps = 3 * 3, upTaps = 4 * 4;
  let macs = 0;
  pyramid.forEach((out, i) => {
    const perPixel = taps * out * ((pyramid[i - 1] ?? 3) + (convolutions - 1) * out);
    macs += 2 * pixelsOf(i + 1) * perPixel;
  });
  for (let level = pyramid.length; level >= FINEST; level--) {
    const features = pyramid[level - 1];
    let channels = level === pyramid.length ? volume : volume + features + 4;
    let perPixel = volume * features;
    for (const out of dense) {
      perPixel += taps * channels * out;
      channels += out;
    }
    perPixel += taps * channels * 2;
    if (level > FINEST) perPixel += upTaps * (channels + 2) * 2;
    else {
      for (const out of [...context, 2]) {
        perPixel += taps * channels * out;
        channels = out;
      }
    }
    macs += pixelsOf(level) * perPixel;
  }
  return macs / 1e9;
}

/** Floating-point operations of a training step, in 10⁹: backward costs twice forward. */
export function trainingGigaflop(
  config: PwcNetConfig,
  crop: { readonly height: number; readonly width: number },
  batch: number,
): number {
  return 2 * 3 * batch * forwardGigamacs(config, crop.height, crop.width);
}
