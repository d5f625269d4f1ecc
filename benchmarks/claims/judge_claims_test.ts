import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  fabricateArm,
  fabricateClaim,
  fabricateClaims,
  FABRICATED,
} from "../../tests/fabricated_claims.ts";
import type { Side } from "../comparison/side.ts";
import { judgeClaims } from "./judge_claims.ts";

Deno.test("every claim gets a verdict, and the report says what they rest on", () => {
  const report = fabricateClaims();
  assertEquals(report.claims.map(({ id, verdict }) => `${id}: ${verdict}`), [
    "large-over-small: supported",
    "small-over-large: contradicted",
    "odd-over-large: inconclusive",
  ]);
  assertEquals([report.arms, report.seeds, report.tolerance, report.level], [
    3,
    [0, 1, 2],
    0.01,
    0.01,
  ]);
  assertEquals(report.scored!.samples, 60);
  assertEquals(report.warnings, []);
});

const judge = (...sides: Side[]) =>
  judgeClaims({
    about: fabricateClaims(),
    claims: [fabricateClaim("large", "small")],
    sides: new Map(sides.map((side) => [side.name, side])),
    on: FABRICATED,
  });

Deno.test("runs of several versions or machines are warned of", () => {
  const environment = (changes: object) =>
    judge(
      fabricateArm("large", [1, 1, 1]),
      fabricateArm("small", [2, 2, 2], {
        edit: (record) => ({ ...record, environment: { ...record.environment, ...changes } }),
      }),
    ).warnings;
  const [code, ...none] = environment({ code: "0".repeat(64) });
  assertStringIncludes(code, "2 versions of the code");
  assertEquals(none, []);
  assertStringIncludes(environment({ kernels: "stock" })[0], "stock");
  assertStringIncludes(environment({ cores: 64 })[0], "64 cores");
});

Deno.test("an arm without runs is a mistake, and one that was not scored is said", () => {
  assertThrows(() => judge(fabricateArm("large", [1])), RangeError, "small");
  const unscored = fabricateArm("small", [1], {
    edit: (record) => ({ ...record, evaluations: [] }),
  });
  assertEquals(judge(fabricateArm("large", [1]), unscored).scored, null);
});
