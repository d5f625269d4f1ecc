/**
 * Dropout whose choices are a pure function of a seed, so that resumed training repeats them.
 *
 * Each element is dropped if a hash of the seed, of the place in the model and of its index says so,
 * and divided by the probability of staying otherwise. Neither choices nor a mask are kept: the
 * gradient computes them again.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

interface Attributes {
  readonly rate: number;
  /** Tells apart places that share a seed. */
  readonly place: number;
}

const PROGRAM: Program = {
  name: "dropout",
  inputs: ["x", "seed"],
  widths: [1, "i32", 1],
  uniforms: { size: "i32", rate: "f32", place: "i32" },
  workgroup: 64,
  code: `
fn mixed(bits : u32) -> u32 {
  var h = bits;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let stream = mixed(bitcast<u32>(seed[0]) + 0x9e3779b9u * bitcast<u32>(uniforms.place));
  // 24 bits, which float32 holds exactly.
  let drawn = f32(mixed(stream + 0x9e3779b9u * u32(index)) >> 8u) / 16777216.0;
  result[index] = select(x[index] / (1.0 - uniforms.rate), 0.0, drawn < uniforms.rate);
}`,
};

/** The finaliser of MurmurHash3. */
function mixed(bits: number): number {
  let h = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const kernel = defineKernel<Attributes>({
  name: "SeededDropout",
  gpu(backend, { x, seed }, { rate, place }) {
    const size = tf.util.sizeFromShape(x.shape);
    return dispatch(backend, PROGRAM, [x, seed], x.shape, [size, rate, place], size);
  },
  oracle({ x, seed }, { rate, place }) {
    const stream = mixed((seed.data[0] + Math.imul(0x9e3779b9, place)) | 0);
    const data = Float64Array.from(x.data, (value, index) => {
      const drawn = (mixed((stream + Math.imul(0x9e3779b9, index)) | 0) >>> 8) / 2 ** 24;
      return drawn < Math.fround(rate) ? 0 : value / (1 - rate);
    });
    return { shape: x.shape, data };
  },
});

defineGradient<Attributes>("SeededDropout", ["seed"], {
  x: (dy, { seed }, attributes) => kernel({ x: dy, seed }, attributes),
});

/**
 * Drops elements at random.
 *
 * @param seed One integer, [1], of type int32: the same seed drops the same elements.
 * @param rate Share that is dropped, from 0 to less than 1.
 * @param place A number that tells this use of the seed from others.
 * @returns Shaped like `x`. Differentiable with respect to `x`.
 */
export function dropout<T extends tf.Tensor>(
  x: T,
  seed: tf.Tensor1D,
  rate: number,
  place: number,
): T {
  return kernel({ x, seed }, { rate, place }) as T;
}
