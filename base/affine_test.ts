import { assertAlmostEquals } from "@std/assert";
import fc from "fast-check";
import { type Affine, around, compose, invert, rotation } from "./affine.ts";

const apply = ([a, b, c, d, e, f]: Affine, x: number, y: number) => [
  a * x + b * y + c,
  d * x + e * y + f,
];
const number = fc.double({ min: -20, max: 20, noNaN: true });
const map = fc.tuple(number, number, number, number, number, number)
  .filter(([a, b, , d, e]) => Math.abs(a * e - b * d) > 0.5) as fc.Arbitrary<Affine>;

Deno.test("compose() applies the inner map first, and invert() undoes a map", () => {
  fc.assert(fc.property(map, map, number, number, (outer, inner, x, y) => {
    const [u, v] = apply(inner, x, y);
    const expected = apply(outer, u, v), found = apply(compose(outer, inner), x, y);
    const [p, q] = apply(invert(inner), u, v);
    for (const i of [0, 1]) assertAlmostEquals(found[i], expected[i], 1e-6);
    assertAlmostEquals(p, x, 1e-6);
    assertAlmostEquals(q, y, 1e-6);
  }));
});

Deno.test("around() keeps the center, and rotation() turns x toward y", () => {
  const quarter = around(3, 5, rotation(Math.PI / 2));
  const [cx, cy] = apply(quarter, 3, 5), [x, y] = apply(quarter, 4, 5);
  assertAlmostEquals(cx, 3);
  assertAlmostEquals(cy, 5);
  assertAlmostEquals(x, 3);
  assertAlmostEquals(y, 6);
});
