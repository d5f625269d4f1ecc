import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type Mask, ndarray } from "../../base/arrays.ts";
import { boundaryF, jaccard, SegmentationMetrics } from "./segmentation.ts";

/** A filled ellipse: centre row and column, and half its height and width. */
function ellipse(
  height: number,
  width: number,
  [cy, cx, ry, rx]: readonly number[],
): Mask {
  const inside = (i: number) =>
    ((Math.floor(i / width) - cy) / ry) ** 2 + ((i % width - cx) / rx) ** 2 <= 1;
  const data = Uint8Array.from({ length: height * width }, (_, i) => inside(i) ? 1 : 0);
  return ndarray(data, [height, width]);
}

const empty = (height: number, width: number) =>
  ndarray(new Uint8Array(height * width), [height, width]);

// F and J of DAVIS' own Python code (db_eval_boundary, skimage's disk) on the same ellipses.
const CASES = [
  [40, 60, [20, 30, 10, 14], [21, 32, 10, 13], 63.76101860920665, 79.1044776119403],
  [100, 160, [50, 80, 30, 40], [50, 86, 25, 44], 23.387790197764403, 76.45042839657283],
  [17, 23, [0, 0, 9, 9], [3, 2, 9, 7], 37.2093023255814, 69.23076923076923],
] as const;

for (const [height, width, a, b, f, j] of CASES) {
  Deno.test(`J and F on ${height}×${width} are those of DAVIS' code`, () => {
    const [first, second] = [ellipse(height, width, a), ellipse(height, width, b)];
    assertAlmostEquals(boundaryF(first, second), f, 1e-9);
    assertAlmostEquals(jaccard(first, second), j, 1e-9);
    assertAlmostEquals(boundaryF(second, first), f, 1e-9);
  });
}

Deno.test("empty masks: nothing to find is found, something isn't", () => {
  const [none, some] = [empty(12, 15), ellipse(12, 15, [6, 7, 3, 3])];
  assertEquals([jaccard(none, none), boundaryF(none, none)], [100, 100]);
  assertEquals([jaccard(none, some), boundaryF(none, some), boundaryF(some, none)], [0, 0, 0]);
  assertEquals([jaccard(some, some), boundaryF(some, some)], [100, 100]);
});

Deno.test("masks of two sizes are no pair", () => {
  assertThrows(() => jaccard(empty(2, 3), empty(3, 2)), TypeError, "2x3");
  assertThrows(() => boundaryF(empty(2, 3), empty(3, 2)), TypeError, "3x2");
});

Deno.test("videos weigh the same in one average, frames in the other", () => {
  const metrics = new SegmentationMetrics();
  const scores = (j: number) => ({ j, f: j / 2, jFree: j - 1, fFree: 0 });
  metrics.add("a", scores(90));
  metrics.add("b", scores(30));
  metrics.add("b", scores(40));
  metrics.add("b", scores(50));
  const summary = metrics.summary();
  assertEquals([summary.j, summary.jPerImage], [65, 52.5]);
  assertEquals([summary.f, summary.jFree, summary.fFreePerImage], [32.5, 64, 0]);
  assertEquals(metrics.videos().map(({ name, frames, metrics }) => [name, frames, metrics.j]), [
    ["a", 1, 90],
    ["b", 3, 40],
  ]);
  assertEquals(new SegmentationMetrics().summary().j, null);
});
