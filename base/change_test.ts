import { assertEquals } from "@std/assert";
import { moved, shareOf } from "./change.ts";

Deno.test("changes read as worse or better, with two digits that carry meaning", () => {
  assertEquals([0.0513, -0.2, 0, 2.5].map(moved), [
    "5.1 % worse",
    "20 % better",
    "no change",
    "250 % worse",
  ]);
  assertEquals([0.00312, -0.5, 0, 1.234, 1e-10].map(shareOf), [
    "0.31 %",
    "−50 %",
    "0 %",
    "123 %",
    "1e-8 %",
  ]);
});
