/**
 * Backward warping that keeps only what lies inside the picture (PWC-Net's warping layer).
 *
 * Where bilinear sampling fades a sample out on its way over the border, this drops it altogether:
 * all its channels are zero. Places are computed in one dispatch, and those to be dropped are put far
 * outside, where sampling finds zeros and hands back no gradient.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { gridSample } from "./grid_sample.ts";
import { defineGradient, defineKernel, hostZeros } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

/** So far outside that sampling finds nothing. */
const NOWHERE = -1e6;

const PLACES: Program = {
  name: "warp places",
  inputs: ["flow"],
  widths: [1, 1],
  uniforms: { pixels: "i32", height: "i32", width: "i32", scale: "f32", least: "f32" },
  workgroup: 64,
  code: `
fn inside(at : f32, length : i32) -> f32 { return 1.0 - max(max(-at, at - f32(length - 1)), 0.0); }
fn main(index : i32) {
  if (index >= uniforms.pixels) { return; }
  let x = f32(index % uniforms.width) + uniforms.scale * flow[index * 2];
  let y = f32(index / uniforms.width % uniforms.height) + uniforms.scale * flow[index * 2 + 1];
  let across = inside(x, uniforms.width);
  let down = inside(y, uniforms.height);
  // Both may be negative, so that their product alone says nothing.
  let kept = across > 0.0 && across * down >= uniforms.least;
  result[index * 2] = select(${NOWHERE}, x, kept);
  result[index * 2 + 1] = select(${NOWHERE}, y, kept);
}`,
};

interface Attributes {
  readonly scale: number;
  readonly least: number;
}

const places = defineKernel<Attributes>({
  name: "WarpPlaces",
  gpu(backend, { flow }, { scale, least }) {
    const [batch, height, width] = flow.shape;
    const pixels = batch * height * width;
    const uniforms = [pixels, height, width, scale, least];
    return dispatch(backend, PLACES, [flow], flow.shape, uniforms, pixels);
  },
  oracle({ flow }, { scale, least }) {
    const [batch, height, width] = flow.shape;
    const out = hostZeros(flow.shape);
    const inside = (at: number, length: number) => 1 - Math.max(-at, at - (length - 1), 0);
    for (let i = 0; i < batch * height * width; i++) {
      const x = i % width + scale * flow.data[2 * i];
      const y = Math.floor(i / width) % height + scale * flow.data[2 * i + 1];
      const across = inside(x, width);
      const kept = across > 0 && across * inside(y, height) >= least;
      out.data[2 * i] = kept ? x : NOWHERE;
      out.data[2 * i + 1] = kept ? y : NOWHERE;
    }
    return out;
  },
});

// Where a sample was dropped, sampling hands back zeros.
defineGradient<Attributes>("WarpPlaces", [], {
  flow: (dy, _inputs, { scale }) => tf.mul(dy, scale),
});

/**
 * Warps map 2 back onto map 1 and drops samples of which more than rounding lies outside.
 *
 * @param image Map 2, [batch, height, width, channels].
 * @param flow From map 1 to map 2, [batch, height, width, 2].
 * @param scale Factor that brings the flow to the map's pixels.
 * @param least Share of a sample's weight that must lie inside. Less than 1, so that rounding doesn't
 * drop what lies on the border.
 * @returns [batch, height, width, channels]. Differentiable with respect to both; what is dropped has
 * no gradient.
 */
export function warpInside(
  image: tf.Tensor4D,
  flow: tf.Tensor4D,
  scale: number,
  least = 0.9999,
): tf.Tensor4D {
  return gridSample(image, places({ flow }, { scale, least }) as tf.Tensor4D);
}
