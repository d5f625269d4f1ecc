import { assertEquals, assertStringIncludes } from "@std/assert";
import { fabricateClaims } from "../tests/fabricated_claims.ts";
import { claimsText } from "./claims_text.ts";

Deno.test("the text says what was run, and a row a claim what it came to", () => {
  const report = fabricateClaims();
  const lines = claimsText(report).split("\n");
  assertEquals(
    lines[0],
    "Of 3 claims, 1 is supported, 1 is contradicted, 1 is inconclusive. Tested with 3 arms of the " +
      "demo recipe, 3 seeds each, 4 steps a run; scored on moving-shapes:test, 60 samples.",
  );
  assertEquals(lines[1], report.scale);
  assertStringIncludes(lines[2], "protocol moving-shapes: 12 iterations");
  const [heading, supported, contradicted, inconclusive] = lines.slice(4);
  assertStringIncludes(heading, "95 % over seeds");
  assertStringIncludes(supported, "✓ supported");
  assertStringIncludes(supported, "33 % better");
  assertStringIncludes(contradicted, "✕ contradicted");
  assertStringIncludes(contradicted, "50 % worse");
  assertStringIncludes(inconclusive, "≈ inconclusive");
  const columns = [heading, supported, contradicted, inconclusive]
    .map((line) => line.search(/Claim|\w+-over-/));
  assertEquals(new Set(columns).size, 1, "columns stand below each other");
  assertStringIncludes(
    lines.at(-1)!,
    "odd-over-large: EPE (px) odd model 1.369, large model 1.365. Over seeds not beyond noise",
  );
});

Deno.test("warnings and missing values are in it", () => {
  const report = fabricateClaims();
  const [claim] = report.claims;
  const empty = { ...claim, change: null, overSeeds: null, overScenes: null };
  const text = claimsText({ ...report, scored: null, claims: [empty], warnings: ["mixed"] });
  assertStringIncludes(text, "note: mixed");
  assertStringIncludes(text, "not every run was scored alike");
  assertStringIncludes(text.split("\n")[4], "–");
});
