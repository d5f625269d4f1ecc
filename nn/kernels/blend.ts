/**
 * One array drawn towards another, in place: y ← keep · y + (1 − keep) · x.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { inPlace } from "./in_place.ts";
import type { HostTensor } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

const BLEND: Program = {
  name: "blend",
  inputs: ["x"],
  widths: [4, 4],
  uniforms: { vectors: "i32", keep: "f32", take: "f32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.vectors) { return; }
  result[index] = uniforms.keep * result[index] + uniforms.take * x[index];
}`,
};

/** {@link blend} by a plain loop. */
export function blendOracle(y: HostTensor["data"], x: HostTensor["data"], keep: number): void {
  for (let i = 0; i < y.length; i++) y[i] = keep * y[i] + (1 - keep) * x[i];
}

/**
 * Draws `y` towards `x`, of the same size: a multiple of 4, as flat arrays have.
 *
 * @param keep Share of `y` that stays; at 0 it becomes `x`.
 */
export function blend(y: tf.Tensor, x: tf.Tensor, keep: number): void {
  inPlace({
    gpu(backend) {
      const vectors = y.size / 4;
      dispatch(backend, BLEND, [x], y, [vectors, keep, 1 - keep], vectors);
    },
    cpu: (host) => blendOracle(host(y), host(x), keep),
  });
}
