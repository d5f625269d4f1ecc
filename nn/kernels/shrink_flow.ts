/**
 * Shrinking a flow that is not known everywhere: means over the known vectors.
 *
 * Weights fall off linearly from the place of the coarse pixel, with aligned corners, and reach as far
 * as its neighbours (Caffe's `Downsample` layer of FlowNet and PWC-Net). A coarse vector is unknown
 * where the unknown vectors' weight exceeds half of the known ones'.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

/** Largest ratio of unknown to known weight at which the mean counts. */
const MOST_UNKNOWN = 0.5;

const SHRINK: Program = {
  name: "shrink flow",
  inputs: ["flow", "valid"],
  widths: [1, 1, 1],
  uniforms: {
    pixels: "i32", // batch · newHeight · newWidth
    height: "i32",
    width: "i32",
    newHeight: "i32",
    newWidth: "i32",
    factor: "f32",
  },
  workgroup: 64,
  code: `
// Place of coarse pixel i, and fine pixels from one coarse pixel to the next.
fn placeOf(i : i32, coarse : i32, fine : i32) -> vec2<f32> {
  let last = f32(fine - 1);
  if (coarse == 1) { return vec2<f32>(0.5 * last, max(last, 1.0)); }
  let step = last / f32(coarse - 1);
  return vec2<f32>(f32(i) * step, max(step, 1.0));
}
fn main(index : i32) {
  if (index >= uniforms.pixels) { return; }
  let image = index / (uniforms.newWidth * uniforms.newHeight);
  let x = placeOf(index % uniforms.newWidth, uniforms.newWidth, uniforms.width);
  let y = placeOf(index / uniforms.newWidth % uniforms.newHeight, uniforms.newHeight, uniforms.height);
  var sum = vec2<f32>(0.0);
  var known = 0.0;
  var unknown = 0.0;
  for (var row = max(0, i32(ceil(y.x - y.y))); row <= min(uniforms.height - 1, i32(floor(y.x + y.y))); row++) {
    let down = max(0.0, 1.0 - abs(f32(row) - y.x) / y.y);
    for (var column = max(0, i32(ceil(x.x - x.y)));
      column <= min(uniforms.width - 1, i32(floor(x.x + x.y))); column++) {
      let weight = down * max(0.0, 1.0 - abs(f32(column) - x.x) / x.y);
      let at = (image * uniforms.height + row) * uniforms.width + column;
      if (valid[at] > 0.0) {
        known += weight;
        sum += weight * vec2<f32>(flow[2 * at], flow[2 * at + 1]);
      } else {
        unknown += weight;
      }
    }
  }
  let counts = known > 0.0 && unknown <= ${MOST_UNKNOWN} * known;
  let mean = select(vec2<f32>(0.0), sum / max(known, 1e-20) * uniforms.factor, counts);
  result[3 * index] = mean.x;
  result[3 * index + 1] = mean.y;
  result[3 * index + 2] = select(0.0, 1.0, counts);
}`,
};

interface Attributes {
  readonly height: number;
  readonly width: number;
  readonly factor: number;
  readonly [key: string]: number;
}

const shrink = defineKernel<Attributes>({
  name: "ShrinkFlow",
  gpu(backend, { flow, valid }, { height, width, factor }) {
    const [batch, fineHeight, fineWidth] = flow.shape;
    const pixels = batch * height * width;
    const uniforms = [pixels, fineHeight, fineWidth, height, width, factor];
    return dispatch(backend, SHRINK, [flow, valid], [batch, height, width, 3], uniforms, pixels);
  },
  oracle({ flow, valid }, { height, width, factor }): HostTensor {
    const [batch, fineHeight, fineWidth] = flow.shape;
    const out = hostZeros([batch, height, width, 3]);
    const weightsOf = (i: number, coarse: number, fine: number) => {
      const step = (fine - 1) / Math.max(1, coarse - 1);
      const place = coarse === 1 ? (fine - 1) / 2 : i * step;
      return Array.from(
        { length: fine },
        (_, at) => Math.max(0, 1 - Math.abs(at - place) / Math.max(step, 1)),
      );
    };
    for (let i = 0; i < batch * height * width; i++) {
      const across = weightsOf(i % width, width, fineWidth);
      const down = weightsOf(Math.floor(i / width) % height, height, fineHeight);
      const image = Math.floor(i / width / height) * fineHeight * fineWidth;
      let u = 0, v = 0, known = 0, unknown = 0;
      down.forEach((dw, row) =>
        across.forEach((aw, column) => {
          const at = image + row * fineWidth + column;
          if (valid.data[at] > 0) {
            known += dw * aw;
            u += dw * aw * flow.data[2 * at];
            v += dw * aw * flow.data[2 * at + 1];
          } else {
            unknown += dw * aw;
          }
        })
      );
      if (known === 0 || unknown > MOST_UNKNOWN * known) continue;
      out.data.set([factor * u / known, factor * v / known, 1], 3 * i);
    }
    return out;
  },
});

/**
 * Shrinks ground-truth flow. It has no gradient.
 *
 * @param flow [batch, H, W, 2]; what is not valid is not read.
 * @param valid 1 where the flow is known, [batch, H, W, 1].
 * @param height Of the result, at most H.
 * @param width Of the result, at most W.
 * @param factor Of the vectors.
 * @returns Vectors, and 1 where they are known, [batch, height, width, 3]; zeros where they are not.
 */
export function shrinkFlow(
  flow: tf.Tensor4D,
  valid: tf.Tensor4D,
  height: number,
  width: number,
  factor: number,
): tf.Tensor4D {
  return shrink({ flow, valid }, { height, width, factor }) as tf.Tensor4D;
}
