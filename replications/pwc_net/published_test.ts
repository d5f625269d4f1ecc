import { assert, assertEquals } from "@std/assert";
import { flowCounterparts } from "../../benchmarks/flow_counterparts.ts";
import { comparePublished } from "../../benchmarks/published.ts";
import { MODEL_SIZE } from "../../benchmarks/record.ts";
import { scoredOnSintel } from "../test_support.ts";
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
  const reasons = unmeasured.map(({ split, unit, source }) =>
    split === "test" ? "test" : source.startsWith("ptlflow metrics") ? "ptlflow" : unit
  );
  assertEquals(new Set(reasons), new Set(["test", "ptlflow", "GFLOP", "ms", "fps"]));
});

Deno.test("ptlflow's numbers are made in a way that nothing here has, and compare with nothing", () => {
  const own = published.filter(({ id }) => id.startsWith("ptlflow-"));
  assertEquals(own.length, 8);
  for (const number of own) {
    assertEquals([number.protocol, flowCounterparts.of(number)], [undefined, null]);
    assert(number.metric.endsWith("ptlflow's resizing)") && number.source.includes("corners"));
  }
  // Scored as the released code does it, by the very weights they are of.
  const scored = scoredOnSintel(9_374_340, 2.643, "pwc");
  const compared = comparePublished(PUBLISHED_BY_MODEL, [scored], "C+T", flowCounterparts);
  const verdicts = compared.filter(({ published }) => published.id === "ptlflow-CT-sc")
    .map(({ verdict, reason }) => [verdict, reason]);
  assertEquals(verdicts, [["not comparable", "Not measured here: EPE (ptlflow's resizing)"]]);
});
