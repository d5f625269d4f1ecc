/**
 * The commands that redo a run: with every option that changes the result and is not as usual.
 *
 * @module
 */
import type { RunRecord } from "../benchmarks/record.ts";
import { findSplit } from "../datasets/registry.ts";
import type { BackendName } from "../nn/backend.ts";
import type { KernelSet } from "../nn/kernels/selection.ts";
import type {
  ForeignSource,
  Recipe,
  Replication,
  Scored,
  Source,
} from "../replications/replication.ts";

/** What computes; the same seed gives the same bits only on the same. */
interface Computing {
  readonly backend: BackendName;
  readonly kernels: KernelSet;
}

/**
 * A command as a shell reads it.
 *
 * @param options By name, in order; those that are undefined or false are left out.
 */
export function commandText(
  command: string,
  options: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const words = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    const text = String(value);
    // A value that starts with a dash would be taken for an option.
    return [`--${name}${text.startsWith("-") ? "=" : " "}${quoted(text)}`];
  });
  return [command, ...words].join(" ");
}

/** A word that a shell reads as it is. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** What computes, where it is not the usual. */
export function unusual(
  { backend, kernels }: Partial<Computing>,
): { kernels?: KernelSet; backend?: BackendName } {
  return {
    ...kernels === undefined || kernels === "tuned" ? {} : { kernels },
    ...backend === undefined || backend === "webgpu" ? {} : { backend },
  };
}

/** What was trained, and what it is scored with. */
export interface RedoneTraining<R extends Recipe> {
  readonly recipe: R;
  readonly seed: number;
  /** The run's id. */
  readonly id: string;
  /** Whether the paper's baselines are scored beside it. */
  readonly withBaselines?: boolean;
  /** The command that redoes the training, where it is no plain `train`. */
  readonly command?: string;
}

/** The commands that train a run again and score it: the flow that its videos need comes first. */
export function trainingCommands<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  { recipe, seed, id, withBaselines, command }: RedoneTraining<R>,
  computing: Computing,
): string[] {
  const { name, otherSteps } = recipe;
  const train = { recipe: name, seed, steps: otherSteps?.asked, run: id, ...unusual(computing) };
  return [
    ...flowCommands(replication, recipe),
    command ?? commandText(`deno task ${replication.paper.id} train`, train),
    usualScoring(replication, { recipe, id, withBaselines }, computing),
  ];
}

/** The command that scores a run on what its recipe is scored on. */
export function usualScoring<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  { recipe, id, withBaselines }: Pick<RedoneTraining<R>, "recipe" | "id" | "withBaselines">,
  computing: Computing,
): string {
  const { dataset, protocol } = replication.evaluationOf(recipe);
  return commandText(`deno task ${replication.paper.id} evaluate`, {
    ...{ run: id, dataset, protocol, "with-baselines": withBaselines },
    ...unusual(computing),
  });
}

/** The commands that compute flow, a dataset each that is trained on and has none of its own. */
function flowCommands<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  recipe: R,
): string[] {
  if (!replication.flow) return [];
  const datasets = new Set(replication.plan(recipe).flatMap((stage) => stage.datasets));
  return [...datasets].filter((name) => findSplit(name).dataset.size.frames)
    .map((dataset) =>
      // Which weights made it stands among the run's data, by name and digest, not by path.
      commandText(`deno task ${replication.paper.id} flow`, { dataset, weights: "FILE" })
    );
}

/** The option that names what was scored. */
function nameOf(source: Source | ForeignSource): Record<string, string | undefined> {
  if (source.kind === "run") return { run: source.id, stage: source.stage };
  if (source.kind === "baseline") return { baseline: source.name };
  if (source.kind === "folder") return { predictions: source.path };
  if (source.kind === "weights") return { weights: source.path };
  const { path, pixels, channels } = source;
  return { onnx: path, "onnx-pixels": pixels, "onnx-channels": channels };
}

/**
 * The commands that score the same again, one a dataset. How many iterations were asked for is part of
 * the protocol's id.
 *
 * @param how What computed, and what the user says it was trained on.
 */
export function scoringCommands(
  { id }: Pick<RunRecord["paper"], "id">,
  source: Source | ForeignSource,
  scored: readonly Scored[],
  how: Computing & { readonly trainedOn?: string },
): string[] {
  const besides = source.kind !== "baseline" &&
    scored.some(({ evaluation }) => evaluation.contender.kind === "baseline");
  const commands = scored.map(({ evaluation: { dataset, split, protocol, samples }, data }) =>
    commandText(`deno task ${id} evaluate`, {
      ...nameOf(source),
      ...{ dataset: `${dataset}:${split}`, protocol: protocol.id },
      samples: samples < data.samples ? samples : undefined,
      "with-baselines": besides,
      "trained-on": how.trainedOn,
      ...unusual(how),
    })
  );
  return [...new Set(commands)];
}
