/**
 * What a record keeps of a paper's own model: who it is, where its weights come from.
 *
 * @module
 */
import { basename } from "@std/path";
import { sha256File } from "../base/files.ts";
import type { Evaluation } from "../benchmarks/record.ts";
import type { Source } from "./replication.ts";
import { runWeights } from "./stage_weights.ts";

/** A source that has weights. */
type Weighted = Exclude<Source, { kind: "baseline" }>;

/** The stamp of a model in the middle of its training. */
export const inTraining = (parameters: number): Evaluation["contender"] => ({
  ...{ kind: "run", name: "in training", digest: null, parameters },
});

/** The weights file of a source. */
export const weightsFile = (source: Weighted): string =>
  source.kind === "run" ? runWeights(source.path, source.stage) : source.path;

/** The stamp of a model that was loaded from a source. */
export async function stampOf(
  source: Weighted,
  model: string,
  parameters: number,
): Promise<Evaluation["contender"]> {
  const path = weightsFile(source);
  const about = { digest: await sha256File(path), parameters };
  if (source.kind !== "run") return { kind: source.kind, name: basename(path), ...about };
  const { stage, record: { training } } = source;
  const recipe = `${training?.recipe} recipe`;
  return stage === undefined
    ? { kind: "run", name: `${model} (${recipe})`, ...about }
    : { kind: "run", name: `${model} (${recipe}, ${stage})`, ...about, stage };
}
