import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sha256 } from "../../base/files.ts";
import { randomStream } from "../../base/random.ts";
import { fabricateRun } from "../../reports/fabricated_run.ts";
import type { RunRecord } from "../record.ts";
import { compareSides } from "./compare_sides.ts";
import type { ComparedRun, Side } from "./side.ts";

const SAMPLES = 60; // of 15 scenes

/** A run whose samples' EPE is changed, and whose weights have a name of their own. */
function runOf(
  name: string,
  change: (epe: number, i: number) => number = (epe) => epe,
  edit: (record: RunRecord) => RunRecord = (record) => record,
): ComparedRun {
  const { record, samples } = fabricateRun(0, { steps: 4, samples: SAMPLES, pictures: 0 });
  const { ids, metrics } = samples.get("raft")!;
  const epe = metrics.epe.map(change);
  const mean = epe.reduce((a, b) => a + b, 0) / epe.length;
  const evaluations = record.evaluations.map((evaluation) =>
    evaluation.id !== "raft" ? evaluation : {
      ...evaluation,
      contender: { ...evaluation.contender, digest: sha256(name) },
      metrics: { ...evaluation.metrics, epe: mean },
    }
  );
  return {
    record: edit({ ...record, id: name, evaluations }),
    samples: new Map([["raft", { ids, metrics: { ...metrics, epe } }]]),
  };
}

const side = (name: string, ...runs: ComparedRun[]): Side => ({ name, runs });
const base = side("base", runOf("base"));

/** Every sample worse by a share, with noise of its own. */
function worseBy(share: number, spread = 0.01) {
  const random = randomStream(0, "worse", share);
  return (epe: number) => epe * (1 + share + random.normal(0, spread));
}

const against = (candidate: Side, options = {}) => compareSides(base, candidate, options);

Deno.test("a side against itself is the same, exit 0", () => {
  const report = against(base);
  assertEquals([report.verdict, report.exitCode], ["same", 0]);
  assertEquals(report.differences, []);
  assertEquals(report.evaluations[0].flips, []);
});

Deno.test("what was scored after a stage is beside the same stage of the other side", () => {
  const after = (share: number) =>
    runOf("stages", worseBy(share), (record) => ({
      ...record,
      evaluations: record.evaluations.flatMap((evaluation) => [
        evaluation,
        ...evaluation.id !== "raft" ? [] : [{
          ...evaluation,
          id: "raft-things",
          contender: {
            ...evaluation.contender,
            name: "RAFT (demo recipe, things)",
            stage: "things",
          },
        }],
      ]),
    }));
  const [first, second] = [after(0), after(0.08)].map(({ record, samples }) => {
    const own = samples.get("raft")!;
    return { record, samples: new Map([["raft", own], ["raft-things", own]]) };
  });
  const report = compareSides(side("base", first), side("worse", second), {});
  assertEquals(report.evaluations.length, 2);
  const alone = against(side("worse", second));
  assertEquals(alone.evaluations.length, 1);
  assertEquals(alone.notCompared.map(({ what }) => what), ["moving-shapes:test after things"]);
});

Deno.test("a worse model is worse, exit 1, with the samples that moved", () => {
  const report = against(side("worse", runOf("worse", worseBy(0.08))));
  assertEquals([report.verdict, report.exitCode], ["worse", 1]);
  const [{ noise, units, samples, counts, flips, chance, interval }] = report.evaluations;
  assertEquals([noise, units, samples], ["scenes", SAMPLES / 4, SAMPLES]);
  assertEquals(counts.worse, flips.filter(({ change }) => change > 0.01).length);
  assert(counts.worse > 55 && chance! <= 0.01 && interval!.low > 0.05);
  assert(
    flips.every((flip, i) => i === 0 || Math.abs(flip.change) <= Math.abs(flips[i - 1].change)),
  );
  assertStringIncludes(report.reasons[0], "worse over 15 scenes");
  // The candidate in the base's place is better.
  assertEquals(compareSides(side("worse", runOf("worse", worseBy(0.08))), base).verdict, "better");
});

Deno.test("noise is no verdict, and a change within the tolerance none that matters", () => {
  const noisy = against(side("noisy", runOf("noisy", worseBy(0.005, 0.3))));
  assertEquals([noisy.verdict, noisy.exitCode], ["undecided", 0]);
  const slight = against(side("slight", runOf("slight", worseBy(0.004, 0.001))));
  assertEquals([slight.verdict, slight.exitCode], ["not worse", 0]);
  const strict = against(side("slight", runOf("slight", worseBy(0.004, 0.001))), {
    tolerance: 0.001,
  });
  assertEquals([strict.verdict, strict.exitCode], ["worse", 1]);
});

Deno.test("the same weights may differ by rounding alone", () => {
  const at = (change: (epe: number, i: number) => number, options = {}) =>
    against(side("again", runOf("base", change)), options);
  const rounded = at((epe) => epe * (1 + 1e-6));
  assertEquals([rounded.verdict, rounded.evaluations[0].noise], ["same", "rounding"]);
  const one = at((epe, i) => i === 7 ? 1.01 * epe : epe);
  assertEquals([one.verdict, one.exitCode, one.evaluations[0].flips.length], ["worse", 1, 1]);
  assertEquals(at((epe, i) => i === 7 ? 0.99 * epe : epe).verdict, "better");
  assertEquals(at((epe, i) => i === 7 ? 1.01 * epe : epe, { tolerance: 0.02 }).exitCode, 0);
  // Other weights, but meant to be the same model.
  const claimed = side("port", runOf("port", (epe, i) => i === 7 ? 1.01 * epe : epe));
  assertEquals(against(claimed).exitCode, 0);
  assertEquals(against(claimed, { sameModel: true }).exitCode, 1);
});

Deno.test("several runs a side are compared by their seeds' spread", () => {
  const seeds = (name: string, ...shares: number[]) =>
    side(name, ...shares.map((share, i) => runOf(`${name}-${i}`, (epe) => epe * (1 + share))));
  const recipe = seeds("recipe", 0, 0.03, -0.03);
  const alike = compareSides(recipe, seeds("alike", 0.04, -0.01, 0.02));
  assertEquals([alike.evaluations[0].noise, alike.exitCode], ["runs", 0]);
  const worse = compareSides(recipe, seeds("worse", 0.2, 0.24, 0.22));
  assertEquals([worse.verdict, worse.exitCode], ["worse", 1]);
  // One further run: as far off as the next seed might be, and farther.
  assertEquals(compareSides(recipe, seeds("one", 0.07)).exitCode, 0);
  assertEquals(compareSides(recipe, seeds("one", 0.6)).exitCode, 1);
});

/** The report where one thing of the candidate's record is other than the base's. */
function edited(edit: (record: RunRecord) => RunRecord) {
  return against(side("edited", runOf("edited", worseBy(0.5), edit)));
}

Deno.test("what was made in another way is not comparable, exit 2, with the reason", () => {
  const evaluations = (change: (e: RunRecord["evaluations"][number]) => object) =>
    edited((record) => ({
      ...record,
      evaluations: record.evaluations.map((e) => ({ ...e, ...change(e) })),
    }));
  const cases: [ReturnType<typeof edited>, string][] = [
    [
      evaluations(({ protocol }) => ({
        protocol: { ...protocol, id: "other", hash: sha256("b") },
      })),
      "scored under protocol moving-shapes (12 iterations",
    ],
    [evaluations(() => ({ dataset: "kitti-2015" })), "the candidate was not scored on it"],
    [
      edited((record) => ({
        ...record,
        data: record.data.map((stamp) => ({ ...stamp, digest: sha256("other") })),
      })),
      "the digests of the stores differ",
    ],
    [
      evaluations(({ contender, metrics }) =>
        contender.kind === "baseline" ? { metrics: { ...metrics, epe: 9 } } : {}
      ),
      "the benchmark itself has changed",
    ],
  ];
  for (const [report, reason] of cases) {
    assertEquals([report.verdict, report.exitCode], ["not comparable", 2], reason);
    assertStringIncludes(report.reasons.join("\n"), reason);
  }
});

Deno.test("other samples, too few scenes and missing numbers are not comparable", () => {
  const run = runOf("fewer");
  const { ids, metrics } = run.samples.get("raft")!;
  const first = (n: number): ComparedRun => ({
    ...run,
    samples: new Map([["raft", {
      ids: ids.slice(0, n),
      metrics: { epe: (metrics.epe as Float64Array).slice(0, n).map((x) => 2 * x) },
    }]]),
  });
  const fewer = against(side("fewer", first(20)));
  assertStringIncludes(fewer.reasons[0], "other samples (60 and 20)");
  const baseOf = (n: number) =>
    side("base", {
      ...runOf("base"),
      samples: new Map([["raft", {
        ids: ids.slice(0, n),
        metrics: { epe: (metrics.epe as Float64Array).slice(0, n) },
      }]]),
    });
  const few = compareSides(baseOf(24), side("few", first(24)));
  assertEquals([few.verdict, few.exitCode], ["not comparable", 2]);
  assertStringIncludes(few.reasons[0], "6 scenes, and a verdict needs 7");
  assertEquals(compareSides(baseOf(28), side("enough", first(28))).exitCode, 1);
  const none = against(side("none", { ...run, samples: new Map() }));
  assertStringIncludes(none.reasons[0], "kept no per-sample numbers");
});

Deno.test("a change of the scoring code is bridged by a baseline that scores as before", () => {
  const scoredBy = (code: string, name: string, baselines = true) =>
    runOf(name, (epe) => epe, (record) => ({
      ...record,
      environment: { ...record.environment, benchmark: sha256(code) },
      evaluations: record.evaluations.filter(({ contender }) =>
        baselines || contender.kind !== "baseline"
      ),
    }));
  const [a, b] = [side("a", scoredBy("a", "a")), side("b", scoredBy("b", "b"))];
  const bridged = compareSides(a, b);
  assertEquals(bridged.exitCode, 0);
  assertStringIncludes(bridged.warnings[0], "its baseline scores as before");
  const torn = compareSides(a, side("c", scoredBy("c", "c", false)));
  assertEquals(torn.exitCode, 2);
  assertStringIncludes(torn.reasons[0], "evaluate the base again");
});

Deno.test("evaluated again, a run is compared by the code that scored it now", () => {
  const { record, samples } = runOf("b", (epe) => epe);
  const again = (zero: number): ComparedRun => ({
    samples,
    record: {
      ...record,
      environment: { ...record.environment, benchmark: sha256("old") },
      evaluations: record.evaluations.map((evaluation) =>
        evaluation.contender.kind === "baseline"
          ? { ...evaluation, metrics: { ...evaluation.metrics, epe: zero } }
          : { ...evaluation, benchmark: sha256("new") }
      ),
    },
  });
  const fresh = side("a", {
    samples,
    record: { ...record, environment: { ...record.environment, benchmark: sha256("new") } },
  });
  // The baseline was left as the old code scored it, and bridges nothing.
  const report = compareSides(fresh, side("b", again(99)));
  assertEquals([report.exitCode, report.warnings], [0, []]);
  const scoring = report.differences.find(({ name }) => name === "scoring code");
  assertEquals(scoring?.candidate.split(", ").length, 2);
});

Deno.test("several splits are judged together, and can be told where none alone can", () => {
  // Four splits of three scenes each.
  const splitUp = (name: string, worse: number) => {
    const { record, samples } = runOf(name, worseBy(worse, 0.001));
    const { ids, metrics } = samples.get("raft")!;
    const splits = ["a", "b", "c", "d"];
    const [whole] = record.evaluations;
    return side(name, {
      record: {
        ...record,
        evaluations: splits.map((split) => ({ ...whole, id: split, split })),
      },
      samples: new Map(splits.map((split, i) => {
        const range = [12 * i, 12 * (i + 1)] as const;
        const epe = (metrics.epe as Float64Array).slice(...range);
        return [split, { ids: ids.slice(...range), metrics: { epe } }];
      })),
    });
  };
  const report = compareSides(splitUp("base", 0), splitUp("candidate", 0.05));
  assertEquals(report.evaluations.map(({ verdict }) => verdict), Array(4).fill("not comparable"));
  assertEquals([report.together!.verdict, report.together!.units], ["worse", 12]);
  assertEquals(report.exitCode, 1);
});

Deno.test("differences are named by area, prose and results left out", () => {
  const report = edited((record) => ({
    ...record,
    scale: "another",
    environment: { ...record.environment, deno: "3.0.0" },
    training: { ...record.training!, config: { model: "small", iterations: 7, batch: 2 } },
  }));
  const named = report.differences.map(({ area, name }) => `${area} ${name}`);
  assertEquals(named, [
    "configuration config.iterations",
    "configuration config.learningRate",
    "configuration config.gamma",
    "code weights",
    "environment deno",
  ]);
  assertEquals(report.differences[0].base, "6");
});

Deno.test("slower runs are worse where there are enough of them on one machine", () => {
  const runs = (name: string, seconds: number, n: number, memory = 8) =>
    side(
      name,
      ...Array.from({ length: n }, (_, i) =>
        runOf(`${name}-${i}`, (epe) => epe, (record) => ({
          ...record,
          environment: { ...record.environment, memoryBytes: memory * 2 ** 30 },
          training: { ...record.training!, seconds: seconds + i / 10 },
        }))),
    );
  const slower = compareSides(runs("base", 10, 5), runs("slower", 15, 5));
  assertEquals([slower.verdict, slower.exitCode], ["worse", 1]);
  assertStringIncludes(slower.reasons[0], "A training step takes 1.49 times as much.");
  const few = compareSides(runs("base", 10, 3), runs("slower", 15, 3));
  assertEquals([few.costs[0].aside?.slice(0, 12), few.exitCode], ["too few runs", 0]);
  const elsewhere = compareSides(runs("base", 10, 5), runs("slower", 15, 5, 16));
  assertEquals([elsewhere.costs[0].aside, elsewhere.exitCode], ["another machine", 0]);
  const single = compareSides(runs("base", 10, 1), runs("slower", 15, 1));
  assertStringIncludes(single.costs[0].aside!, "one process each");
});
