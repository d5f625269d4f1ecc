import { assertAlmostEquals } from "@std/assert";
import { normalTail, studentQuantile, studentTail } from "./distributions.ts";

Deno.test("tails are those of the tables", () => {
  assertAlmostEquals(normalTail(2.326348), 0.01, 1e-8);
  assertAlmostEquals(studentTail(2, 3), 0.06966298, 1e-8);
  assertAlmostEquals(studentTail(1, 1), 1 / 4, 1e-8); // Cauchy
  assertAlmostEquals(studentTail(-2, 2), 1 / 2 + 1 / Math.sqrt(6), 1e-8);
});

Deno.test("studentQuantile() undoes studentTail()", () => {
  for (const df of [1, 2, 5, 30]) {
    for (const tail of [0.2, 0.01, 1e-4]) {
      assertAlmostEquals(studentTail(studentQuantile(tail, df), df), tail, 1e-8);
    }
  }
  assertAlmostEquals(studentQuantile(0.01, 2), 6.964557, 1e-6);
});
