/**
 * The one training loop, for every paper.
 *
 * A paper says what a step is ({@link Stage}); the loop differentiates, clips, updates, keeps curves and
 * checkpoints, stops cleanly, and stops at once where a number is not finite. A batch is a pure
 * function of the step, so a checkpoint needs no data cursor: resumed training is bit-identical to
 * training that was never interrupted.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Interrupted } from "../base/errors.ts";
import type { RunFolder } from "../benchmarks/run_folder.ts";
import { releaseFree, submit } from "../nn/backend.ts";
import type { Network } from "../nn/network.ts";
import type { Optimizer, OptimizerConfig } from "../nn/optimizer_config.ts";
import { createOptimizer } from "../nn/optimizers.ts";
import type { Schedule } from "../nn/schedules.ts";
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { type Batch, beginStep, type BegunStep, numbersOf } from "./training_step.ts";

/** A stretch of training with one data mix, one optimiser and one schedule. */
export interface Stage<B extends Batch = Batch> {
  readonly name: string;
  readonly steps: number;
  readonly optimizer: OptimizerConfig;
  readonly schedule: Schedule;
  /** Puts the model into this stage's mode (which layers are frozen). */
  begin(): void;
  /** The batch of a step, from 0; always the same for the same step. */
  batch(step: number): Promise<B>;
  /** The loss of a batch; runs inside the tape. */
  loss(batch: B): tf.Scalar;
  /** Scores the model in this stage in place of {@link TrainingJob.validation}, and when that does. */
  validate?(): Promise<Record<string, number>>;
}

/** A model and how it is trained. */
export interface TrainingJob {
  readonly network: Network;
  readonly stages: readonly Stage[];
  /** Names the resolved configuration; a checkpoint of another one is refused. */
  readonly configHash: string;
  /** Scores the model in the middle of training; values join the curves. */
  readonly validation?: {
    /** After every so many steps, and after the last. */
    readonly every: number;
    run(): Promise<Record<string, number>>;
  };
}

/** How a job is run. */
export interface TrainingOptions {
  /** Where curves and checkpoints go. */
  readonly folder: RunFolder;
  /** Continues from the newest checkpoint rather than from the start. */
  readonly resume: boolean;
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** Stops after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
  /**
   * Called with the model's parameters as a stage left them, when it has ended and others follow; once
   * more where a run is resumed at that step.
   */
  onStageEnd?(stage: Stage): Promise<void>;
  /** Called after every step with the finished steps and the loss. */
  onStep?(done: number, total: number, loss: number): void;
  /** Called with what the user should know, such as a damaged checkpoint that was passed over. */
  onNote?(note: string): void;
}

/** What {@link train} did. */
export interface TrainingOutcome {
  readonly steps: number;
  readonly finalLoss: number | null;
  /** Seconds of all sessions together. */
  readonly seconds: number;
  /** Times the run was resumed. */
  readonly resumed: number;
}

/** Where a step lies among the stages. */
function locate(
  stages: readonly Stage[],
  step: number,
): { stage: Stage; index: number; local: number } {
  let local = step;
  for (let index = 0; index < stages.length; index++) {
    if (local < stages[index].steps) return { stage: stages[index], index, local };
    local -= stages[index].steps;
  }
  throw new RangeError(`step ${step} is beyond the last stage`);
}

/** The stage that a step is the last of while others follow; null within a stage. */
function endedAt(stages: readonly Stage[], step: number): Stage | null {
  let end = 0;
  for (const stage of stages.slice(0, -1)) {
    end += stage.steps;
    if (stage.steps > 0 && end === step) return stage;
  }
  return null;
}

/**
 * Trains until the last step, or until the signal.
 *
 * @throws {Interrupted} When the signal stopped it; a checkpoint is saved.
 * @throws {ReflowError} When a loss or gradient is not finite: the message names the tensor, and the
 * parameters are those before that step.
 */
export async function train(job: TrainingJob, options: TrainingOptions): Promise<TrainingOutcome> {
  const { folder, signal } = options;
  const { network, stages } = job;
  const total = stages.reduce((sum, stage) => sum + stage.steps, 0);
  let saved: Checkpoint | null = null;
  if (options.resume) {
    saved = await loadCheckpoint(folder, job.configHash, (note) => options.onNote?.(note));
    network.load(saved.network, saved.path);
    await folder.truncateCurves(saved.step);
  }
  let step = saved?.step ?? 0;
  let loss: number | null = saved?.loss ?? null;
  const resumed = saved ? saved.resumed + 1 : 0;
  const started = performance.now() - (saved?.seconds ?? 0) * 1000;
  const seconds = () => (performance.now() - started) / 1000;

  let optimizer: Optimizer | null = null;
  let current = -1;
  const save = async () => {
    await saveCheckpoint(folder, {
      step,
      loss,
      seconds: seconds(),
      resumed,
      configHash: job.configHash,
      network: await network.stateDict(),
      optimizerStep: optimizer?.step ?? 0,
      moments: optimizer ? await optimizer.state() : new Map(),
    });
  };

  /**
   * Looks at a step's numbers and keeps them.
   *
   * @param meanwhile Called as soon as they are asked for. Deno's host stands still until the device is
   * done with all that it was handed, so what comes next is handed over then and not before.
   */
  const conclude = async (done: BegunStep, meanwhile = () => {}) => {
    const coming = numbersOf(done, network);
    meanwhile();
    const numbers = await coming;
    loss = numbers.loss;
    const values: Record<string, number> = {
      "loss": numbers.loss,
      "learning rate": done.rate,
      "gradient norm": numbers.norm,
    };
    if (job.validation && isDue(done.number, job.validation.every)) {
      const stage = stages[current];
      Object.assign(values, await (stage.validate?.() ?? job.validation.run()));
      stage.begin();
    }
    await folder.appendCurve({ step: done.number, values });
    options.onStep?.(done.number, total, numbers.loss);
    if (!signal?.aborted) return;
    await save();
    throw new Interrupted(
      `Stopped at step ${step} of ${total}; everything up to it is saved`,
      `Resume with --resume ${folder.id}`,
    );
  };
  const free = (done: BegunStep | null) => {
    done?.release();
    tf.dispose(Object.values(done?.batch ?? {}));
    return null;
  };
  const isDue = (step: number, every: number) => step % every === 0 || step === total;

  let upcoming: Promise<Batch> | null = null;
  // Each step is recorded while the device still works on the one before, which is looked at then.
  let before: BegunStep | null = null, next: BegunStep | null = null;
  try {
    while (true) {
      const saves = isDue(step, options.checkpointEvery), ended = endedAt(stages, step);
      if (before && (saves || ended || isDue(step, job.validation?.every ?? Infinity))) {
        // What comes now needs the parameters as they are.
        await conclude(before);
        before = free(before);
        // Before the checkpoint: a run that goes on from there has the stage behind it.
        if (ended) await options.onStageEnd?.(ended);
        if (saves) await save();
      } else if (ended) {
        // It was stopped right there.
        await options.onStageEnd?.(ended);
      }
      if (step === total) break;

      const { stage, index, local } = locate(stages, step);
      if (index !== current) {
        optimizer?.dispose();
        if (current >= 0) releaseFree(); // another stage may have pictures of another size
        optimizer = createOptimizer(network, stage.optimizer);
        if (saved && local > 0) optimizer.restore(saved.moments, saved.optimizerStep);
        saved = null;
        current = index;
        stage.begin();
      }
      const batch = await (upcoming ?? stage.batch(local));
      upcoming = local + 1 < stage.steps ? stage.batch(local + 1) : null;
      upcoming?.catch(() => {}); // reported when it is awaited, not before

      next = beginStep(network, optimizer!, stage.loss, batch, step + 1, stage.schedule(local));
      if (before) {
        await conclude(before, submit);
        before = free(before);
      }
      optimizer!.update(next.clip, next.rate);
      network.afterStep();
      submit();
      step++;
      before = next;
      next = null;
    }
  } finally {
    free(before);
    free(next);
    optimizer?.dispose();
    // A batch that was fetched ahead is not needed any more.
    await upcoming?.then((batch) => tf.dispose(batch as unknown as tf.TensorContainer), () => {});
  }
  return { steps: step, finalLoss: loss, seconds: seconds(), resumed };
}
