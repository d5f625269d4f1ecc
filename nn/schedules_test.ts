import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { halvings, oneCycle, warmUpPolynomial } from "./schedules.ts";
import reference from "../tests/reference/fixtures/raft/one_cycle.json" with { type: "json" };

Deno.test("oneCycle() equals PyTorch's OneCycleLR", () => {
  for (const { max_rate, num_steps, rates } of reference) {
    const rate = oneCycle({ maximum: max_rate, totalSteps: num_steps + 100, warmUp: 0.05 });
    for (const [step, expected] of Object.entries(rates)) {
      assertAlmostEquals(rate(Number(step)), expected, 1e-15 + 1e-9 * expected, `step ${step}`);
    }
  }
});

Deno.test("oneCycle() is finite and at most its maximum, however short the training", () => {
  for (const warmUp of [0.05, 0.5, 1]) {
    for (let totalSteps = 1; totalSteps <= 100; totalSteps++) {
      const rate = oneCycle({ maximum: 1e-3, totalSteps, warmUp });
      for (let step = 0; step < totalSteps; step++) {
        const value = rate(step);
        assert(value > 0 && value <= 1e-3, `${value} at ${step} of ${totalSteps}`);
      }
    }
  }
  assertEquals(oneCycle({ maximum: 1e-3, totalSteps: 20, warmUp: 0.05 })(0), 1e-3);
});

Deno.test("halvings() halves at each step it is given, from that step on", () => {
  const rate = halvings(8, [2, 5]);
  assertEquals(Array.from({ length: 7 }, (_, step) => rate(step)), [8, 8, 4, 4, 4, 2, 2]);
  assertEquals(halvings(3, [])(1e9), 3);
});

Deno.test("warmUpPolynomial() warms up linearly onto the decay", () => {
  const settings = { maximum: 2, warmUp: 10, firstFactor: 0.1, decayOver: 100, power: 0.9 };
  const rate = warmUpPolynomial(settings);
  assertAlmostEquals(rate(0), 0.2);
  assertAlmostEquals(rate(5), 2 * 0.55 * 0.95 ** 0.9);
  assertAlmostEquals(rate(10), 2 * 0.9 ** 0.9);
  assertAlmostEquals(rate(50), 2 * 0.5 ** 0.9);
  assertAlmostEquals(rate(120), 0);
  assertAlmostEquals(warmUpPolynomial({ ...settings, warmUp: 0 })(0), 2);
});
