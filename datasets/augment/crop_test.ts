import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { ndarray, packed } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import { crop, drawWindow, NO_OVERSHOOT } from "./crop.ts";

const view = ndarray(Uint8Array.from({ length: 24 }, (_, i) => i), [3, 4, 2]);

Deno.test("crop() cuts a window without copying", () => {
  const part = crop(view, { top: 1, left: 2, height: 2, width: 2 });
  assertStrictEquals(part.data, view.data);
  assertEquals(part.shape, [2, 2, 2]);
  assertEquals([...packed(part)], [12, 13, 14, 15, 20, 21, 22, 23]);
});

Deno.test("crop() refuses windows that leave the view", () => {
  for (const [top, left] of [[-1, 0], [0, -1], [2, 0], [0, 3]]) {
    assertThrows(() => crop(view, { top, left, height: 2, width: 2 }), RangeError);
  }
});

Deno.test("drawWindow() stays inside the picture", () => {
  const side = fc.integer({ min: 1, max: 40 }), reach = fc.integer({ min: 0, max: 30 });
  fc.assert(fc.property(
    fc.tuple(side, side, side, side, reach, reach, reach, reach, fc.nat()),
    ([h, w, roomY, roomX, top, bottom, left, right, seed]) => {
      const overshoot = { top, bottom, left, right };
      const picture = { height: h + roomY, width: w + roomX };
      const size = { height: h, width: w };
      const window = drawWindow(picture, size, overshoot, randomStream(seed, "crop"));
      assertEquals([window.height, window.width], [h, w]);
      assert(window.top >= 0 && window.top <= roomY && window.left >= 0 && window.left <= roomX);
    },
  ));
});

/** How often each top was drawn of 6000 crops of 8 rows from a picture of `rows`. */
function tops(rows: number, overshoot = NO_OVERSHOOT): number[] {
  const stream = randomStream(1, "crop");
  const counts = new Array(rows - 8 + 1).fill(0);
  for (let i = 0; i < 6000; i++) {
    counts[
      drawWindow({ height: rows, width: 8 }, { height: 8, width: 8 }, overshoot, stream).top
    ]++;
  }
  return counts;
}

Deno.test("drawWindow() is uniform without overshoot, the last position excepted", () => {
  const counts = tops(14);
  assertEquals(counts.pop(), 0);
  assertEquals(counts.length, 6);
  for (const count of counts) assertAlmostEquals(count, 1000, 150);
  assertEquals(tops(8), [6000]);
});

Deno.test("drawWindow() gathers overshooting starts at the borders", () => {
  // Starts -4…11: five of sixteen clamp to 0 or are 0, six to 6 or are 6.
  const counts = tops(14, { ...NO_OVERSHOOT, top: 4, bottom: 6 });
  const expected = [5, 1, 1, 1, 1, 1, 6].map((share) => 6000 * share / 16);
  counts.forEach((count, i) => assertAlmostEquals(count, expected[i], 5 * Math.sqrt(expected[i])));
});
