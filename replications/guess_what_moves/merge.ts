/**
 * From K segments to two groups, for benchmarks that know foreground and background only.
 *
 * @module
 */
import { type NdArray, ndarray, packed } from "../../base/arrays.ts";

/** Cosines are cut off below, so that every edge of the graph has some weight. */
const LEAST = 1e-6;

/**
 * How alike segments look: cosines of their mean features, weighted by the soft segments.
 *
 * @param shares Soft segments, [height, width, segments].
 * @param features Of the same height and width, [height, width, channels].
 * @returns [segments][segments], at least 1e-6.
 */
export function affinities(
  shares: NdArray<Float32Array>,
  features: NdArray<Float32Array>,
): number[][] {
  const [height, width, segments] = shares.shape;
  const channels = features.shape[2];
  const [masks, values] = [packed(shares), packed(features)];
  const means = Array.from({ length: segments }, () => new Float64Array(channels));
  for (let at = 0; at < height * width; at++) {
    for (let k = 0; k < segments; k++) {
      const weight = masks[at * segments + k];
      for (let c = 0; c < channels; c++) means[k][c] += weight * values[at * channels + c];
    }
  }
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const lengths = means.map((mean) => Math.sqrt(dot(mean, mean)));
  return means.map((a, i) =>
    means.map((b, j) => {
      const product = lengths[i] * lengths[j];
      return Math.max(LEAST, product === 0 ? 0 : dot(a, b) / product);
    })
  );
}

/**
 * The two groups with the smallest normalised cut (Shi & Malik 2000), by trying all: of four segments
 * there are seven divisions. The paper's code leaves it to spectral clustering, which approximates it.
 *
 * @param affinity Symmetric.
 * @returns For each segment, whether it belongs to the first group, which the first segment is in.
 */
export function normalizedCut(affinity: readonly (readonly number[])[]): boolean[] {
  const count = affinity.length;
  // Likeness to itself is no edge, as in scikit-learn's Laplacian: it would favour lone segments.
  const degrees = affinity.map((row, i) =>
    row.reduce((sum, value, j) => i === j ? sum : sum + value, 0)
  );
  let best: { cut: number; groups: boolean[] } | null = null;
  // Bit k - 1 says whether segment k joins the first; all joining is no division.
  for (let bits = 0; bits < 2 ** (count - 1) - 1; bits++) {
    const groups = degrees.map((_, k) => k === 0 || ((bits >> (k - 1)) & 1) === 1);
    let between = 0;
    const volume = [0, 0];
    for (let i = 0; i < count; i++) {
      volume[Number(groups[i])] += degrees[i];
      for (let j = 0; j < count; j++) if (groups[i] && !groups[j]) between += affinity[i][j];
    }
    const cut = between / volume[0] + between / volume[1];
    if (!best || cut < best.cut) best = { cut, groups };
  }
  return best?.groups ?? degrees.map(() => true);
}

/** Share of the first group at each pixel, [height, width]. */
export function groupShare(
  shares: NdArray<Float32Array>,
  groups: readonly boolean[],
): NdArray<Float32Array> {
  const [height, width, segments] = shares.shape;
  const values = packed(shares);
  const sums = Float32Array.from({ length: height * width }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < segments; k++) if (groups[k]) sum += values[at * segments + k];
    return sum;
  });
  return ndarray(sums, [height, width]);
}
