import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { bootstrapMean } from "./bootstrap.ts";

const stream = (name: string | number) => randomStream(3, "bootstrap", name);

function normals(n: number, name: string | number): Float64Array {
  const random = randomStream(4, name);
  return Float64Array.from({ length: n }, () => random.normal(10, 2));
}

Deno.test("bootstrapMean() has nothing to say of fewer than two values", () => {
  for (const values of [[], [1], [1, NaN], [NaN, NaN]]) {
    assertStrictEquals(bootstrapMean(values, stream(0)), null);
  }
  assertStrictEquals(bootstrapMean([1, 2], stream(0), { weights: [1, 0] }), null);
});

Deno.test("bootstrapMean() repeats itself under the same stream only", () => {
  const values = normals(50, "a");
  assertEquals(bootstrapMean(values, stream(1)), bootstrapMean(values, stream(1)));
  assert(bootstrapMean(values, stream(1))!.low !== bootstrapMean(values, stream(2))!.low);
});

Deno.test("bootstrapMean() of normal values is about 1.96 standard errors wide to each side", () => {
  const values = normals(400, "b");
  const { mean, low, high } = bootstrapMean(values, stream(3))!;
  const deviation = Math.sqrt(values.reduce((s, x) => s + (x - mean) ** 2, 0) / values.length);
  const expected = 1.96 * deviation / Math.sqrt(values.length);
  assertAlmostEquals(high - mean, expected, 0.1 * expected);
  assertAlmostEquals(mean - low, expected, 0.1 * expected);
});

Deno.test("bootstrapMean() holds the true mean about as often as it says", () => {
  let hits = 0;
  for (let i = 0; i < 500; i++) {
    const interval = bootstrapMean(normals(30, i), stream(i), { resamples: 200, confidence: 0.9 })!;
    if (interval.low <= 10 && 10 <= interval.high) hits++;
  }
  assert(hits >= 415 && hits <= 465, `${hits} of 500`); // 0.875 at this size
});

Deno.test("bootstrapMean() leaves NaN out and weighs what it is told to", () => {
  const plain = bootstrapMean([1, 2, 3], stream(5));
  assertEquals(bootstrapMean([1, NaN, 2, 3], stream(5)), plain);
  assertEquals(bootstrapMean([1, 2, 3], stream(5), { weights: [4, 4, 4] }), plain);
  const pooled = bootstrapMean([0, 1], stream(6), { weights: [3, 1] })!;
  assertEquals([pooled.mean, pooled.low, pooled.high], [0.25, 0, 1]);
});
