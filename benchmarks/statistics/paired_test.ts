/**
 * With `REFLOW_LONG=1` the simulations make 10,000 comparisons each, else a tenth.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type RandomStream, randomStream } from "../../base/random.ts";
import { comparePairs, FEWEST_SCENES, LEVEL, type Outcome, sceneOf } from "./paired.ts";

const COMPARISONS = Deno.env.get("REFLOW_LONG") ? 10_000 : 200;

const alone = (n: number) => Array.from({ length: n }, (_, i) => `${i}`);
const options = { lowerIsBetter: true, tolerance: 0.01, scale: "relative" } as const;
const stream = (...names: (string | number)[]) => randomStream(0, "paired test", ...names);

/**
 * Standard deviations of the demo's EPE on a logarithmic scale, over the 36 samples of its test
 * split: of the ratio between two states of one training run (steps 300 and 350, seed 0), which
 * stands for a model that was changed and is no better or worse, and of the samples themselves.
 */
const DEMO = { withinPair: 0.073, betweenSamples: 0.42 };

/** Errors of a model on samples of different difficulty, and of one that is `worse` by a share. */
function draw(n: number, worse: number, random: RandomStream) {
  const base = new Float64Array(n), candidate = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const error = 2 * Math.exp(random.normal(0, DEMO.betweenSamples));
    const own = () => Math.exp(random.normal(0, DEMO.withinPair / Math.SQRT2));
    base[i] = error * own();
    candidate[i] = error * own() * (1 + worse);
  }
  return { base, candidate };
}

/** How often each outcome comes up. */
function simulate(n: number, worse: number): Map<Outcome, number> {
  const counts = new Map<Outcome, number>();
  for (let i = 0; i < COMPARISONS; i++) {
    const random = stream(n, worse, i);
    const pairs = { scenes: alone(n), ...draw(n, worse, random) };
    const { outcome } = comparePairs(pairs, { ...options, random });
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return counts;
}

for (const n of [FEWEST_SCENES, 50]) {
  Deno.test(`models that are alike are called worse in at most 1 % of cases, ${n} scenes`, () => {
    const worse = simulate(n, 0).get("worse") ?? 0;
    // Two standard errors beside the level, since fewer comparisons scatter more.
    const margin = COMPARISONS < 10_000 ? 2 * Math.sqrt(COMPARISONS * LEVEL) : 0;
    assert(worse <= COMPARISONS * LEVEL + margin, `${worse} of ${COMPARISONS}`);
  });
}

Deno.test("a model that is 5 % worse is found with 50 scenes in nine of ten cases", () => {
  const worse = simulate(50, 0.05).get("worse") ?? 0;
  assert(worse >= 0.9 * COMPARISONS, `${worse} of ${COMPARISONS}`);
});

Deno.test("comparePairs() gives no verdict on too few scenes, whatever the difference", () => {
  for (let n = 1; n < FEWEST_SCENES; n++) {
    const base = new Float64Array(n).fill(1), candidate = new Float64Array(n).fill(9);
    const { outcome, interval, chance, change } = comparePairs(
      { scenes: alone(n), base, candidate },
      options,
    );
    assertEquals([outcome, interval, chance, change], ["too few", null, null, 8]);
  }
  const many = { scenes: new Array(100).fill("one video"), ...draw(100, 1, stream("many")) };
  assertEquals(comparePairs(many, options).outcome, "too few", "frames of one video are one");
});

Deno.test("comparePairs() calls results that are equal the same, from the first sample on", () => {
  for (const n of [1, 50]) {
    const { base } = draw(n, 0, stream("same"));
    const { outcome, change } = comparePairs({ scenes: alone(n), base, candidate: base }, options);
    assertEquals([outcome, change], ["same", 0]);
  }
  const none = { scenes: ["a"], base: [NaN], candidate: [NaN] };
  assertEquals(comparePairs(none, options).outcome, "too few");
});

Deno.test("comparePairs() knows each outcome, and which side is better", () => {
  const n = 20;
  const outcomeAt = (worse: number, spread: number, lowerIsBetter = true) => {
    const random = stream("outcome");
    const base = Float64Array.from({ length: n }, () => 1 + random.uniform());
    const candidate = base.map((x) => x * (1 + worse + random.normal(0, spread)));
    return comparePairs({ scenes: alone(n), base, candidate }, { ...options, lowerIsBetter })
      .outcome;
  };
  assertEquals(outcomeAt(0.05, 0.01), "worse");
  assertEquals(outcomeAt(-0.05, 0.01), "better");
  assertEquals(outcomeAt(0.05, 0.01, false), "better");
  assertEquals(outcomeAt(0.005, 0.001), "not worse", "beyond noise, within tolerance");
  assertEquals(outcomeAt(0.02, 0.3), "undecided");
});

Deno.test("comparePairs() draws scenes, not samples", () => {
  // Three frames a scene, alike: they tell no more than one.
  const { base, candidate } = draw(12, 0.05, stream("scenes"));
  const triple = (values: Float64Array) =>
    Float64Array.from({ length: 36 }, (_, i) => values[i % 12]);
  const scenes = Array.from({ length: 36 }, (_, i) => sceneOf(`train/${i % 12}/${i}`));
  const once = comparePairs({ scenes: alone(12), base, candidate }, options);
  const thrice = comparePairs(
    { scenes, base: triple(base), candidate: triple(candidate) },
    options,
  );
  assertEquals([thrice.samples, thrice.scenes], [36, 12]);
  assertAlmostEquals(thrice.chance!, once.chance!, 1e-12);
  assertAlmostEquals(thrice.interval!.low, once.interval!.low, 1e-12);
  assertAlmostEquals(thrice.change, once.change, 1e-12);
});

Deno.test("comparePairs() weighs samples and leaves out those without a value", () => {
  const pairs = { scenes: ["a", "b", "c"], base: [1, NaN, 4], candidate: [2, NaN, 4] };
  const weighted = comparePairs({ ...pairs, weights: [3, 5, 1] }, options);
  assertEquals([weighted.samples, weighted.scenes], [2, 2]);
  assertAlmostEquals(weighted.base, 7 / 4, 1e-12);
  assertAlmostEquals(weighted.change, 3 / 7, 1e-12);
  const torn = { ...pairs, candidate: [2, 1, 4] };
  assertThrows(() => comparePairs(torn, options), RangeError, "one side only");
  assertThrows(() => comparePairs({ ...pairs, base: [1] }, options), RangeError, "3 samples");
});

Deno.test("sceneOf() takes the last part off", () => {
  assertEquals(
    ["test/0003/01", "alley_1/frame_0001", "000000"].map(sceneOf),
    ["test/0003", "alley_1", "000000"],
  );
});
