import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { type NdArray, ndarray, packed } from "./arrays.ts";

Deno.test("packed() copies nothing from a contiguous view", () => {
  const data = Float32Array.from({ length: 12 }, (_, i) => i);
  const view = ndarray(data, [3, 4]);
  assertStrictEquals(packed(view).buffer, data.buffer);
  assertEquals([...packed(view.lo(1, 0))], [4, 5, 6, 7, 8, 9, 10, 11]);
  // One row, and one row of many: what lies beside an axis of one element does not matter.
  assertStrictEquals(packed(view.lo(1, 1).hi(1, 2)).buffer, data.buffer);
  assertStrictEquals(packed(view.step(-1, 1).hi(1, 4)).buffer, data.buffer);
});

Deno.test("packed() lays out cropped and flipped views in row-major order", () => {
  const view = ndarray(Uint8Array.from({ length: 12 }, (_, i) => i), [3, 4]);
  assertEquals([...packed(view.lo(0, 1).hi(2, 2))], [1, 2, 5, 6]);
  assertEquals([...packed(view.step(1, -1).hi(1, 4))], [3, 2, 1, 0]);
  assertEquals([...packed(view.transpose(1, 0).hi(2, 3))], [0, 4, 8, 1, 5, 9]);
});

Deno.test("packed() keeps the element type and copies what is not contiguous", () => {
  const data = Uint8Array.from({ length: 200 }, (_, i) => i);
  const crop = ndarray(data, [2, 100]).hi(2, 40);
  const copy = packed(crop);
  assertEquals(copy.constructor, Uint8Array);
  copy.fill(0);
  assertEquals(crop.get(1, 39), 139);
});

Deno.test("packed() copies elements that a view shows more than once", () => {
  const data = Uint8Array.of(7, 8, 9, 10);
  assertEquals([...packed(ndarray(data, [3, 2], [1, 1]))], [7, 8, 8, 9, 9, 10]);
  assertEquals([...packed(ndarray(data, [2, 3], [1, 0]))], [7, 7, 7, 8, 8, 8]);
});

Deno.test("packed() of an empty view is empty", () => {
  const view = ndarray(new Float32Array(24), [2, 3, 4]);
  for (const empty of [view.hi(0, 3, 4), view.hi(2, 0, 2), view.hi(2, 3, 0), view.lo(2, 0, 0)]) {
    assertEquals(packed(empty), new Float32Array(0));
  }
});

Deno.test("packed() agrees with get() on crops, flips, strides and transpositions of any kind", () => {
  // Rows shorter and longer than what is copied in bulk, and axes that merge and that do not.
  const extent = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(31, 32, 33, 40));
  const axis = fc.record({
    extent,
    before: fc.nat(2),
    after: fc.nat(2),
    step: fc.constantFrom(1, 1, 1, -1, 2, -3),
    order: fc.nat(),
  });
  fc.assert(fc.property(fc.array(axis, { minLength: 1, maxLength: 4 }), (axes) => {
    const full = axes.map(({ extent, before, after }) => before + extent + after);
    const size = full.reduce((product, n) => product * n, 1);
    fc.pre(size < 50_000);
    const order = axes.map((_, i) => i).sort((a, b) => axes[a].order - axes[b].order);
    const view = ndarray(Float32Array.from({ length: size }, (_, i) => i), full)
      .lo(...axes.map(({ before }) => before))
      .hi(...axes.map(({ extent }) => extent))
      .step(...axes.map(({ step }) => step))
      .transpose(...order);
    assertEquals(packed(view), Float32Array.from(elements(view)));
  }));
});

/** The view's elements one by one, the last axis the quickest. */
function* elements(view: NdArray, ...index: number[]): Generator<number> {
  const axis = index.length;
  if (axis === view.shape.length) yield view.get(...index);
  else for (let i = 0; i < view.shape[axis]; i++) yield* elements(view, ...index, i);
}
