import { assertEquals, assertThrows } from "@std/assert";
import { flowCounterparts } from "./flow_counterparts.ts";
import { flowProtocol, protocolStamp } from "./protocols/protocol.ts";
import { comparePublished, publishedByModel } from "./published.ts";
import { MODEL_SIZE, type PublishedNumber } from "./record.ts";

const epe: PublishedNumber = {
  id: "small-epe",
  dataset: "MPI-Sintel clean",
  split: "train",
  training: "C+T",
  metric: "EPE",
  value: 2,
  unit: "px",
  lowerIsBetter: true,
  source: "Table 1",
  verified: true,
};
const size: PublishedNumber = {
  ...epe,
  id: "small-size",
  dataset: "-",
  split: "-",
  metric: MODEL_SIZE,
  value: 100,
  unit: "count",
};
const file = {
  small: [epe, size],
  large: [{ ...epe, id: "large-epe", value: 1 }, { ...size, id: "large-size", value: 200 }],
  others: [{ ...epe, id: "other-epe", value: 3 }],
};
const models = ["small", "large", "others"] as const;

Deno.test("publishedByModel() gives the numbers by model", () => {
  assertEquals(publishedByModel(file, models), file);
});

Deno.test("publishedByModel() refuses what is missing, misspelled or there twice", () => {
  const broken: [unknown, string][] = [
    [{ ...file, more: [epe] }, "more"],
    [{ small: [epe], large: [epe] }, "others"],
    [{ ...file, small: [] }, "small"],
    [{ ...file, others: [epe] }, "small-epe"],
    [{ ...file, small: [{ ...epe, source: " " }] }, "no source"],
    [{ ...file, small: [{ ...epe, value: "2" }] }, "value"],
    [{ ...file, small: [{ ...epe, page: 3 }] }, "page"],
    [{ ...file, small: [{ ...epe, protocol: "sintel-rafd" }] }, "sintel-rafd"],
  ];
  for (const [content, word] of broken) {
    assertThrows(() => publishedByModel(content, models), Error, word);
  }
});

/** Something of so many parameters, scored on all of Sintel's clean pass with an EPE of 2. */
function scored(parameters: number | null, kind: "run" | "baseline" = "run") {
  return {
    evaluation: {
      id: "it",
      contender: { kind, name: "it", digest: null, parameters },
      dataset: "sintel-clean",
      split: "train",
      protocol: protocolStamp(flowProtocol("sintel-raft")),
      samples: 1041,
      metrics: { epePooled: 2 },
      byIteration: [],
      seconds: 1,
    },
    samples: { ids: [], metrics: { epe: new Float64Array() }, gallery: [] },
  };
}

const verdicts = (...contenders: ReturnType<typeof scored>[]) =>
  Object.fromEntries(
    comparePublished(publishedByModel(file, models), contenders, "C+T", flowCounterparts)
      .map(({ published, verdict }) => [published.id, verdict]),
  );

Deno.test("comparePublished() takes the model of the same size, and those of no stated size", () => {
  assertEquals(verdicts(scored(200)), {
    "large-epe": "not reproduced",
    "large-size": "reproduced",
    "other-epe": "not comparable",
  });
  assertEquals(verdicts(scored(0, "baseline"), scored(100)), {
    "small-epe": "reproduced",
    "small-size": "reproduced",
    "other-epe": "not comparable",
  });
});

Deno.test("comparePublished() puts the first model beside what has no published size", () => {
  const none = "not comparable";
  assertEquals(verdicts(scored(7)), { "small-epe": none, "small-size": none, "other-epe": none });
  const idle = "not run";
  assertEquals(verdicts(), { "small-epe": idle, "small-size": idle, "other-epe": idle });
});
