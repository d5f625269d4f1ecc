import { assertEquals } from "@std/assert";
import { MODEL_SIZE, type PublishedComparison, Verdict } from "../benchmarks/record.ts";
import { headline } from "./verdict.ts";

function comparison(verdict: Verdict, reason = "because"): PublishedComparison {
  const published = {
    id: "x",
    dataset: "d",
    split: "s",
    training: "C",
    metric: "EPE",
    value: 1,
    unit: "px",
    lowerIsBetter: true,
    source: "",
    verified: true,
  };
  return { published, ours: 1, evaluation: null, verdict, reason };
}

Deno.test("headline() leads with the least favourable verdict and counts them all", () => {
  const mixed: Verdict[] = ["better", "not comparable", "close", "reproduced", "reproduced"];
  const { verdict, detail } = headline(mixed.map((v) => comparison(v)));
  assertEquals(verdict, "close");
  assertEquals(
    detail,
    "Of 5 published numbers: 1 close, 2 reproduced, 1 better, 1 not comparable. because.",
  );
});

Deno.test("headline() lets no number that does not compare hide one that fails", () => {
  for (const other of Verdict.options) {
    const both = [comparison(other), comparison("not reproduced")];
    assertEquals(headline(both).verdict, "not reproduced");
  }
});

Deno.test("headline() does not take the model's size for a result", () => {
  const size = comparison("reproduced");
  const same = { ...size, published: { ...size.published, metric: MODEL_SIZE } };
  const { verdict, detail } = headline([same, comparison("not comparable")]);
  assertEquals([verdict, detail], ["not comparable", "because."]);
  assertEquals(headline([same]).verdict, "not run");
});

Deno.test("headline() gives the verdict's most frequent reason and says how often it holds", () => {
  const same = [comparison("not comparable"), comparison("not comparable")];
  assertEquals(headline(same).detail, "because.");
  const mixed = [comparison("not comparable", "Other!"), ...same];
  assertEquals(headline(mixed).detail, "For 2 of 3: because.");
  assertEquals(headline(mixed.slice(0, 1)).detail, "Other!");
  assertEquals(headline([]).verdict, "not run");
});
