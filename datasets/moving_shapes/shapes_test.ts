import { assert, assertEquals } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { identity } from "../../base/affine.ts";
import {
  boundsOf,
  commonFamilies,
  contains,
  corners,
  drawLand,
  drawOutline,
  intersection,
  rareFamilies,
} from "./shapes.ts";

Deno.test("contains() follows a dented outline", () => {
  const arrow = Float64Array.of(0, 0, 4, 4, 0, 8, 2, 4);
  assert(contains(arrow, 3, 4));
  assert(!contains(arrow, 1, 4));
  assert(!contains(arrow, 3, 0.5));
  assert(!contains(arrow, -1, 4));
});

Deno.test("neighbors that share an edge share no point and leave none out", () => {
  const left = Float64Array.of(0, 0, 2, 0, 2, 2, 0, 2),
    right = left.map((v, i) => v + 2 * (1 - i % 2));
  for (let y = 0; y < 2; y += 0.25) {
    for (let x = 0; x < 4; x += 0.25) assert(contains(left, x, y) !== contains(right, x, y));
  }
});

Deno.test("every outline holds its center, and the rare ones are the small ones", () => {
  const sizeOf = (family: Parameters<typeof drawOutline>[0], seed: number) => {
    const outline = drawOutline(family, 96, randomStream(seed, family));
    assert(contains(outline, 0, 0), family);
    const { minX, minY, maxX, maxY } = boundsOf(outline, identity);
    return Math.max(maxX - minX, maxY - minY);
  };
  for (let seed = 0; seed < 40; seed++) {
    for (const family of rareFamilies) assert(sizeOf(family, seed) <= 13);
    for (const family of commonFamilies) assert(sizeOf(family, seed) >= 15);
  }
});

Deno.test("land lies below its horizon", () => {
  const land = drawLand(100, randomStream(4));
  assert(contains(land, 0, 60));
  assert(!contains(land, 0, -60));
});

Deno.test("intersection() is the common box or null", () => {
  const a = { minX: 0, minY: 0, maxX: 4, maxY: 4 }, b = { minX: 2, minY: -1, maxX: 9, maxY: 3 };
  assertEquals(intersection(a, b), { minX: 2, minY: 0, maxX: 4, maxY: 3 });
  assertEquals(intersection(a, { ...b, minX: 4 }), null);
  assertEquals([...corners(a)], [0, 0, 4, 0, 4, 4, 0, 4]);
});
