/**
 * RAFT's learned upsampling (Teed & Deng 2020, section 3.3): every fine pixel is a convex combination
 * of the 3×3 coarse neighbours of its cell.
 *
 * `up[8y+i, 8x+j] = Σ_k softmax_k(mask[y, x, k, i, j]) · 8 · flow[y+dy, x+dx]` with k = 3(dy+1) + (dx+1)
 * and zeros outside the map. Mask channels are `k·64 + 8i + j`.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

/** Upsampling factor of RAFT's features and flow. */
export const FACTOR = 8;
const CELL = FACTOR * FACTOR;

const MAP = { batch: "i32", height: "i32", width: "i32" } as const;

/** WGSL: softmax weights of fine pixel `cell` of coarse pixel `at`, and a neighbour's index or -1. */
const WGSL_WEIGHTS = `
fn softmax9(at : i32, cell : i32) -> array<f32, 9> {
  var w : array<f32, 9>;
  var top = mask[at * ${9 * CELL} + cell];
  for (var k = 0; k < 9; k++) {
    w[k] = mask[at * ${9 * CELL} + k * ${CELL} + cell];
    top = max(top, w[k]);
  }
  var sum = 0.0;
  for (var k = 0; k < 9; k++) { w[k] = exp(w[k] - top); sum += w[k]; }
  for (var k = 0; k < 9; k++) { w[k] = w[k] / sum; }
  return w;
}`;
const WGSL_NEIGHBOUR = `
fn neighbour(at : i32, k : i32) -> i32 {
  let y = at / uniforms.width % uniforms.height + k / 3 - 1;
  let x = at % uniforms.width + k % 3 - 1;
  if (y < 0 || x < 0 || y >= uniforms.height || x >= uniforms.width) { return -1; }
  return at + (k / 3 - 1) * uniforms.width + k % 3 - 1;
}
fn fine(at : i32, cell : i32) -> i32 {
  let y = at / uniforms.width * ${FACTOR} + cell / ${FACTOR};
  return y * uniforms.width * ${FACTOR} + at % uniforms.width * ${FACTOR} + cell % ${FACTOR};
}`;

const UPSAMPLE: Program = {
  name: "convex upsample",
  inputs: ["flow", "mask"],
  widths: [1, 1, 1],
  uniforms: MAP,
  workgroup: 64,
  code: `${WGSL_WEIGHTS}${WGSL_NEIGHBOUR}
fn main(index : i32) {
  let at = index / ${CELL};
  if (at >= uniforms.batch * uniforms.height * uniforms.width) { return; }
  let cell = index % ${CELL};
  let w = softmax9(at, cell);
  var u = 0.0;
  var v = 0.0;
  for (var k = 0; k < 9; k++) {
    let n = neighbour(at, k);
    if (n >= 0) {
      u += w[k] * flow[n * 2];
      v += w[k] * flow[n * 2 + 1];
    }
  }
  let to = fine(at, cell) * 2;
  result[to] = u * ${FACTOR}.0;
  result[to + 1] = v * ${FACTOR}.0;
}`,
};

const GRADIENT_MASK: Program = {
  name: "convex upsample gradient mask",
  inputs: ["dy", "flow", "mask"],
  widths: [1, 1, 1, 1],
  uniforms: MAP,
  workgroup: 64,
  code: `${WGSL_WEIGHTS}${WGSL_NEIGHBOUR}
fn main(index : i32) {
  let at = index / ${CELL};
  if (at >= uniforms.batch * uniforms.height * uniforms.width) { return; }
  let cell = index % ${CELL};
  let w = softmax9(at, cell);
  let to = fine(at, cell) * 2;
  var slope : array<f32, 9>;
  var mean = 0.0;
  for (var k = 0; k < 9; k++) {
    let n = neighbour(at, k);
    slope[k] = 0.0;
    if (n >= 0) { slope[k] = ${FACTOR}.0 * (dy[to] * flow[n * 2] + dy[to + 1] * flow[n * 2 + 1]); }
    mean += w[k] * slope[k];
  }
  for (var k = 0; k < 9; k++) {
    result[at * ${9 * CELL} + k * ${CELL} + cell] = w[k] * (slope[k] - mean);
  }
}`,
};

const GRADIENT_FLOW: Program = {
  name: "convex upsample gradient flow",
  inputs: ["dy", "mask"],
  widths: [1, 1, 1],
  uniforms: MAP,
  workgroup: 64,
  code: `${WGSL_WEIGHTS}${WGSL_NEIGHBOUR}
fn main(index : i32) {
  if (index >= uniforms.batch * uniforms.height * uniforms.width) { return; }
  var sum = vec2<f32>(0.0);
  for (var k = 0; k < 9; k++) {
    // The cell whose neighbour k this pixel is lies in the opposite direction.
    let at = neighbour(index, 8 - k);
    if (at < 0) { continue; }
    for (var cell = 0; cell < ${CELL}; cell++) {
      let w = softmax9(at, cell);
      let to = fine(at, cell) * 2;
      sum += w[k] * vec2<f32>(dy[to], dy[to + 1]);
    }
  }
  result[index * 2] = sum.x * ${FACTOR}.0;
  result[index * 2 + 1] = sum.y * ${FACTOR}.0;
}`,
};

/** Calls `visit` for every (fine pixel, coarse pixel, its neighbour or -1, cell, softmax weights). */
function forEachCell(
  mask: HostTensor,
  visit: (fine: number, at: number, neighbours: number[], cell: number, weights: number[]) => void,
): void {
  const [batch, height, width] = mask.shape;
  for (let at = 0; at < batch * height * width; at++) {
    const y = Math.floor(at / width) % height, x = at % width;
    const neighbours = Array.from({ length: 9 }, (_, k) => {
      const dy = Math.floor(k / 3) - 1, dx = k % 3 - 1;
      const inside = y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width;
      return inside ? at + dy * width + dx : -1;
    });
    for (let cell = 0; cell < CELL; cell++) {
      const logits = neighbours.map((_, k) => mask.data[at * 9 * CELL + k * CELL + cell]);
      const top = Math.max(...logits);
      const exponentials = logits.map((l) => Math.exp(l - top));
      const sum = exponentials.reduce((a, b) => a + b);
      const row = Math.floor(at / width) * FACTOR + Math.floor(cell / FACTOR);
      const fine = row * width * FACTOR + x * FACTOR + cell % FACTOR;
      visit(fine, at, neighbours, cell, exponentials.map((e) => e / sum));
    }
  }
}

const pixels = (map: { shape: readonly number[] }) => map.shape[0] * map.shape[1] * map.shape[2];

const upsample = defineKernel<Record<never, never>>({
  name: "ConvexUpsample",
  gpu(backend, { flow, mask }) {
    const [batch, height, width] = mask.shape;
    const shape = [batch, height * FACTOR, width * FACTOR, 2];
    return dispatch(
      backend,
      UPSAMPLE,
      [flow, mask],
      shape,
      [batch, height, width],
      pixels(mask) * CELL,
    );
  },
  oracle({ flow, mask }) {
    const [batch, height, width] = mask.shape;
    const out = hostZeros([batch, height * FACTOR, width * FACTOR, 2]);
    forEachCell(mask, (fine, _at, neighbours, _cell, weights) => {
      for (let c = 0; c < 2; c++) {
        let sum = 0;
        neighbours.forEach((n, k) => sum += n < 0 ? 0 : weights[k] * flow.data[n * 2 + c]);
        out.data[fine * 2 + c] = FACTOR * sum;
      }
    });
    return out;
  },
});

const gradientMask = defineKernel<Record<never, never>>({
  name: "ConvexUpsampleGradientMask",
  gpu(backend, { dy, flow, mask }) {
    const [batch, height, width] = mask.shape;
    const size = pixels(mask) * CELL;
    return dispatch(
      backend,
      GRADIENT_MASK,
      [dy, flow, mask],
      mask.shape,
      [batch, height, width],
      size,
    );
  },
  oracle({ dy, flow, mask }) {
    const out = hostZeros(mask.shape);
    forEachCell(mask, (fine, at, neighbours, cell, weights) => {
      const slopes = neighbours.map((n) =>
        n < 0 ? 0 : FACTOR *
          (dy.data[fine * 2] * flow.data[n * 2] + dy.data[fine * 2 + 1] * flow.data[n * 2 + 1])
      );
      const mean = slopes.reduce((sum, slope, k) => sum + weights[k] * slope, 0);
      slopes.forEach((slope, k) => {
        out.data[at * 9 * CELL + k * CELL + cell] = weights[k] * (slope - mean);
      });
    });
    return out;
  },
});

const gradientFlow = defineKernel<Record<never, never>>({
  name: "ConvexUpsampleGradientFlow",
  gpu(backend, { dy, mask }) {
    const [batch, height, width] = mask.shape;
    const shape = [batch, height, width, 2];
    return dispatch(
      backend,
      GRADIENT_FLOW,
      [dy, mask],
      shape,
      [batch, height, width],
      pixels(mask),
    );
  },
  oracle({ dy, mask }) {
    const [batch, height, width] = mask.shape;
    const out = hostZeros([batch, height, width, 2]);
    forEachCell(mask, (fine, _at, neighbours, _cell, weights) => {
      neighbours.forEach((n, k) => {
        if (n < 0) return;
        for (let c = 0; c < 2; c++) {
          out.data[n * 2 + c] += FACTOR * weights[k] * dy.data[fine * 2 + c];
        }
      });
    });
    return out;
  },
});

defineGradient("ConvexUpsample", ["flow", "mask"], {
  flow: (dy, { mask }) => gradientFlow({ dy, mask }, {}),
  mask: (dy, { flow, mask }) => gradientMask({ dy, flow, mask }, {}),
});

/**
 * Upsamples a flow field by 8.
 *
 * @param flow [batch, h, w, 2], in coarse pixels.
 * @param mask Logits, [batch, h, w, 576].
 * @returns [batch, 8h, 8w, 2], in fine pixels. Differentiable with respect to both.
 */
export function convexUpsample(flow: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D {
  return upsample({ flow, mask }, {}) as tf.Tensor4D;
}
