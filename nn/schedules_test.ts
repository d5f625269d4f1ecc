import { assertAlmostEquals, assertEquals } from "@std/assert";
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
