import { assert, assertEquals } from "@std/assert";
import { MODEL_SIZE } from "../../benchmarks/record.ts";
import { scoredOnSintel } from "../test_support.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";
import { raft } from "./raft.ts";

Deno.test("compare() takes the numbers of the model that was scored, and its size", () => {
  for (const [parameters, model] of [[5_257_536, "raft"], [990_162, "raft-small"]] as const) {
    const comparisons = raft.compare([scoredOnSintel(parameters, 1.45, "raft")], "C+T");
    assertEquals(comparisons.map(({ published }) => published), [...PUBLISHED_BY_MODEL[model]]);
    const size = comparisons.find(({ published }) => published.metric === MODEL_SIZE)!;
    assertEquals([size.verdict, size.ours], ["reproduced", parameters]);
    assert(comparisons.some(({ ours }) => ours === 1.45));
  }
});

Deno.test("compare() lets a narrower model compare with nothing, however it was trained", () => {
  for (const { verdict, reason } of raft.compare([scoredOnSintel(250_216, 1.45, "raft")], "C+T")) {
    assertEquals(verdict, "not comparable");
    assert(/^Ours is a smaller model|^Not measured here/.test(reason), reason);
  }
});
