import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { dirname, join } from "@std/path";
import { ReflowError } from "../base/errors.ts";
import { writePinned } from "../benchmarks/comparison/side.ts";
import type { RunRecord } from "../benchmarks/record.ts";
import { papers } from "../replications/papers.ts";
import { fabricateRun } from "../reports/fabricated_run.ts";
import { fabricateClaims } from "../tests/fabricated_claims.ts";
import { CLAIM_MARKS } from "../reports/claims_words.ts";
import { generateDocuments, replaced } from "./results.ts";

Deno.test("the tables of this checkout are those of its records", async () => {
  const stale = (await generateDocuments()).filter((document) => document.stale);
  assertEquals(stale.map(({ name }) => name), [], "make them anew: deno task results");
});

Deno.test("tables are made from records and the list of papers", async () => {
  const root = await Deno.makeTempDir();
  const marks = (table: string) =>
    `<!-- ${table}: made by deno task results -->\n<!-- end of ${table} -->\n`;
  const write = async (name: string, text: string) => {
    await Deno.mkdir(dirname(join(root, name)), { recursive: true });
    await Deno.writeTextFile(join(root, name), text);
  };
  try {
    await write(
      "README.md",
      `before\n${marks("status")}between\n${marks("results")}${marks("claims")}after\n`,
    );
    await write("docs/model-zoo.md", marks("model-zoo"));
    await write("replications/pwc_net/main.ts", "");
    const run = fabricateRun(3, { steps: 2, samples: 4, pictures: 0 });
    await writePinned([run], join(root, "results", "raft", "a.json"));
    const { claims: [claim], ...tested } = fabricateClaims();
    await write("results/claims/raft-demo.json", JSON.stringify({ ...tested, claims: [claim] }));
    const [readme, zoo] = await generateDocuments(root);
    assertEquals([readme.stale, zoo.stale], [true, true]);
    assertStringIncludes(readme.text, "before\n<!-- status");
    const rows = readme.text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
    const status = rows.filter((row) => row.length === 7).slice(2).map((row) => row.slice(1, 5));
    const row = (
      { id, title, venue, year }: RunRecord["paper"],
      code: string,
      recipes: string,
    ) => [id, `${title} (${venue} ${year})`, code, recipes];
    assertEquals(status, [
      row(papers.pwcNet, "yes", "–"),
      row(papers.raft, "not yet", "demo"),
      ...Object.values(papers).slice(2).map((paper) => row(paper, "not yet", "–")),
    ]);
    assertStringIncludes(readme.text, "](results/raft/a.json) |");
    const claimed = rows.find((row) => row.some((cell) => cell.includes("claims/raft-demo.json")))!;
    assertEquals(claimed[2], `${claim.favoured.name} better than ${claim.other.name}`);
    assertEquals(
      claimed[3],
      `[${CLAIM_MARKS[claim.verdict]} ${claim.verdict}](results/claims/raft-demo.json)`,
    );
    assertStringIncludes(zoo.text, "](../results/raft/a.json) |");
    for (const { name, text } of [readme, zoo]) await write(name, text);
    assertEquals((await generateDocuments(root)).map(({ stale }) => stale), [false, false]);
    // Another number in the record, another table.
    const { record, samples } = run;
    const evaluations = record.evaluations.map((e) => ({ ...e, metrics: { epe: 7.654 } }));
    await writePinned(
      [{ record: { ...record, evaluations }, samples }],
      join(root, "results/raft/a.json"),
    );
    const [changed] = await generateDocuments(root);
    assertEquals(changed.stale, true);
    assertStringIncludes(changed.text, "7.654 px");
    // A recipe that was not trained for all its steps is not listed as if it were.
    const training = {
      ...record.training!,
      recipe: "demo-2-steps",
      config: { otherSteps: { asked: 2, own: 4000 } },
    };
    await writePinned(
      [{ record: { ...record, training }, samples }],
      join(root, "results/raft/a.json"),
    );
    const [shorter, zooOfShorter] = await generateDocuments(root);
    assertStringIncludes(shorter.text, "| demo-2-steps |");
    assertStringIncludes(zooOfShorter.text, "| demo-2-steps, seed 3 |");
    assertStringIncludes(zooOfShorter.text, "| 2 of 2, the whole recipe has 4,000 |");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a document without marks is refused", () => {
  assertThrows(
    () => replaced("text", "results", "", "README.md"),
    ReflowError,
    "marks are missing",
  );
});
