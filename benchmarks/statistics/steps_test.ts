import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { randomStream } from "../../base/random.ts";
import { findLevels } from "./steps.ts";

const spans = (values: number[], options = {}) =>
  findLevels(values, options).map(({ from, to, value }) => [from, to, value]);

/** Levels of the given lengths and values, with relative noise. */
function history(parts: readonly (readonly [number, number])[], noise: number, name: number) {
  const random = randomStream(0, "history", name);
  return parts.flatMap(([length, value]) =>
    Array.from({ length }, () => value * (1 + random.normal(0, noise)))
  );
}

Deno.test("findLevels() finds a step where it is", () => {
  assertEquals(spans([1, 1, 1, 2, 2, 2]), [[0, 3, 1], [3, 6, 2]]);
  assertEquals(spans([1, 1, 1, 1]), [[0, 4, 1]]);
  assertEquals(spans([]), []);
  assertEquals(spans([3]), [[0, 1, 3]]);
});

Deno.test("findLevels() passes over an outlier, and over steps too small to matter", () => {
  assertEquals(spans([1, 1.01, 0.99, 5, 1, 1.01, 0.99]).length, 1);
  assertEquals(spans([1, 1, 1, 1.04, 1.04, 1.04]).length, 1);
  assertEquals(spans([1, 1, 1, 1.04, 1.04, 1.04], { smallest: 0.03 }).length, 2);
});

Deno.test("findLevels() covers the history without gaps, in levels long enough", () => {
  const values = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), {
    minLength: 2,
    maxLength: 30,
  });
  fc.assert(
    fc.property(values, (values) => {
      const levels = findLevels(values);
      assertEquals(levels[0].from, 0);
      assertEquals(levels.at(-1)!.to, values.length);
      assert(
        levels.every(({ from, to }, i) => to - from >= 2 && from === (levels[i - 1]?.to ?? 0)),
      );
    }),
    { numRuns: 100 },
  );
});

Deno.test("findLevels() sees no step in noise, at most once in a hundred histories", () => {
  let seen = 0;
  for (let i = 0; i < 300; i++) {
    if (findLevels(history([[30, 2]], 0.02, i)).length > 1) seen++;
  }
  assert(seen <= 3, `${seen} of 300`);
});

Deno.test("findLevels() finds a step of 5 % within three commits, nine times in ten", () => {
  let found = 0;
  for (let i = 0; i < 200; i++) {
    // A little over 5 %, or half of all measured steps would fall short of it.
    const levels = findLevels(history([[20, 2], [3, 2 * 1.06]], 0.005, i));
    if (levels.length === 2 && Math.abs(levels[1].from - 20) <= 1) found++;
  }
  assert(found >= 180, `${found} of 200`);
});
