/**
 * Renders a scene's pictures.
 *
 * Layers are painted from far to near, each pixel by its exact share of the outline. Motion blur
 * is the mean of several instants within the exposure.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";
import { invert } from "../../base/affine.ts";
import { Coverage } from "./coverage.ts";
import { PAGE_LENGTH, whiteNoise } from "./randomness.ts";
import type { Layer, Scene } from "./scene.ts";

/** Instants a blurred frame is the mean of. */
const BLUR_INSTANTS = 5;

/** Renders all frames, [frames, height, width, 3]; `random` feeds the camera noise. */
export function renderFrames(scene: Scene, random: RandomStream): Uint8Array {
  const { height, width, frames, exposure } = scene;
  const size = height * width * 3;
  const coverage = new Coverage(width, height);
  const instant = new Float32Array(size), light = new Float32Array(size);
  const pictures = new Uint8Array(frames * size);
  const instants = exposure > 0 ? BLUR_INSTANTS : 1;
  for (let time = 0; time < frames; time++) {
    light.fill(0);
    for (let i = 0; i < instants; i++) {
      const offset = exposure * ((i + 0.5) / instants - 0.5);
      for (const layer of scene.layers) paintLayer(layer, time + offset, instant, coverage, scene);
      for (let at = 0; at < size; at++) light[at] += instant[at] / instants;
    }
    expose(light, scene, time, random, pictures.subarray(time * size, (time + 1) * size));
  }
  return pictures;
}

/** Paints one layer over a picture; a layer without an outline paints all of it. */
function paintLayer(
  { outline, texture, poseAt }: Layer,
  time: number,
  picture: Float32Array,
  coverage: Coverage,
  { height, width }: Scene,
): void {
  const pose = poseAt(time);
  const [a, b, c, d, e, f] = invert(pose);
  if (outline === null) {
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at += 3) {
        texture.paint(picture, at, a * x + b * y + c, d * x + e * y + f, 1);
      }
    }
    return;
  }
  if (!coverage.compute(outline, pose)) return;
  const { left, top, values, stride } = coverage;
  for (let row = 0; row < coverage.height; row++) {
    const y = top + row;
    for (let column = 0; column < coverage.width; column++) {
      const opacity = values[row * stride + column];
      if (opacity === 0) continue;
      const x = left + column;
      const at = 3 * (y * width + x);
      texture.paint(picture, at, a * x + b * y + c, d * x + e * y + f, opacity);
    }
  }
}

/** Applies gain and noise and rounds to grey levels. */
function expose(
  light: Float32Array,
  { noise, width, gainAt }: Scene,
  time: number,
  random: RandomStream,
  picture: Uint8Array,
): void {
  const gains = gainAt(time), white = whiteNoise();
  let page = 0;
  for (let at = 0; at < light.length; at++) {
    // Each row reads the page of white noise from a place of its own.
    if (at % (3 * width) === 0) page = random.integer(0, PAGE_LENGTH);
    const value = light[at] * gains[at % 3] + noise * white[(page + at) & (PAGE_LENGTH - 1)];
    picture[at] = Math.min(255, Math.max(0, Math.round(value)));
  }
}
