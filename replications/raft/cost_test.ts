import { assertAlmostEquals } from "@std/assert";
import { forwardGigamacs } from "./cost.ts";
import { large, small } from "./model.ts";

Deno.test("forwardGigamacs() agrees with counts made elsewhere", () => {
  assertAlmostEquals(forwardGigamacs(large, 368, 496, 12), 146, 1.5);
  assertAlmostEquals(forwardGigamacs(large, 128, 128, 12), 12.9, 0.15);
  assertAlmostEquals(forwardGigamacs(small, 128, 128, 12), 2.85, 0.03);
});
