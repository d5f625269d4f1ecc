import { assert, assertEquals } from "@std/assert";
import { flowCounterparts } from "../../benchmarks/flow_counterparts.ts";
import { MODEL_SIZE } from "../../benchmarks/record.ts";
import { PUBLISHED, PUBLISHED_BY_MODEL } from "./published.ts";

const byId = new Map(PUBLISHED.map((number) => [number.id, number]));

Deno.test("PUBLISHED holds each number once, with a source", () => {
  assertEquals(PUBLISHED.length, 83);
  assertEquals(byId.size, 83);
  assert(PUBLISHED.every(({ source, value }) => source.length > 3 && value > 0));
});

Deno.test("PUBLISHED_BY_MODEL keeps the two models apart", () => {
  assertEquals(PUBLISHED_BY_MODEL["raft-small"].length, 22);
  assert(PUBLISHED_BY_MODEL["raft-small"].every(({ id }) => id.includes("small")));
  assert(PUBLISHED_BY_MODEL.raft.every(({ id }) => !id.includes("small")));
});

Deno.test("PUBLISHED has the numbers people look for", () => {
  const value = (id: string) => byId.get(id)?.value;
  assertEquals(
    ["sintel-clean", "sintel-final", "kitti15-epe", "kitti15-fl-all"].map((place) =>
      value(`raft-ct-${place}`)
    ),
    [1.43, 2.71, 5.04, 17.4],
  );
  assertEquals(value("raft-kitti-test-fl-all"), 5.1);
  assertEquals([value("raft-large-params"), value("raft-small-params")], [5257536, 990162]);
});

Deno.test("PUBLISHED marks what is from memory as unverified, and nothing else", () => {
  for (const { id, source, verified } of PUBLISHED) {
    assertEquals(verified, !source.includes("from memory"), id);
  }
});

Deno.test("PUBLISHED is in words that comparisons understand, but for what cannot be measured", () => {
  const unmeasured = PUBLISHED.filter((number) =>
    flowCounterparts.of(number) === null && number.metric !== MODEL_SIZE
  );
  const reasons = unmeasured.map(({ metric, split }) => split === "test" ? "test" : metric);
  assertEquals(
    new Set(reasons),
    new Set([
      "test",
      "frames per second, GTX 1080Ti",
      "inference time, 12 updates, GTX 1080Ti",
    ]),
  );
});
