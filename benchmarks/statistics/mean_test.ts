import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Mean } from "./mean.ts";

function meanOf(values: Iterable<number>): Mean {
  const mean = new Mean();
  for (const x of values) mean.add(x);
  return mean;
}

Deno.test("Mean has no value before its first number", () => {
  assertStrictEquals(new Mean().value, null);
  assertStrictEquals(meanOf([5]).value, 5);
});

Deno.test("Mean keeps what a plain sum would round off", () => {
  assertEquals(meanOf([1, 1e16, -1e16, 3]).value, 1);
  assertEquals(meanOf(new Array(10).fill(0.1)).value, 0.1);
});

Deno.test("Mean is the same in any order and in any grouping", () => {
  const numbers = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
  fc.assert(fc.property(numbers, fc.nat(), (values, seed) => {
    const whole = meanOf(values).value!;
    const sorted = meanOf(values.toSorted((a, b) => b - a)).value!;
    const cut = seed % (values.length + 1);
    const merged = meanOf(values.slice(cut));
    merged.merge(meanOf(values.slice(0, cut)));
    assertAlmostEquals(sorted, whole, 1e-14 * whole);
    assertAlmostEquals(merged.value!, whole, 1e-14 * whole);
    assertEquals(merged.count, values.length);
  }));
});
