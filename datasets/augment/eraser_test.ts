import { assert, assertEquals } from "@std/assert";
import { ndarray, packed, type Picture } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import { eraseRectangles, type Rectangles } from "./eraser.ts";

/** A picture whose mean colour is (10.5, 20, 30.5), which no pixel has. */
function picture(height: number, width: number): Picture {
  const pixels = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    pixels.set(i % 2 === 0 ? [10, 19, 30] : [11, 21, 31], 3 * i);
  }
  return ndarray(pixels, [height, width, 3]);
}

/** Bounds of the pixels that carry the truncated mean colour, and how many there are. */
function erased(view: Picture) {
  const [height, width] = view.shape;
  const rows: number[] = [], columns: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = [0, 1, 2].map((channel) => view.get(y, x, channel));
      if (r === 10 && g === 20 && b === 30) {
        rows.push(y);
        columns.push(x);
      }
    }
  }
  const top = Math.min(...rows), left = Math.min(...columns);
  const bottom = Math.max(...rows) + 1, right = Math.max(...columns) + 1;
  return { count: rows.length, top, left, bottom, right };
}

const one: Rectangles = { count: [1, 2], size: [5, 9], unit: "pixels" };

Deno.test("eraseRectangles() paints rectangles of the mean colour, cut at the far edges", () => {
  const stream = randomStream(1, "eraser");
  const heights = new Set<number>(), widths = new Set<number>();
  let atTop = 0, cut = 0;
  for (let i = 0; i < 300; i++) {
    const { count, top, left, bottom, right } = erased(
      eraseRectangles(picture(20, 24), one, stream),
    );
    assertEquals(count, (bottom - top) * (right - left), "a filled rectangle");
    if (bottom < 20) heights.add(bottom - top);
    else cut++;
    if (right < 24) widths.add(right - left);
    if (top === 0) atTop++;
  }
  assertEquals([...heights].sort(), [5, 6, 7, 8]);
  assertEquals([...widths].sort(), [5, 6, 7, 8]);
  assert(cut > 0 && atTop > 0);
});

Deno.test("eraseRectangles() draws the number of rectangles", () => {
  const stream = randomStream(2, "eraser");
  const tiny: Rectangles = { count: [1, 3], size: [1, 2], unit: "pixels" };
  const counts = Array.from(
    { length: 200 },
    () => erased(eraseRectangles(picture(30, 30), tiny, stream)).count,
  );
  const twos = counts.filter((count) => count === 2).length;
  assert(counts.every((count) => count === 1 || count === 2));
  assert(twos > 65 && twos < 135, `${twos} of 200`);
});

Deno.test("eraseRectangles() takes sizes as fractions of the shorter side", () => {
  const stream = randomStream(3, "eraser");
  const sizes = new Set<number>();
  for (let i = 0; i < 200; i++) {
    const result = eraseRectangles(
      picture(20, 40),
      { ...one, size: [0.1, 0.2], unit: "shorter side" },
      stream,
    );
    const { left, right } = erased(result);
    if (right < 40) sizes.add(right - left);
  }
  assertEquals([...sizes].sort(), [2, 3]);
});

Deno.test("eraseRectangles() reads views and leaves its input alone", () => {
  const whole = picture(20, 24);
  const before = whole.data.slice();
  const view = whole.lo(2, 4).hi(12, 16);
  const copy: Picture = ndarray(packed(view).slice(), [12, 16, 3]);
  const fromView = eraseRectangles(view, one, randomStream(4, "eraser"));
  const fromCopy = eraseRectangles(copy, one, randomStream(4, "eraser"));
  assertEquals(packed(fromView), packed(fromCopy));
  eraseRectangles(whole, one, randomStream(4, "eraser"));
  assertEquals(whole.data, before);
});
