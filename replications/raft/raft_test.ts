import { assert, assertEquals } from "@std/assert";
import { defaultProtocol, protocolStamp } from "../../benchmarks/protocols/protocol.ts";
import { MODEL_SIZE } from "../../benchmarks/record.ts";
import type { Scored } from "../replication.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";
import { raft } from "./raft.ts";

/** A model of so many parameters, scored on all of Sintel's clean pass. */
function scored(parameters: number): Scored {
  const dataset = "sintel-clean", split = "train", samples = 1041;
  return {
    evaluation: {
      id: "it",
      contender: { kind: "weights", name: "it", digest: null, parameters },
      ...{ dataset, split, samples },
      protocol: protocolStamp(defaultProtocol(dataset)),
      metrics: { epePooled: 1.45 },
      byIteration: [],
      seconds: 1,
    },
    samples: { ids: [], metrics: { epe: new Float64Array() }, gallery: [] },
    data: { dataset, split, digest: "", samples, licence: "", source: "" },
  };
}

Deno.test("compare() takes the numbers of the model that was scored, and its size", () => {
  for (const [parameters, model] of [[5_257_536, "raft"], [990_162, "raft-small"]] as const) {
    const comparisons = raft.compare([scored(parameters)], "C+T");
    assertEquals(comparisons.map(({ published }) => published), [...PUBLISHED_BY_MODEL[model]]);
    const size = comparisons.find(({ published }) => published.metric === MODEL_SIZE)!;
    assertEquals([size.verdict, size.ours], ["reproduced", parameters]);
    assert(comparisons.some(({ ours }) => ours === 1.45));
  }
});

Deno.test("compare() lets a narrower model compare with nothing, however it was trained", () => {
  for (const { verdict, reason } of raft.compare([scored(250_216)], "C+T")) {
    assertEquals(verdict, "not comparable");
    assert(/^Ours is a smaller model|^Not measured here/.test(reason), reason);
  }
});
