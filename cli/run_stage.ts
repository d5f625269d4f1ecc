/**
 * Which weights of a run are meant: its own, or those after one of its stages.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { unknownName } from "../base/nearest.ts";
import { runWeights } from "../replications/stage_weights.ts";
import type { Run } from "./find_run.ts";

/**
 * The stage to take weights of, or undefined where those are the run's own.
 *
 * @param stage What the user asks for; the last stage of a finished run means the run's own weights.
 * @throws {UsageError} When the run has no such stage, or no weights of it; the next step names those
 * there are.
 */
export async function stageWithWeights(
  { folder: { id, path }, record: { paper, training } }: Run,
  stage: string | undefined,
): Promise<string | undefined> {
  const resume = `deno task ${paper.id} train --resume ${id}`;
  if (stage === undefined) {
    if (training?.weights) return undefined;
    throw new UsageError(
      `Cannot use run ${id}: it has no final weights`,
      `Finish it: ${resume}`,
    );
  }
  const names = training?.stages.map(({ name }) => name) ?? [];
  if (!names.includes(stage)) throw unknownName("stage", stage, names, `in run ${id}`);
  if (training?.weights && stage === names.at(-1)) return undefined;
  const there: string[] = [];
  for (const name of names) if (await exists(runWeights(path, name))) there.push(name);
  if (there.includes(stage)) return stage;
  throw new UsageError(
    `Cannot use stage ${stage} of run ${id}: it has not ended yet, or kept no weights`,
    there.length > 0
      ? `There are weights after: ${
        [...there, ...training?.weights ? names.slice(-1) : []].join(", ")
      }`
      : `There are none of any stage yet. Go on with the run: ${resume}`,
  );
}
