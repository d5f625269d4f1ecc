import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { flowProtocol, protocolStamp, withIterations } from "./protocols/protocol.ts";
import { Comparison, type Evaluation, type PublishedNumber } from "./record.ts";
import { compare, correspondsTo } from "./verdict.ts";

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
const verdictAt = (epePooled: number) =>
  compare(published, evaluation({ metrics: { epePooled } }), { training }).verdict;

Deno.test("compare() takes the metric that averages as the published one", () => {
  const result = compare(published, evaluation(), { training });
  assertEquals(Comparison.parse(result), {
    published,
    ours: 2.02,
    evaluation: "raft--sintel-clean",
    verdict: "reproduced",
    reason: "2.02 px is 1 % worse than 2 px",
  });
});

Deno.test("compare() draws its lines at 5 % and 10 %", () => {
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

Deno.test("compare() knows metrics of which more is better", () => {
  const more = { ...published, lowerIsBetter: false };
  const at = (epePooled: number) =>
    compare(more, evaluation({ metrics: { epePooled } }), { training }).verdict;
  assertEquals([2.2, 1.95, 1.85, 1.5].map(at), ["better", "reproduced", "close", "not reproduced"]);
});

Deno.test("compare() is 'not run' without an evaluation", () => {
  const result = compare(published, null, { training });
  assertEquals([result.verdict, result.ours, result.evaluation], ["not run", null, null]);
});

Deno.test("compare() refuses what was made in another way, and says which", () => {
  const cases: [Partial<Evaluation>, string, RegExp][] = [
    [{ dataset: "moving-shapes", split: "test" }, "C+T", /moving-shapes:test.*sintel-clean:train/],
    [{ dataset: "sintel-final" }, "C+T", /sintel-final:train/],
    [{ split: "half" }, "C+T", /sintel-clean:half/],
    [{}, "moving-shapes", /Trained on moving-shapes.*C\+T$/],
    [{}, "C+T+S", /C\+T\+S,.* C\+T$/],
    [{ samples: 1 }, "C+T", /1 of the split's 1041 pairs/],
    [{ protocol: protocolStamp(withIterations(sintel, 12)) }, "C+T", /sintel-raft@12/],
    [{ protocol: protocolStamp({ ...sintel, version: 2 }) }, "C+T", /Protocol sintel-raft/],
    [{ metrics: { epePooled: null } }, "C+T", /epePooled has no value/],
  ];
  for (const [change, training, reason] of cases) {
    const result = compare(published, evaluation(change), { training });
    assertStrictEquals(result.verdict, "not comparable");
    assertStrictEquals(result.ours, null);
    assertMatch(result.reason, reason);
  }
});

Deno.test("compare() refuses what nobody here can measure", () => {
  const beyond: Partial<PublishedNumber>[] = [
    { split: "test" },
    { metric: "EPE, warm start" },
    { dataset: "-", split: "-", metric: "parameters" },
    { dataset: "HD1K" },
    { metric: "constructor" },
  ];
  for (const change of beyond) {
    const number = { ...published, ...change };
    assertStrictEquals(correspondsTo(number), null);
    assertEquals(compare(number, evaluation(), { training }).verdict, "not comparable");
  }
});

Deno.test("compare() finds numbers after fewer iterations, by their own protocol or beside it", () => {
  const after8 = { ...published, metric: "EPE after 8 updates" };
  assertEquals(compare(after8, evaluation(), { training }).ours, 3);
  const own = evaluation({ protocol: protocolStamp(withIterations(sintel, 8)) });
  assertEquals(compare(after8, own, { training }).ours, 2.02);
  const other = evaluation({ protocol: protocolStamp(withIterations(sintel, 9)) });
  assertEquals(compare(after8, other, { training }).verdict, "not comparable");
});

Deno.test("compare() quotes the interval over samples, weighted where the metric is pooled", () => {
  const metrics = {
    epe: Float64Array.of(1, 1, 1, 50),
    fl: Float64Array.of(10, 20, 30, NaN),
    pixels: Float64Array.of(5, 5, 5, 0),
  };
  const samples = { ids: ["a", "b", "c", "d"], metrics, gallery: [] };
  const { reason } = compare(published, evaluation(), { training, samples });
  assertStringIncludes(reason, "95 % interval over samples 1 to 1");
  const after8 = compare({ ...published, metric: "EPE after 8 updates" }, evaluation(), {
    training,
    samples,
  });
  assert(!after8.reason.includes("interval"), "the samples are those of 32 iterations");
});
