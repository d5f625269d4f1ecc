import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ndarray, packed } from "../../base/arrays.ts";
import { affinities, groupShare, normalizedCut } from "./merge.ts";

Deno.test("affinities are cosines of mean features, cut off at almost nothing", () => {
  const shares = ndarray(Float32Array.of(1, 0, 0, 0, 0.5, 0.5), [1, 2, 3]);
  const features = ndarray(Float32Array.of(3, 0, 0, 2), [1, 2, 2]);
  const affinity = affinities(shares, features);
  assertEquals(affinity[0], [1, 1e-6, 1e-6]);
  assertAlmostEquals(affinity[1][2], 1);
  // A segment that is nowhere looks like nothing.
  const none = affinities(
    ndarray(Float32Array.of(1, 0), [1, 1, 2]),
    ndarray(Float32Array.of(1), [1, 1, 1]),
  );
  assertEquals(none, [[1, 1e-6], [1e-6, 1e-6]]);
});

Deno.test("the normalised cut separates the pair that looks alike from the rest", () => {
  const affinity = [
    [1, 0.1, 0.9, 0.2],
    [0.1, 1, 0.1, 0.8],
    [0.9, 0.1, 1, 0.1],
    [0.2, 0.8, 0.1, 1],
  ];
  assertEquals(normalizedCut(affinity), [true, false, true, false]);
  // The division of scikit-learn's spectral clustering; with likeness to itself, 1 would be alone.
  const close = [
    [1, 0.81, 0.83, 0.85],
    [0.81, 1, 0.6, 0.69],
    [0.83, 0.6, 1, 0.89],
    [0.85, 0.69, 0.89, 1],
  ];
  assertEquals(normalizedCut(close), [true, true, false, false]);
  assertEquals(normalizedCut([[1, 0.5], [0.5, 1]]), [true, false]);
  assertEquals(normalizedCut([[1]]), [true]);
});

Deno.test("a group's share is the sum of its segments'", () => {
  const shares = ndarray(new Float32Array(3 * 4 * 2), [3, 4, 2]);
  for (let i = 0; i < 12; i++) shares.data.set(i === 5 || i === 6 ? [0.1, 0.9] : [0.7, 0.3], 2 * i);
  const share = groupShare(shares, [false, true]);
  assertEquals(share.shape, [3, 4]);
  assertAlmostEquals(packed(share)[5], 0.9, 1e-6);
  assertAlmostEquals(packed(share)[0], 0.3, 1e-6);
});
