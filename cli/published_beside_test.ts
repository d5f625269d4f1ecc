import { assertEquals } from "@std/assert";
import { raft } from "../replications/raft/raft.ts";
import { scoredOnSintel } from "../replications/test_support.ts";
import { publishedBeside } from "./published_beside.ts";

/** RAFT after a stage, scored on Sintel's clean pass. */
function after(stage: string, epe: number) {
  const scored = scoredOnSintel(5_257_536, epe, "raft");
  const contender = { ...scored.evaluation.contender, stage };
  return { ...scored, evaluation: { ...scored.evaluation, id: stage, contender } };
}

Deno.test("each stage of a run is beside the published numbers of what it was trained on", () => {
  const labels: Record<string, string> = { chairs: "C", things: "C+T" };
  const models = [after("chairs", 2.3), after("things", 1.44)];
  const comparisons = publishedBeside(
    raft,
    models,
    ({ contender }) => labels[contender.stage!],
  );
  const numbers = comparisons.map(({ published }) => published);
  assertEquals(new Set(numbers.map(({ id }) => id)).size, numbers.length);
  assertEquals(numbers.length, raft.compare(models, "C").length);
  const of = (id: string) => {
    const { evaluation, ours, verdict } = comparisons.find(({ published }) => published.id === id)!;
    return { evaluation, ours, verdict };
  };
  const [chairs, things] = [of("mmflow-C-sintel-clean"), of("raft-ct-sintel-clean")];
  assertEquals(chairs, { evaluation: "chairs", ours: 2.3, verdict: "reproduced" });
  assertEquals(things, { evaluation: "things", ours: 1.44, verdict: "reproduced" });
  assertEquals(of("raft-kitti-test-fl-all").ours, null);
});

Deno.test("baselines alone are beside nothing", () => {
  const scored = scoredOnSintel(0, 9, "raft");
  const contender = { ...scored.evaluation.contender, kind: "baseline" as const };
  const zero = { ...scored, evaluation: { ...scored.evaluation, contender } };
  const verdicts = publishedBeside(raft, [zero], () => "").map(({ verdict }) => verdict);
  assertEquals([...new Set(verdicts)], ["not run"]);
});
