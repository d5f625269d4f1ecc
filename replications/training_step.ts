/**
 * One training step: forward, backward, check, update.
 *
 * A step is begun, and its gradients may be used, before anybody has seen its numbers: the device
 * takes its time for them, and the next step is recorded meanwhile. An update by gradients that are not
 * finite changes nothing (`Optimizer.update`), so looking late loses nothing.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { ReflowError } from "../base/errors.ts";
import { readLater } from "../nn/backend.ts";
import { backward } from "../nn/backward.ts";
import type { Network } from "../nn/network.ts";
import type { Optimizer } from "../nn/optimizer_config.ts";

/** Tensors of one batch, by name; names appear in messages. */
export type Batch = Readonly<Record<string, tf.Tensor>>;

/** A step whose gradients are on their way. */
export interface BegunStep {
  /** Of this step, from 1. */
  readonly number: number;
  readonly rate: number;
  readonly batch: Batch;
  readonly gradients: readonly tf.Tensor[];
  /** What {@link Optimizer.update} wants. */
  readonly clip: tf.Tensor1D;
  /** Waits for the loss, and the gradients' norm before clipping. */
  numbers(): Promise<{ loss: number; norm: number }>;
  /** Frees all of it but the batch. */
  release(): void;
}

/**
 * Records a step's forward and backward pass.
 *
 * @param number Of this step, from 1.
 * @param rate Learning rate.
 */
export function beginStep<B extends Batch>(
  network: Network,
  optimizer: Optimizer,
  loss: (batch: B) => tf.Scalar,
  batch: B,
  number: number,
  rate: number,
): BegunStep {
  const parameters = network.trainable.map(({ tensor }) => tensor);
  const { value, gradients, clip } = tf.tidy(() => {
    const { value, grads } = backward(() => loss(batch), parameters);
    return { value, gradients: grads, clip: optimizer.clip(grads) };
  });
  const read = readLater([value, clip]);
  return {
    ...{ number, rate, batch, gradients, clip },
    async numbers() {
      const [[loss], [, norm]] = await read();
      return { loss, norm };
    },
    release() {
      tf.dispose([value, clip, ...gradients]);
    },
  };
}

/**
 * The numbers of a step.
 *
 * @throws {ReflowError} When the loss or a gradient is not finite: the message names the tensor.
 */
export async function numbersOf(
  step: BegunStep,
  network: Network,
): Promise<{ loss: number; norm: number }> {
  const numbers = await step.numbers();
  if (Number.isFinite(numbers.loss) && Number.isFinite(numbers.norm)) return numbers;
  throw await notFinite(network, step, numbers.loss);
}

/**
 * A step by itself: begun, looked at, and the parameters updated.
 *
 * @throws {ReflowError} When the loss or a gradient is not finite; nothing is updated then.
 */
export async function trainStep<B extends Batch>(
  network: Network,
  optimizer: Optimizer,
  loss: (batch: B) => tf.Scalar,
  batch: B,
  rate: number,
): Promise<void> {
  const step = beginStep(network, optimizer, loss, batch, 1, rate);
  try {
    await numbersOf(step, network);
    optimizer.update(step.clip, rate);
    network.afterStep();
  } finally {
    step.release();
  }
}

/** The error that names the first tensor at fault, in the order in which trouble spreads. */
async function notFinite(
  network: Network,
  { batch, gradients, number }: BegunStep,
  loss: number,
): Promise<ReflowError> {
  const suspects: [string, tf.Tensor][] = [
    ...Object.entries(batch).map(([name, t]): [string, tf.Tensor] => [`input "${name}"`, t]),
    ...network.all.map((p): [string, tf.Tensor] => [`parameter ${p.name}`, p.tensor]),
    ...(Number.isFinite(loss)
      ? network.trainable.map((
        p,
        i,
      ): [string, tf.Tensor] => [`gradient of ${p.name}`, gradients[i]])
      : []),
  ];
  let culprit = `the loss (${loss})`;
  for (const [name, tensor] of suspects) {
    if (!(await tensor.data()).every(Number.isFinite)) {
      culprit = name;
      break;
    }
  }
  return new ReflowError(
    `Cannot train on: ${culprit} is not finite at step ${number}`,
    "The last checkpoint is sound. Lower the learning rate, or look at the batch of that step.",
    1,
  );
}
