import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { randomStream } from "../../base/random.ts";
import { EXACT_UP_TO, mannWhitney, signedRank } from "./ranks.ts";

Deno.test("mannWhitney() is exact on small sets", () => {
  // All five of one side above all five of the other: one of C(10, 5) = 252 ways.
  const found = mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])!;
  assertAlmostEquals(found.larger, 1 / 252, 1e-12);
  assertEquals([found.smaller, found.effect], [1, 1]);
  // Its ranks 2, 4, 6 sum to 12; of the 35 triples of ranks up to 7, twenty sum to as much or more.
  assertAlmostEquals(mannWhitney([0.3, 2, 4, 6], [1.1, 2.2, 5])!.larger, 4 / 7, 1e-12);
});

Deno.test("mannWhitney() counts ties out", () => {
  // Ranks of 1, 1, 2, 2 doubled are 3, 3, 7, 7; three of the six pairs or more sum to 10 or more.
  const found = mannWhitney([1, 2], [1, 2])!;
  assertEquals([found.larger, found.smaller, found.effect], [5 / 6, 5 / 6, 0.5]);
  const same = mannWhitney([4, 4, 4], [4, 4, 4])!;
  assertEquals([same.larger, same.smaller, same.effect], [1, 1, 0.5]);
});

Deno.test("signedRank() is exact on small sets and leaves zeros out", () => {
  assertAlmostEquals(signedRank([1, 2, 3, 4, 5, 6, 7])!.larger, 1 / 128, 1e-12);
  // Positive ranks 1, 3, 4 sum to 8 of 10: {}, {1} and {2} are all that the negative ones may be.
  assertAlmostEquals(signedRank([0.5, -1, 2, 3])!.larger, 3 / 16, 1e-12);
  assertEquals(signedRank([0, 1, 0, -2]), signedRank([1, -2]));
  assertStrictEquals(signedRank([0, 0]), null);
  assertStrictEquals(mannWhitney([], [1]), null);
});

Deno.test("rank tests are the same whatever the unit, and mirror when the sides do", () => {
  const values = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 9 });
  fc.assert(fc.property(values, values, (a, b) => {
    const found = mannWhitney(a, b)!, mirrored = mannWhitney(b, a)!;
    assertAlmostEquals(found.larger, mirrored.smaller, 1e-12);
    assertAlmostEquals(found.effect, 1 - mirrored.effect, 1e-12);
    assertEquals(found, mannWhitney(a.map((x) => 3 * x + 1), b.map((x) => 3 * x + 1)));
  }));
});

Deno.test("the normal approximation takes over where the count would have ended", () => {
  const random = randomStream(0, "ranks");
  const draw = (n: number, mean: number) =>
    Array.from({ length: n }, () => Math.round(10 * random.normal(mean, 1)));
  const base = draw(30, 0), candidate = draw(30, 0.5);
  assertEquals(base.length + candidate.length, EXACT_UP_TO);
  const exact = mannWhitney(base, candidate)!;
  const longer = mannWhitney([...base, ...base], [...candidate, ...candidate])!;
  assert(longer.larger < exact.larger);
  // One value more, in the middle, hardly matters.
  assertAlmostEquals(mannWhitney([...base, 2], candidate)!.larger, exact.larger, 0.03);
  const differences = draw(60, 0.3).filter((d) => d !== 0);
  const counted = signedRank(differences)!;
  const approximated = signedRank([...differences, ...differences, ...differences])!;
  assert(approximated.larger < counted.larger);
});

Deno.test("rank tests flag equal distributions as often as they say", () => {
  const random = randomStream(0, "null");
  let flagged = 0, signed = 0;
  for (let i = 0; i < 1000; i++) {
    const draw = () => Array.from({ length: 6 }, () => Math.exp(random.normal()));
    if (mannWhitney(draw(), draw())!.larger <= 0.05) flagged++;
    if (signedRank(draw().map((x, k) => x - draw()[k]))!.larger <= 0.05) signed++;
  }
  assert(flagged <= 70 && flagged >= 15, `${flagged} of 1000`);
  assert(signed <= 70 && signed >= 15, `${signed} of 1000`);
});
