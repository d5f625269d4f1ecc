import { assertAlmostEquals, assertEquals } from "@std/assert";
import { halvings, oneCycle } from "./schedules.ts";
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
