import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  segmentationProtocol,
  segmentationStamp,
} from "../../benchmarks/protocols/segmentation.ts";
import { MODEL_SIZE } from "../../benchmarks/record.ts";
import { comparePublished, type ScoredModel } from "../../benchmarks/published.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";
import { counterparts } from "./verdicts.ts";

const PUBLISHED = PUBLISHED_BY_MODEL["guess-what-moves"];

/** A model of the published size, scored on all of DAVIS' validation videos. */
const evaluation: ScoredModel["evaluation"] = {
  id: "e",
  contender: { kind: "weights", name: "w", digest: null, parameters: 15_901_662 },
  dataset: "davis-2016",
  split: "val",
  protocol: segmentationStamp(segmentationProtocol("davis16-gwm")),
  samples: 1316,
  metrics: { j: 79.1, jPerImage: 78, jFree: 75 },
  byIteration: [],
  seconds: 1,
};
const samples = { ids: [], metrics: {}, gallery: [] };

const compared = (changes: Partial<typeof evaluation> = {}, training?: string) =>
  comparePublished(
    PUBLISHED_BY_MODEL,
    [{ evaluation: { ...evaluation, ...changes }, samples }],
    training ?? "unsupervised on DAVIS-2016 videos",
    counterparts,
  );

function verdictOf(id: string, changes?: Partial<typeof evaluation>, training?: string) {
  return compared(changes, training).find(({ published }) => published.id === id)!;
}

Deno.test("published numbers compare only with the published model, data and protocol", () => {
  const same = verdictOf("nb-davis");
  assertEquals([same.verdict, same.ours], ["reproduced", 79.1]);
  assertEquals(same.reason, "79.1 % is 0.578 % worse than 79.56 %");
  assertEquals(verdictOf("nb-davis", { metrics: { j: 60 } }).verdict, "not reproduced");
  const other = { ...evaluation.contender, parameters: 7 };
  const perFrame = segmentationStamp(segmentationProtocol("frames-gwm"));
  for (
    const [changes, training, reason] of [
      [{ samples: 480 }, undefined, "was scored on 480 of the split's 1316 frames"],
      [{ contender: other }, undefined, "is a smaller model (7 parameters)"],
      [{}, "moving-shapes", "was trained on moving-shapes"],
      [{ dataset: "fbms-59" }, undefined, "was scored on fbms-59:val"],
      [
        { protocol: perFrame },
        undefined,
        "was scored under protocol frames-gwm instead of davis16-gwm",
      ],
    ] as const
  ) {
    const { verdict, reason: why } = verdictOf("nb-davis", changes, training);
    assertEquals([verdict, why], ["not comparable", `Ours ${reason}`]);
  }
  assertEquals(verdictOf("nb-davis", { metrics: { j: null } }).reason, "j has no value here");
  const none = comparePublished(PUBLISHED_BY_MODEL, [], "x", counterparts);
  assertEquals(none.map(({ published }) => published), [...PUBLISHED]);
  assertEquals(new Set(none.map(({ verdict }) => verdict)), new Set(["not run"]));
});

Deno.test("the published size is a number like the others", () => {
  const { verdict, ours } = verdictOf("params-head");
  assertEquals([verdict, ours], ["reproduced", 15_901_662]);
  const { reason } = verdictOf("params-head", {
    contender: { ...evaluation.contender, parameters: 373_312 },
  });
  assertEquals(reason, "Ours is a smaller model (373,312 parameters)");
});

Deno.test("the interval is one over videos, whose frames resemble each other", () => {
  const bySequence = [70, 80, 90].map((j, i) => ({ name: `${i}`, samples: 9, metrics: { j } }));
  const { reason, interval } = verdictOf("nb-davis", { bySequence });
  assertMatch(reason, /; 95 % interval over videos 70 to 90$/);
  assertEquals(interval, { low: 70, high: 90, confidence: 0.95 });
});

Deno.test("what cannot be measured here says why, and no split's truth is called hidden", () => {
  const unmeasured = PUBLISHED.filter((number) =>
    counterparts.of(number) === null && number.metric !== MODEL_SIZE
  );
  assertEquals(PUBLISHED.length - unmeasured.length, 7);
  for (const { id, metric } of unmeasured) {
    assertEquals(verdictOf(id).reason, `Not measured here: ${metric}`);
  }
  assert(unmeasured.some(({ split }) => split === "test"));
});
