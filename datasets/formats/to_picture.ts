/**
 * Decoded samples to RGB.
 *
 * @module
 */
import { ndarray, type Picture } from "../../base/arrays.ts";

/**
 * An RGB picture out of interleaved 8-bit samples: grey is repeated in all three channels, alpha is
 * dropped.
 *
 * @param samples Row-major, `channels` a pixel. RGB samples are kept, not copied.
 * @param channels 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA).
 * @returns Shape [height, width, 3].
 */
export function toPicture(
  samples: Uint8Array,
  height: number,
  width: number,
  channels: number,
): Picture {
  if (channels === 3) return ndarray(samples, [height, width, 3]);
  const green = channels > 2 ? 1 : 0, blue = 2 * green;
  const rgb = new Uint8Array(3 * height * width);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    rgb[to] = samples[from];
    rgb[to + 1] = samples[from + green];
    rgb[to + 2] = samples[from + blue];
  }
  return ndarray(rgb, [height, width, 3]);
}
