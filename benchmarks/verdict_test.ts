import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { flowCounterparts } from "./flow_counterparts.ts";
import { flowProtocol, protocolStamp, withIterations } from "./protocols/protocol.ts";
import {
  type Evaluation,
  MODEL_SIZE,
  PublishedComparison,
  type PublishedNumber,
} from "./record.ts";
import { comparePublishedNumber, type PublishedComparisonOptions } from "./verdict.ts";

const sintel = flowProtocol("sintel-raft");

const published: PublishedNumber = {
  id: "sintel",
  dataset: "MPI-Sintel clean",
  split: "train",
  training: "C+T (retrained)",
  metric: "EPE",
  value: 2,
  unit: "px",
  lowerIsBetter: true,
  source: "Table 1",
  verified: true,
};

function evaluation(change: Partial<Evaluation> = {}): Evaluation {
  return {
    id: "raft--sintel-clean",
    contender: { kind: "run", name: "RAFT", digest: null, parameters: 5257536 },
    dataset: "sintel-clean",
    split: "train",
    protocol: protocolStamp(sintel),
    samples: 1041,
    metrics: { epe: 9, epePooled: 2.02, fl: 15, flPerImage: null },
    byIteration: [{ iterations: 8, metrics: { epePooled: 3 } }],
    seconds: 1,
    ...change,
  };
}

const training = "C+T";

/** A number of optical flow beside ours. */
const compare = (
  number: PublishedNumber,
  evaluation: Evaluation | null,
  options: Omit<PublishedComparisonOptions, "counterparts">,
) => comparePublishedNumber(number, evaluation, { counterparts: flowCounterparts, ...options });

const verdictAt = (epePooled: number) =>
  compare(published, evaluation({ metrics: { epePooled } }), { training }).verdict;

Deno.test("comparePublishedNumber() takes the metric that averages as the published one", () => {
  const result = compare(published, evaluation(), { training });
  assertEquals(PublishedComparison.parse(result), {
    published,
    ours: 2.02,
    evaluation: "raft--sintel-clean",
    verdict: "reproduced",
    reason: "2.02 px is 1 % worse than 2 px",
  });
});

Deno.test("comparePublishedNumber() draws its lines at 5 % and 10 %", () => {
  assertEquals(
    [2, 2.09, 1.91, 2.11, 2.19, 2.21, 1.89, 0.1].map(verdictAt),
    [
      "reproduced",
      "reproduced",
      "reproduced",
      "close",
      "close",
      "not reproduced",
      "better",
      "better",
    ],
  );
});

Deno.test("comparePublishedNumber() knows metrics of which more is better", () => {
  const more = { ...published, lowerIsBetter: false };
  const at = (epePooled: number) =>
    compare(more, evaluation({ metrics: { epePooled } }), { training }).verdict;
  assertEquals([2.2, 1.95, 1.85, 1.5].map(at), ["better", "reproduced", "close", "not reproduced"]);
});

Deno.test("comparePublishedNumber() is 'not run' without an evaluation", () => {
  const result = compare(published, null, { training });
  assertEquals([result.verdict, result.ours, result.evaluation], ["not run", null, null]);
});

Deno.test("comparePublishedNumber() refuses what was made in another way, and says which", () => {
  const narrow = { kind: "run", name: "RAFT", digest: null, parameters: 250216 } as const;
  const at12 = protocolStamp(withIterations(sintel, 12));
  const cases: [Partial<Evaluation>, string, string][] = [
    [{ dataset: "moving-shapes", split: "test" }, "C+T", "was scored on moving-shapes:test"],
    [{ dataset: "sintel-final" }, "C+T", "was scored on sintel-final:train"],
    [{ split: "half" }, "C+T", "was scored on sintel-clean:half"],
    [{}, "moving-shapes", "was trained on moving-shapes"],
    [{}, "C+T+S", "was trained on C+T+S"],
    [{ samples: 1 }, "C+T", "was scored on 1 of the split's 1041 pairs"],
    [{ protocol: at12 }, "C+T", "was scored under protocol sintel-raft@12 instead of sintel-raft"],
    [
      { protocol: protocolStamp({ ...sintel, version: 2 }) },
      "C+T",
      "was scored under protocol sintel-raft instead of sintel-raft",
    ],
    [{ contender: narrow }, "C+T", "is a smaller model (250,216 parameters)"],
    [{ contender: narrow }, "C", "is a smaller model (250,216 parameters) and was trained on C"],
    [
      { contender: narrow, dataset: "moving-shapes", split: "test" },
      "moving-shapes",
      "is a smaller model (250,216 parameters), was trained on moving-shapes " +
      "and was scored on moving-shapes:test",
    ],
  ];
  for (const [change, training, difference] of cases) {
    const result = compare(published, evaluation(change), { training, parameters: 5257536 });
    assertStrictEquals(result.verdict, "not comparable");
    assertStrictEquals(result.ours, null);
    assertStrictEquals(result.reason, `Ours ${difference}`);
  }
  const empty = compare(published, evaluation({ metrics: { epePooled: null } }), { training });
  assertStrictEquals(empty.reason, "epePooled has no value here");
});

Deno.test("comparePublishedNumber() holds the model's size against the published one, to the last parameter", () => {
  const size = { ...published, dataset: "-", split: "-", metric: MODEL_SIZE, value: 5257536 };
  const same = compare(size, evaluation({ dataset: "moving-shapes" }), { training: "anything" });
  assertEquals([same.verdict, same.ours, same.evaluation], [
    "reproduced",
    5257536,
    "raft--sintel-clean",
  ]);
  const other = compare({ ...size, value: 5257535 }, evaluation(), { training });
  assertEquals([other.verdict, other.ours], ["not comparable", null]);
  assertStrictEquals(other.reason, "Ours is a larger model (5,257,536 parameters)");
});

Deno.test("comparePublishedNumber() refuses what nobody here can measure", () => {
  const beyond: [Partial<PublishedNumber>, RegExp][] = [
    [{ split: "test" }, /no public ground truth/],
    [{ metric: "EPE, warm start" }, /Not measured here: EPE, warm start/],
    [{ dataset: "-", split: "-", metric: "frames a second", unit: "fps" }, /same hardware/],
    [{ dataset: "HD1K" }, /Not measured here/],
    [{ metric: "constructor" }, /Not measured here/],
  ];
  for (const [change, reason] of beyond) {
    const number = { ...published, ...change };
    assertStrictEquals(flowCounterparts.of(number), null);
    const result = compare(number, evaluation(), { training });
    assertEquals(result.verdict, "not comparable");
    assertMatch(result.reason, reason);
  }
});

Deno.test("comparePublishedNumber() finds numbers after fewer iterations, by their own protocol or beside it", () => {
  const after8 = { ...published, metric: "EPE after 8 updates" };
  assertEquals(compare(after8, evaluation(), { training }).ours, 3);
  const own = evaluation({ protocol: protocolStamp(withIterations(sintel, 8)) });
  assertEquals(compare(after8, own, { training }).ours, 2.02);
  const other = evaluation({ protocol: protocolStamp(withIterations(sintel, 9)) });
  assertEquals(compare(after8, other, { training }).verdict, "not comparable");
});

Deno.test("comparePublishedNumber() holds a number against the protocol it was made under", () => {
  const resized = { ...published, protocol: "sintel-pwc" };
  assertEquals(
    compare(resized, evaluation(), { training }).reason,
    "Ours was scored under protocol sintel-raft instead of sintel-pwc",
  );
  const own = evaluation({ protocol: protocolStamp(flowProtocol("sintel-pwc")) });
  assertEquals(compare(resized, own, { training }).verdict, "reproduced");
});

Deno.test("comparePublishedNumber() decides an average nobody states only where both say the same", () => {
  const kitti = { ...published, dataset: "KITTI-2015", metric: "EPE (average not stated)" };
  const of = (epe: number, epePooled: number | null) =>
    compare(
      kitti,
      evaluation({
        dataset: "kitti-2015",
        samples: 200,
        protocol: protocolStamp(flowProtocol("kitti15-raft")),
        metrics: { epe, epePooled },
      }),
      { training },
    );
  const agreed = of(2.02, 2.05);
  assertEquals([agreed.verdict, agreed.ours], ["reproduced", 2.02]);
  assertStringIncludes(agreed.reason, "2.05 px where pooled");
  const torn = of(2.02, 2.15);
  assertEquals([torn.verdict, torn.ours], ["not comparable", null]);
  assertMatch(torn.reason, /reproduced.*close.*doesn't say how it averages/);
  assertEquals(of(2.02, 2.02).reason, "2.02 px is 1 % worse than 2 px");
});

Deno.test("comparePublishedNumber() knows no model of a size that nobody states", () => {
  const { verdict, reason } = compare(published, evaluation(), { training, parameters: null });
  assertEquals(verdict, "not comparable");
  assertMatch(reason, /may be another model/);
});

Deno.test("comparePublishedNumber() says what could not be checked of flows made elsewhere", () => {
  for (const [kind, words] of [["folder", "how these flows were made"], ["onnx", "iterations"]]) {
    const contender = { ...evaluation().contender, kind: kind as "folder", parameters: null };
    const { verdict, reason } = compare(published, evaluation({ contender }), {
      training,
      parameters: 5257536,
    });
    assertEquals(verdict, "reproduced");
    assertStringIncludes(reason, words);
  }
});

Deno.test("comparePublishedNumber() quotes the interval over samples, weighted where the metric is pooled", () => {
  const metrics = {
    epe: Float64Array.of(1, 1, 1, 50),
    fl: Float64Array.of(10, 20, 30, NaN),
    pixels: Float64Array.of(5, 5, 5, 0),
  };
  const samples = { ids: ["a", "b", "c", "d"], metrics, gallery: [] };
  const { reason, interval } = compare(published, evaluation(), { training, samples });
  assertStringIncludes(reason, "95 % interval over samples 1 to 1");
  assertEquals(interval, { low: 1, high: 1, confidence: 0.95 });
  const after8 = compare({ ...published, metric: "EPE after 8 updates" }, evaluation(), {
    training,
    samples,
  });
  assert(!after8.reason.includes("interval"), "the samples are those of 32 iterations");
});
