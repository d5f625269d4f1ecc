/**
 * Published numbers beside all that a run was scored with: each of its models with those of what that
 * model was trained on.
 *
 * @module
 */
import type { ScoredModel } from "../benchmarks/published.ts";
import type { Evaluation, PublishedComparison } from "../benchmarks/record.ts";
import type { Replication } from "../replications/replication.ts";

/**
 * Each published number once, beside the model that it compares with.
 *
 * @param trainedOn What the contender of an evaluation was trained on.
 */
export function publishedBeside(
  replication: Pick<Replication, "compare">,
  scored: readonly ScoredModel[],
  trainedOn: (evaluation: Evaluation) => string,
): PublishedComparison[] {
  const tested = scored.filter(({ evaluation }) => evaluation.contender.kind !== "baseline");
  if (tested.length === 0) return replication.compare(scored, "");
  const lists = [...Map.groupBy(tested, ({ evaluation }) => trainedOn(evaluation))]
    .map(([trainedOn, models]) => replication.compare(models, trainedOn));
  const byId = Map.groupBy(lists.flat(), ({ published }) => published.id);
  return [...byId.values()].map((each) => each.find(({ ours }) => ours !== null) ?? each[0]);
}
