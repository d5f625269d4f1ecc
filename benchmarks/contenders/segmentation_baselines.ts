/**
 * Baselines for motion segmentation that learn nothing.
 *
 * @module
 */
import { type FlowField, type NdArray, ndarray, packed } from "../../base/arrays.ts";
import type { Segmentation, SegmentationContender } from "./segmentation.ts";

const stampOf = (name: string): SegmentationContender["stamp"] => ({
  kind: "baseline",
  name,
  digest: null,
  parameters: 0,
});

const foregroundOf = (first: NdArray<Float32Array>): Segmentation => ({
  first,
  foreground: "first",
});

/** One segment: everything is foreground. What a model of a single segment amounts to. */
export function everything(): SegmentationContender {
  return {
    stamp: stampOf("everything, one segment"),
    segment({ image: { shape: [height, width] } }) {
      const all = new Float32Array(height * width).fill(1);
      return Promise.resolve(foregroundOf(ndarray(all, [height, width])));
    },
  };
}

/** The box in the middle that covers a quarter of the picture: half its height, half its width. */
export function centerBox(): SegmentationContender {
  return {
    stamp: stampOf("centre box"),
    segment({ image: { shape: [height, width] } }) {
      const inside = (at: number, length: number) => at >= length / 4 && at < 3 * length / 4;
      const values = Float32Array.from({ length: height * width }, (_, i) => {
        return inside(Math.floor(i / width), height) && inside(i % width, width) ? 1 : 0;
      });
      return Promise.resolve(foregroundOf(ndarray(values, [height, width])));
    },
  };
}

/** Foreground is where the flow is long; how long, Otsu's threshold says frame by frame. */
export function movingPixels(): SegmentationContender {
  return {
    stamp: stampOf("flow magnitude"),
    segment: async ({ flow }) => foregroundOf(aboveOtsu(lengthsFrom(await flow(), 0, 0))),
  };
}

/**
 * One segment with constant motion, the whole frame's mean: foreground is what it leaves unexplained,
 * by Otsu's threshold of the residual's length.
 */
export function constantMotion(): SegmentationContender {
  return {
    stamp: stampOf("residual of constant motion"),
    async segment({ flow }) {
      const field = await flow();
      const values = packed(field);
      let u = 0, v = 0;
      for (let i = 0; i < values.length; i += 2) {
        u += values[i] * 2 / values.length;
        v += values[i + 1] * 2 / values.length;
      }
      return foregroundOf(aboveOtsu(lengthsFrom(field, u, v)));
    },
  };
}

/** Distance of each flow vector from (u, v), [height, width]. */
function lengthsFrom(flow: FlowField, u: number, v: number): NdArray<Float32Array> {
  const [height, width] = flow.shape;
  const values = packed(flow);
  const lengths = Float32Array.from(
    { length: height * width },
    (_, i) => Math.hypot(values[2 * i] - u, values[2 * i + 1] - v),
  );
  return ndarray(lengths, [height, width]);
}

const BINS = 256;

/** 1 where a value is above Otsu's threshold: the one that leaves the two sides least variance. */
function aboveOtsu(map: NdArray<Float32Array>): NdArray<Float32Array> {
  const values = packed(map);
  const top = values.reduce((a, b) => Math.max(a, b), 0);
  const histogram = new Float64Array(BINS);
  const binOf = (value: number) =>
    top === 0 ? 0 : Math.min(BINS - 1, Math.floor(value / top * BINS));
  for (const value of values) histogram[binOf(value)]++;
  const total = values.length;
  const sum = histogram.reduce((all, count, bin) => all + count * bin, 0);
  let below = 0, sumBelow = 0, best = -1, threshold = 0;
  for (let bin = 0; bin < BINS - 1; bin++) {
    below += histogram[bin];
    sumBelow += histogram[bin] * bin;
    if (below === 0 || below === total) continue;
    const between = below * (total - below) *
      (sumBelow / below - (sum - sumBelow) / (total - below)) ** 2;
    if (between > best) [best, threshold] = [between, bin];
  }
  return ndarray(Float32Array.from(values, (value) => binOf(value) > threshold ? 1 : 0), map.shape);
}
