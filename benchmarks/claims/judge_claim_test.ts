import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { fabricateArm, fabricateClaim, FABRICATED } from "../../tests/fabricated_claims.ts";
import type { Side } from "../comparison/side.ts";
import { judgeClaim } from "./judge_claim.ts";

const large = fabricateArm("large", [1, 1.02, 0.98]);
const small = fabricateArm("small", [1.5, 1.52, 1.48]);

const judge = (favoured: Side, other: Side, metric = "epe") =>
  judgeClaim(fabricateClaim(favoured.name, other.name, metric), favoured, other, FABRICATED);

Deno.test("better beyond the noise of seeds and of scenes is supported", () => {
  const found = judge(large, small);
  assertEquals(found.verdict, "supported");
  assertEquals(found.reason, "Over seeds better beyond noise; over scenes better beyond noise");
  assertEquals([found.seeds, found.samples, found.scenes], [3, 60, 15]);
  assertAlmostEquals(found.change!, -1 / 3, 1e-12);
  const { interval } = found.overSeeds!;
  assert(interval!.low < found.change! && found.change! < interval!.high && interval!.high < 0);
  assert(found.overScenes!.interval!.high < 0);
  assertEquals(found.other.runs.map(({ id, seed }) => `${id} ${seed}`), [
    "raft-demo-small-s0 0",
    "raft-demo-small-s1 1",
    "raft-demo-small-s2 2",
  ]);
  const values = found.other.runs.map(({ value }) => value!);
  assertAlmostEquals(found.other.mean!, (values[0] + values[1] + values[2]) / 3, 1e-12);
});

Deno.test("worse beyond both is contradicted, also where more is better", () => {
  assertEquals(judge(small, large).verdict, "contradicted");
  assertEquals(judge(large, small, "px1").verdict, "supported");
  const found = judge(small, large, "px1");
  assertEquals(found.verdict, "contradicted");
  assert(found.change! > 0 && found.favoured.mean! < found.other.mean!);
});

Deno.test("what other seeds might have given is inconclusive, however sure the scenes are", () => {
  const found = judge(large, fabricateArm("wide", [0.7, 1.1, 1.6]));
  assertEquals(found.verdict, "inconclusive");
  assertEquals(found.reason, "Over seeds not beyond noise; over scenes better beyond noise");
});

Deno.test("what a single scene gave is inconclusive, however sure the seeds are", () => {
  const one = { epe: (value: number, i: number) => i < 4 ? 40 * value : value };
  const found = judge(large, fabricateArm("one", [1, 1.02, 0.98], one));
  assertEquals(found.verdict, "inconclusive");
  assertStringIncludes(found.reason, "Over seeds better beyond noise; over scenes no worse");
});

Deno.test("too few seeds or scenes are inconclusive and say how many it takes", () => {
  const two = judge(fabricateArm("large", [1, 1.02]), fabricateArm("small", [1.5, 1.52]));
  assertEquals(two.verdict, "inconclusive");
  assertStringIncludes(two.reason, "Over seeds 2 seeds, and a verdict needs 3");
  assertEquals(two.overSeeds!.interval, null);
  assertAlmostEquals(two.change!, 1.01 / 1.51 - 1, 1e-12);
  const samples = { samples: 16 };
  const few = judge(
    fabricateArm("large", [1, 1.02, 0.98], samples),
    fabricateArm("small", [1.5, 1.52, 1.48], samples),
  );
  assertEquals([few.verdict, few.scenes], ["inconclusive", 4]);
  assertStringIncludes(few.reason, "over scenes 4 scenes, and a verdict needs 7");
});

Deno.test("arms that come to the same, or differ within the tolerance, are inconclusive", () => {
  const same = judge(large, fabricateArm("twin", [1, 1.02, 0.98]));
  assertEquals(same.verdict, "inconclusive");
  assertStringIncludes(same.reason, "the same to the last bit");
  const near = judge(fabricateArm("a", [1, 1, 1]), fabricateArm("b", [1.005, 1.005, 1.005]));
  assertEquals(near.verdict, "inconclusive");
});

Deno.test("arms that were scored otherwise compare with nothing, and the reason is given", () => {
  const scored = (changes: object) =>
    judge(
      large,
      fabricateArm("small", [1.5, 1.5, 1.5], {
        edit: (record) => ({
          ...record,
          evaluations: record.evaluations.map((one) => ({ ...one, ...changes })),
        }),
      }),
    );
  const elsewhere = scored({ split: "val" });
  assertEquals([elsewhere.verdict, elsewhere.change], ["inconclusive", null]);
  assertEquals(elsewhere.reason, "raft-demo-small-s0 was not scored on moving-shapes:test");
  const data = judge(
    large,
    fabricateArm("small", [1.5, 1.5, 1.5], {
      edit: (record) => ({
        ...record,
        data: record.data.map((stamp) => ({ ...stamp, digest: "0".repeat(64) })),
      }),
    }),
  );
  assertStringIncludes(data.reason, "the digests of the stores differ");
  const none = judgeClaim(fabricateClaim("large", "small"), large, small, {
    ...FABRICATED,
    split: "train",
  });
  assertEquals(none.reason, "raft-demo-small-s0 was not scored on moving-shapes:train");
  assertEquals(judge(large, small, "nothing").verdict, "inconclusive");
});

Deno.test("what a run was scored on besides is left out, and settings that differ are named", () => {
  const more = fabricateArm("large", [1, 1.02, 0.98], {
    edit: (record) => ({
      ...record,
      evaluations: [
        { ...record.evaluations[0], id: "else", split: "val", metrics: { epe: 99 } },
        ...record.evaluations,
      ],
    }),
  });
  const found = judge(more, small);
  assertEquals([found.verdict, found.favoured.mean], [
    "supported",
    judge(large, small).favoured.mean,
  ]);
  assertEquals(found.differences, [
    { name: "config.model", favoured: "large", other: "small" },
  ]);
});
