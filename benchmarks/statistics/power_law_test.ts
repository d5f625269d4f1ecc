import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fitPowerLaw } from "./power_law.ts";

Deno.test("fitPowerLaw() finds the law that points lie on", () => {
  const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
  const exponents = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(fc.property(positive, exponents, (factor, exponent) => {
    const law = fitPowerLaw([1, 2, 5, 40].map((x) => [x, factor * x ** exponent]))!;
    assertAlmostEquals(law.exponent, exponent, 1e-9);
    assertAlmostEquals(law.factor / factor, 1, 1e-9);
    assert(law.explained > 1 - 1e-9);
  }));
});

Deno.test("fitPowerLaw() weighs points by their ratio to the law, not by their size", () => {
  // Twice and half of y = x at both ends: the errors cancel.
  const law = fitPowerLaw([[1, 2], [1, 0.5], [1000, 2000], [1000, 500]])!;
  assertAlmostEquals(law.exponent, 1);
  assertAlmostEquals(law.factor, 1);
  assert(law.explained < 1);
});

Deno.test("fitPowerLaw() has nothing to say of a single x", () => {
  assertEquals(fitPowerLaw([]), null);
  assertEquals(fitPowerLaw([[3, 1]]), null);
  assertEquals(fitPowerLaw([[3, 1], [3, 2]]), null);
});
