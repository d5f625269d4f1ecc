import { assert, assertEquals } from "@std/assert";
import type { Evaluation, PublishedComparison } from "../benchmarks/record.ts";
import { fabricateRun } from "./fabricated_run.ts";
import { modelZooTable, resultsTable } from "./results_tables.ts";

const { record } = fabricateRun(0, { steps: 2, samples: 2, pictures: 0 });
const [own] = record.evaluations;
const after: Evaluation = {
  ...own,
  id: "things",
  contender: { ...own.contender, name: "RAFT (demo recipe, things)", stage: "things" },
};
const [{ published }] = record.comparisons;
const compared: PublishedComparison[] = [
  { published, ours: 1, evaluation: "things", verdict: "reproduced", reason: "as published" },
  { published, ours: null, evaluation: null, verdict: "not comparable", reason: "trained else" },
];
const file = "a.json";

Deno.test("a stage has its own row, and the verdict of its own numbers", () => {
  const both = { ...record, evaluations: [own, after], comparisons: compared };
  const rows = resultsTable([{ file, record: both }]).split("\n");
  const verdictOf = (name: string) => {
    const row = rows.find((row) => row.includes(`| ${name} `))!;
    return row.includes("not comparable") ? "not comparable" : row.includes("reproduced");
  };
  assertEquals(verdictOf("RAFT (demo recipe, things)"), true);
  assertEquals(verdictOf("RAFT (demo recipe)"), "not comparable");
});

Deno.test("the model zoo says after which stage a number was scored", () => {
  const zoo = modelZooTable([{ file, record: { ...record, evaluations: [own, after] } }]);
  const { dataset, split } = own;
  assert(zoo.includes(`on ${dataset}:${split}; `) && zoo.includes(`:${split} after things |`), zoo);
});
