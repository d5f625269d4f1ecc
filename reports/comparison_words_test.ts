import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compareSides } from "../benchmarks/comparison/compare_sides.ts";
import { comparisonMarkdown, comparisonText } from "./comparison_words.ts";
import { fabricateRun } from "./fabricated_run.ts";
import { HOSTILE } from "./hostile_run.ts";

/** A comparison in which one of the samples got worse, with the same weights. */
function comparison(name = "") {
  const run = fabricateRun(0, { steps: 4, samples: 8, pictures: 0 });
  const { ids, metrics } = run.samples.get("raft")!;
  const epe = metrics.epe.map((value, i) => i === 2 ? 1.2 * value : value);
  const named = ids.map((id) => id + name);
  const side = (values: Float64Array, id: string) => ({
    name: id + name,
    runs: [{
      record: { ...run.record, id: id + name },
      samples: new Map([["raft", { ids: named, metrics: { epe: values } }]]),
    }],
  });
  return compareSides(side(metrics.epe, "base"), side(epe, "candidate"));
}

Deno.test("the text starts with the verdict and lists what moved", () => {
  const lines = comparisonText(comparison()).split("\n");
  assertEquals(lines[0], "✕ The candidate is worse.");
  assertStringIncludes(lines[1], "The same model, and 1 of 8 samples are worse");
  assert(lines.some((line) => line.includes("samples: 1 worse, 0 better, 7 alike")));
  assert(lines.some((line) => /video-0000\/frame-02: \S+ → \S+, 20 % worse/.test(line)));
});

Deno.test("the Markdown holds verdict, results and flips in tables", () => {
  const text = comparisonMarkdown(comparison());
  assertStringIncludes(text, "### ✕ The candidate is worse.");
  assertStringIncludes(text, "Base `base`, candidate `candidate`.");
  assertStringIncludes(text, "<details><summary>1 sample moved beyond the tolerance</summary>");
  const rows = text.split("\n").filter((line) => line.startsWith("| moving-shapes:test"));
  assertEquals(rows.length, 2);
});

Deno.test("hostile names neither leave their cell nor become markup", () => {
  const text = comparisonMarkdown(
    comparison(`${HOSTILE}\n| x | [a](javascript:b) @everyone \`\`\``),
  );
  // Code keeps what is in it, as long as its fence is longer than any run of backticks within.
  const outside = text.replaceAll(/(`+) .*? \1(?!`)/g, "");
  assert(!outside.includes("<img") && !outside.includes("```"));
  assert(!/[^\\]\[a\]\(/.test(outside), "no link");
  assert(!outside.includes("@everyone"), "no mention");
  for (const line of text.split("\n").filter((line) => line.startsWith("| moving"))) {
    const cells = line.replaceAll("\\|", "").split("|").length;
    assert([7, 9].includes(cells), line);
  }
});
