/**
 * Published numbers as a paper's `published.json` holds them, and all of them beside what was scored.
 *
 * The file is one object: names of models, each with its numbers. A model's size is among them where
 * it is known ({@link MODEL_SIZE}).
 *
 * @module
 */
import { z } from "zod";
import type { Counterparts } from "./counterpart.ts";
import { flowProtocol } from "./protocols/protocol.ts";
import {
  type Evaluation,
  MODEL_SIZE,
  type PublishedComparison,
  PublishedNumber,
} from "./record.ts";
import type { SampleResults } from "./samples.ts";
import { comparePublishedNumber } from "./verdict.ts";

/** A paper's published numbers by model. */
export type PublishedByModel<Model extends string = string> = Readonly<
  Record<Model, readonly PublishedNumber[]>
>;

/**
 * Checks the content of a `published.json`.
 *
 * @param file The parsed file.
 * @param models The models it is to have, no more and no less.
 * @throws {Error} When something is missing, misspelled or there twice; a fault of ours.
 */
export function publishedByModel<Model extends string>(
  file: unknown,
  models: readonly Model[],
): PublishedByModel<Model> {
  const shape = Object.fromEntries(models.map((model) => [model, z.array(PublishedNumber).min(1)]));
  const numbers = z.strictObject(shape).parse(file) as Record<Model, PublishedNumber[]>;
  const ids = new Set<string>();
  for (const { id, protocol, source } of models.flatMap((model) => numbers[model])) {
    if (ids.has(id)) throw new Error(`two published numbers are called ${id}`);
    if (source.trim() === "") throw new Error(`${id} has no source`);
    if (protocol !== undefined) flowProtocol(protocol);
    ids.add(id);
  }
  return numbers;
}

/** What of a scored contender its comparison needs. */
export interface ScoredModel {
  readonly evaluation: Evaluation;
  readonly samples: SampleResults;
}

/**
 * Published numbers beside what was scored: those of the model of the same size, and those of models
 * whose size nobody states. A contender of no published size has the first model's beside it, with
 * which it does not compare.
 *
 * @param scored Baselines among them are passed over.
 * @param training What the contender was trained on; see {@link comparePublishedNumber}.
 * @param counterparts The names of numbers of this kind.
 */
export function comparePublished(
  published: PublishedByModel,
  scored: readonly ScoredModel[],
  training: string,
  counterparts: Counterparts,
): PublishedComparison[] {
  const ours = scored.filter(({ evaluation }) => evaluation.contender.kind !== "baseline");
  const size = ours[0]?.evaluation.contender.parameters;
  const models = Object.values(published).map((numbers) => ({
    numbers,
    parameters: numbers.find(({ metric }) => metric === MODEL_SIZE)?.value ?? null,
  }));
  const sized = models.filter(({ parameters }) => parameters !== null);
  const own = sized.find(({ parameters }) => parameters === size) ?? sized[0];
  return models.filter((model) => model === own || model.parameters === null)
    .flatMap(({ numbers, parameters }) =>
      numbers.map((number) => {
        const comparisons = ours.map(({ evaluation, samples }) =>
          comparePublishedNumber(number, evaluation, {
            counterparts,
            training,
            parameters,
            samples,
          })
        );
        return comparisons.find(({ verdict }) => verdict !== "not comparable") ?? comparisons[0] ??
          comparePublishedNumber(number, null, { counterparts, training });
      })
    );
}
