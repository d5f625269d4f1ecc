import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { compareRuns } from "./seeds.ts";

Deno.test("compareRuns() is Student's t test", () => {
  // scipy.stats.ttest_ind([11, 12, 13], [10, 9, 11], alternative="greater")
  const found = compareRuns([10, 9, 11], [11, 12, 13], true)!;
  assertAlmostEquals(found.change, 0.2, 1e-12);
  assertAlmostEquals(found.spread, 0.1, 1e-12);
  assertAlmostEquals(found.chance, 0.035242, 1e-6);
  assertAlmostEquals(found.chance + found.chanceOfBetter, 1, 1e-12);
  assertAlmostEquals((found.interval.low + found.interval.high) / 2, 0.2, 1e-12);
  assertAlmostEquals(compareRuns([10, 9, 11], [11, 12, 13], false)!.change, -0.2, 1e-12);
});

Deno.test("compareRuns() holds one run against where the next might fall", () => {
  const base = [10, 10.2, 9.8, 10.1, 9.9];
  assert(compareRuns(base, [10.3], true)!.chance > 0.05);
  assert(compareRuns(base, [11], true)!.chance < 0.01);
});

Deno.test("compareRuns() has nothing to say of too few runs", () => {
  assertStrictEquals(compareRuns([1, 2], [3, 4], true), null);
  assertStrictEquals(compareRuns([1, 2, 3], [], true), null);
  assertStrictEquals(compareRuns([0, 0, 0], [1], true), null);
});

Deno.test("compareRuns() takes runs without any spread at their word", () => {
  const { chance, interval } = compareRuns([2, 2, 2], [3], true)!;
  assertEquals([chance, interval], [0, { low: 0.5, high: 0.5 }]);
  assertEquals(compareRuns([2, 2, 2], [2], true)!.chance, 1);
});

Deno.test("compareRuns() flags runs of one recipe as often as it says", () => {
  const random = randomStream(0, "seeds");
  let flagged = 0;
  for (let i = 0; i < 2000; i++) {
    const runs = (n: number) =>
      Array.from({ length: n }, () => 2 * Math.exp(random.normal(0, 0.05)));
    if (compareRuns(runs(3), runs(2), true)!.chance <= 0.01) flagged++;
  }
  assert(flagged <= 32 && flagged >= 8, `${flagged} of 2000`);
});
