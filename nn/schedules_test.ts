import { assertAlmostEquals } from "@std/assert";
import { oneCycle } from "./schedules.ts";
import reference from "../tests/reference/fixtures/raft/one_cycle.json" with { type: "json" };

Deno.test("oneCycle() equals PyTorch's OneCycleLR", () => {
  for (const { max_rate, num_steps, rates } of reference) {
    const rate = oneCycle({ maximum: max_rate, totalSteps: num_steps + 100, warmUp: 0.05 });
    for (const [step, expected] of Object.entries(rates)) {
      assertAlmostEquals(rate(Number(step)), expected, 1e-15 + 1e-9 * expected, `step ${step}`);
    }
  }
});
