/**
 * What the flow papers' training has in common: stages of a recipe, their plan, and scoring on held-out
 * pairs on the way.
 *
 * @module
 */
import type { FlowContender } from "../benchmarks/contenders/contender.ts";
import { evaluateFlow } from "../benchmarks/evaluate.ts";
import { defaultProtocol, type EvaluationConvention } from "../benchmarks/protocols/protocol.ts";
import type { Size } from "../datasets/augment/crop.ts";
import { openDataset } from "../datasets/registry.ts";
import { bytesPerDraw } from "./flow.ts";
import type { BatchSettings } from "./flow_batches.ts";
import type { PlannedStage } from "./replication.ts";
import type { TrainingJob } from "./training.ts";

/** A stage as every flow paper has it. */
export interface FlowStage extends BatchSettings<{ readonly crop: Size }> {
  readonly steps: number;
  /** The largest of the stage. */
  readonly learningRate: number;
  /** See {@link PlannedStage.trainedOn}. */
  readonly trainedOn?: string;
}

/** Held-out data that is scored during and after training. */
export interface HeldOut {
  /** `id:split`. */
  readonly dataset: string;
  /** Samples scored in the middle of training. */
  readonly samples: number;
  /** Steps from one score to the next. */
  readonly every: number;
  /** Name of the curve; default "held-out EPE". */
  readonly curve?: string;
}

/** The recipe with another number of steps in all, divided among its stages as before. */
export function withSteps<
  S extends { readonly steps: number },
  R extends { readonly stages: readonly S[] },
>(
  recipe: R,
  steps: number,
): R {
  const total = recipe.stages.reduce((sum, stage) => sum + stage.steps, 0);
  let before = 0, assigned = 0;
  const stages = recipe.stages.map((stage) => {
    before += stage.steps;
    const upTo = Math.round(steps * before / total);
    const own = upTo - assigned;
    assigned = upTo;
    return { ...stage, steps: own };
  });
  return { ...recipe, stages };
}

/**
 * What a stage takes.
 *
 * @param gigaflop Arithmetic of a training step, in 10⁹ floating-point operations.
 */
export function planStage(stage: FlowStage, gigaflop: number): PlannedStage {
  const { crop } = stage.data[0].augmentation;
  return {
    name: stage.name,
    data: stage.data.map(({ dataset, repeat }) => repeat === 1 ? dataset : `${repeat}×${dataset}`)
      .join(" + "),
    steps: stage.steps,
    batch: stage.batch,
    crop: `${crop.height}×${crop.width}`,
    learningRate: stage.learningRate,
    gigaflop,
    bytesRead: stage.steps * stage.batch * bytesPerDraw(stage.data),
    datasets: stage.data.map(({ dataset }) => dataset),
    ...stage.trainedOn !== undefined && { trainedOn: stage.trainedOn },
  };
}

/**
 * Scores a model on held-out pairs in the middle of its training.
 *
 * @param convention Whose protocol is meant; RAFT's unless told.
 */
export async function heldOutScore(
  contender: FlowContender,
  { dataset, samples, every, curve = "held-out EPE" }: HeldOut,
  dataDir: string,
  convention?: EvaluationConvention,
): Promise<NonNullable<TrainingJob["validation"]>> {
  const test = await openDataset(dataset, dataDir);
  const protocol = defaultProtocol(test.id, convention);
  return {
    every,
    async run() {
      const options = { contender, dataset: test, protocol, limit: samples, gallery: 0 };
      const { evaluation } = await evaluateFlow(options);
      return { [curve]: evaluation.metrics.epe! };
    },
  };
}
