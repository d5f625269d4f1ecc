/**
 * From K segments to background and foreground by how they move.
 *
 * @module
 */
import { type NdArray, packed } from "../../base/arrays.ts";
import { fittedFlow } from "../../nn/kernels/motion_fit.ts";

/**
 * The background by its motion: the segment that covers most of the border, joined, the nearest first,
 * by every segment whose flow its affine motion explains. That motion is fitted again each time. For
 * scenes of several objects, each with a motion of its own.
 *
 * @param shares Soft segments, [height, width, segments].
 * @param flow In pixels, [height, width, 2].
 * @param unexplained What may be left of a segment's flow, on average: a share of the mean distance of
 * the frame's flow from its mean.
 * @returns For each segment, whether it is background; never all of them.
 */
export function motionSegments(
  shares: NdArray<Float32Array>,
  flow: NdArray<Float32Array>,
  unexplained: number,
): boolean[] {
  const values = packed(flow);
  const segments = hardSegments(shares);
  const limit = unexplained * meanDistance(values, mean(values));
  const atBorder = segments.map((segment) => borderShare(segment, shares.shape));
  const most = atBorder.indexOf(Math.max(...atBorder));
  const background = atBorder.map((_, k) => k === most);
  while (background.filter((is) => !is).length > 1) {
    const explained = affineMotion(union(segments, background), flow);
    const left = segments.map((segment, k) =>
      background[k] ? Infinity : meanDistance(values, explained, segment)
    );
    const nearest = left.indexOf(Math.min(...left));
    if (!(left[nearest] < limit)) break;
    background[nearest] = true;
  }
  return background;
}

/**
 * The two groups whose two affine motions explain the flow best, by trying all divisions; the one that
 * covers more of the border is background. For scenes of one object.
 *
 * @returns For each segment, whether it is background; never all of them, nor none.
 */
export function twoMotions(
  shares: NdArray<Float32Array>,
  flow: NdArray<Float32Array>,
): boolean[] {
  const values = packed(flow);
  const segments = hardSegments(shares);
  const unexplained = (group: Float32Array) => {
    const explained = affineMotion(group, flow);
    return group.reduce((sum, weight, at) => {
      const [u, v] = [0, 1].map((c) => values[2 * at + c] - explained[2 * at + c]);
      return sum + weight * (u * u + v * v);
    }, 0);
  };
  let best = { left: Infinity, background: segments.map((_, k) => k === 0) };
  // Bit k says whether segment k is of the first group; the last never is.
  for (let bits = 1; bits < 2 ** (segments.length - 1); bits++) {
    const first = segments.map((_, k) => ((bits >> k) & 1) === 1);
    const second = first.map((is) => !is);
    const groups = [first, second].map((group) => union(segments, group));
    if (groups.some((group) => group.every((weight) => weight === 0))) continue;
    const left = unexplained(groups[0]) + unexplained(groups[1]);
    if (left >= best.left) continue;
    const [a, b] = groups.map((group) => borderShare(group, shares.shape));
    best = { left, background: a >= b ? first : second };
  }
  return best.background;
}

/**
 * Masks of the segments, in which each pixel counts for one: what a segment only touches says nothing
 * of its motion.
 */
function hardSegments(shares: NdArray<Float32Array>): Float32Array[] {
  const count = shares.shape[2];
  const labels = largestOf(packed(shares), count);
  return Array.from(
    { length: count },
    (_, k) => Float32Array.from(labels, (label) => label === k ? 1 : 0),
  );
}

/** Those of the segments that `of` names, together. */
function union(segments: readonly Float32Array[], of: readonly boolean[]): Float32Array {
  return segments[0].map((_, at) =>
    segments.reduce((sum, segment, k) => of[k] ? sum + segment[at] : sum, 0)
  );
}

/** The segment with the largest share at each pixel. */
function largestOf(shares: Float32Array, count: number): Uint8Array {
  return Uint8Array.from({ length: shares.length / count }, (_, at) => {
    const own = shares.subarray(at * count, (at + 1) * count);
    return own.indexOf(Math.max(...own));
  });
}

/** How much of the border a segment covers. */
function borderShare(segment: Float32Array, [height, width]: readonly number[]): number {
  return segment.reduce((sum, value, at) => {
    const y = Math.floor(at / width), x = at % width;
    const outer = y === 0 || x === 0 || y === height - 1 || x === width - 1;
    return outer ? sum + value : sum;
  }, 0);
}

/** The affine flow that fits best, at every pixel. */
function affineMotion(weights: Float32Array, flow: NdArray<Float32Array>): Float32Array {
  const { shape } = flow;
  const segment = { shape: shape.slice(0, 2), data: weights };
  const fitted = fittedFlow(segment, { shape, data: packed(flow) }, { model: "affine" });
  return Float32Array.from(fitted);
}

/** The mean vector at every pixel. */
function mean(flow: Float32Array): Float32Array {
  const sums = [0, 0];
  flow.forEach((value, i) => sums[i % 2] += value);
  return flow.map((_, i) => 2 * sums[i % 2] / flow.length);
}

/** Mean length of the difference of two flow fields, weighted; 0 where nothing weighs. */
function meanDistance(a: Float32Array, b: Float32Array, weights?: Float32Array): number {
  let sum = 0, mass = 0;
  for (let i = 0; i < a.length; i += 2) {
    const weight = weights ? weights[i / 2] : 1;
    sum += weight * Math.hypot(a[i] - b[i], a[i + 1] - b[i + 1]);
    mass += weight;
  }
  return mass > 0 ? sum / mass : 0;
}
