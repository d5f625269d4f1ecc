import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { fewestPairs, signFlipTest } from "./sign_flip.ts";

const stream = (name: string) => randomStream(0, "sign flip", name);

Deno.test("signFlipTest() counts all signs of a few pairs", () => {
  assertEquals(signFlipTest([1, 1, 1, 1, 1, 1, 1], stream("a")), 1 / 128);
  // 3 - 1 and 3 + 1 of the four sums reach 2.
  assertEquals(signFlipTest([3, -1], stream("a")), 2 / 4);
  assertEquals(signFlipTest([-3, 1], stream("a")), 3 / 4);
  assertEquals(signFlipTest([0.1, 0.2, -0.3], stream("a")), 5 / 8, "equal sums are equal");
});

Deno.test("signFlipTest() has nothing to say where nothing differs", () => {
  assertEquals(signFlipTest([0, 0, 0, 0, 0, 0, 0, 0], stream("a")), 1);
  assertEquals(signFlipTest([], stream("a")), 1);
  assertEquals(signFlipTest([2, 0, 0], stream("a")), 1 / 2);
});

Deno.test("signFlipTest() draws signs where there are many, and repeats itself", () => {
  const values = (mean: number) => {
    const random = stream("values");
    return Array.from({ length: 40 }, () => random.normal(mean, 1));
  };
  const rare = signFlipTest(values(0.8), stream("b"));
  assert(rare < 0.01, `${rare}`);
  assertEquals(signFlipTest(values(0.8), stream("b")), rare);
  assertAlmostEquals(signFlipTest(values(0.8), stream("c")), rare, 0.006);
  assert(signFlipTest(values(-0.8), stream("b")) > 0.9);
  assert(signFlipTest(new Array(40).fill(1), stream("b")) <= 2e-4);
});

Deno.test("signFlipTest() of many pairs agrees with the count of few", () => {
  const few = [0.9, -0.2, 0.4, 0.8, -0.5, 0.3, 0.6, 0.1, 0.7, -0.3, 0.2, -0.1, 0.5, -0.4, 0.1, 0.3];
  const counted = signFlipTest(few, stream("d"));
  // A 17th pair that hardly differs makes it draw.
  assertAlmostEquals(signFlipTest([...few, 1e-9], stream("d")), counted, 0.01);
});

Deno.test("fewestPairs() is where all pairs alike become rare", () => {
  assertEquals([0.05, 0.01, 0.001].map(fewestPairs), [5, 7, 10]);
});
