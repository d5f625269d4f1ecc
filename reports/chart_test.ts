import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MAX_POINTS, thin } from "./chart.ts";

Deno.test("thin() keeps the ends and the extremes of a long line, in order", () => {
  const ys = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), {
    minLength: 1,
    maxLength: 5000,
  });
  fc.assert(
    fc.property(ys, (ys) => {
      const points = ys.map((y, x) => [x, y] as const);
      const kept = thin(points);
      assert(kept.length <= MAX_POINTS);
      assertEquals(kept[0], points[0]);
      assertEquals(kept.at(-1), points.at(-1));
      assert(kept.every(([x], i) => i === 0 || x > kept[i - 1][0]));
      const range = (ps: readonly (readonly [number, number])[]) => {
        const values = ps.map(([, y]) => y);
        return [Math.min(...values), Math.max(...values)];
      };
      assertEquals(range(kept), range(points));
    }),
    { numRuns: 50 },
  );
});
