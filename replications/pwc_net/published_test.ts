import { assert, assertEquals } from "@std/assert";
import { flowCounterparts } from "../../benchmarks/flow_counterparts.ts";
import { MODEL_SIZE } from "../../benchmarks/record.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";

const published = Object.values(PUBLISHED_BY_MODEL).flat();
const value = (id: string) => published.find((number) => number.id === id)?.value;

Deno.test("PUBLISHED_BY_MODEL has all of PWC-Net's numbers", () => {
  assertEquals(published.length, 80);
  assertEquals(
    ["sc", "sf", "k15", "k15fl"].map((place) => value(`pwc-CT-${place}`)),
    [2.55, 3.93, 10.35, 33.7],
  );
});

Deno.test("PUBLISHED_BY_MODEL tells the paper's model from the released one by its size", () => {
  const size = (model: keyof typeof PUBLISHED_BY_MODEL) =>
    PUBLISHED_BY_MODEL[model].find(({ metric }) => metric === MODEL_SIZE)?.value;
  assertEquals(size("pwc-net"), 8_749_280);
  assertEquals(size("pwc-net-released"), 9_374_340);
  assertEquals(size("other implementations"), undefined);
});

Deno.test("PUBLISHED_BY_MODEL marks what is from memory as unverified, and nothing else", () => {
  for (const { id, source, verified } of published) {
    assertEquals(verified, !source.includes("from memory"), id);
  }
});

Deno.test("PUBLISHED_BY_MODEL is in words that comparisons understand, and under PWC-Net's protocols", () => {
  const unmeasured = published.filter((number) => {
    const counterpart = flowCounterparts.of(number);
    if (counterpart) assert(counterpart.protocol.id.endsWith("-pwc"), number.id);
    return counterpart === null && number.metric !== MODEL_SIZE;
  });
  const reasons = unmeasured.map(({ split, unit }) => split === "test" ? "test" : unit);
  assertEquals(new Set(reasons), new Set(["test", "GFLOP", "ms", "fps"]));
});
