import { assertEquals } from "@std/assert";
import { median, quantile } from "./quantile.ts";

Deno.test("quantile() interpolates between order statistics", () => {
  assertEquals([0, 0.25, 0.5, 0.75, 1].map((q) => quantile([1, 2, 4], q)), [1, 1.5, 2, 3, 4]);
  assertEquals(quantile([7], 0.9), 7);
});

Deno.test("median() sorts for itself", () => {
  assertEquals([median([3, 1, 2]), median([10, 2]), median([5])], [2, 6, 5]);
});
