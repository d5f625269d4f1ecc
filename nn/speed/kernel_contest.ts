/**
 * Our kernels against TensorFlow.js' own, on the device in use.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { randomStream } from "../../base/random.ts";
import type { Contest, Contestant } from "../../base/speed_case.ts";
import { settle, submit } from "../backend.ts";
import { type KernelSet, useKernelSet } from "../kernels/selection.ts";
import { forgetTexels } from "../kernels/texels.ts";

/** Normal numbers, drawn once; a prime count, so that no tensor's rows repeat each other. */
let page: Float32Array | null = null;

/**
 * A tensor of normal numbers, the same at every call.
 *
 * @param which Tells tensors of one case apart: equal ones could make a gradient vanish.
 * @param deviation Their standard deviation.
 */
export function normals<T extends tf.Tensor>(
  shape: readonly number[],
  which: number,
  deviation = 1,
): T {
  if (!page) {
    const stream = randomStream(3, "speed");
    page = Float32Array.from({ length: 65521 }, () => stream.normal());
  }
  const numbers = page;
  const size = tf.util.sizeFromShape([...shape]);
  const first = 7919 * which;
  const values = Float32Array.from(
    { length: size },
    (_, i) => deviation * numbers[(first + i) % numbers.length],
  );
  return tf.tensor(values, [...shape], "float32") as T;
}

/** Makes kernels forget the copies of tensors that they keep for themselves. */
export function asNew(tensors: readonly tf.Tensor[]): void {
  for (const { dataId } of tensors) forgetTexels(tf.backend() as WebGPUBackend, dataId);
}

/** Bytes of results that may wait for a submit. */
const MOST_UNSUBMITTED = 2 ** 28;

/** Work on the device. */
export interface DeviceWork {
  /** Tensors it reads, which the contest owns. */
  readonly operands: readonly tf.Tensor[];
  /** Does it; what it returns is disposed of. */
  compute(): tf.Tensor | tf.Tensor[];
}

/**
 * A contestant that runs device work on one kernel set.
 *
 * Each call meets its operands as if they were new: a copy of them that a kernel keeps for itself
 * is made again, as it would be in a network.
 */
export function onKernels(
  set: KernelSet,
  { operands, compute }: DeviceWork,
  name: string = set === "tuned" ? "ours" : "TensorFlow.js",
): Contestant {
  let unsubmitted = 0;
  const run = () => {
    useKernelSet(set);
    asNew(operands);
    return tf.tidy(() => [compute()].flat());
  };
  return {
    name,
    call() {
      const tensors = run();
      // Buffers that are done with are reused only after a submit.
      unsubmitted += tensors.reduce((sum, { size }) => sum + 4 * size, 0);
      if (unsubmitted > MOST_UNSUBMITTED) {
        submit();
        unsubmitted = 0;
      }
      tf.dispose(tensors);
    },
    async settle() {
      unsubmitted = 0;
      await settle();
    },
    async result() {
      const tensors = run();
      const values = await Promise.all(tensors.map((tensor) => tensor.data()));
      tf.dispose(tensors);
      return values as Float32Array[];
    },
  };
}

function normalsLike(compute: () => tf.Tensor): tf.Tensor {
  const value = tf.tidy(compute);
  value.dispose();
  return normals(value.shape, 7);
}

/**
 * The same work on both kernel sets.
 *
 * @param tolerance Largest difference relative to the largest number.
 * @param stock What the built-in kernels do instead, where they cannot do the same.
 */
export function kernelContest(
  work: DeviceWork,
  tolerance: number,
  stock: Pick<DeviceWork, "compute"> & { readonly name?: string } = work,
): Contest {
  return {
    ours: onKernels("tuned", work),
    alternative: onKernels("stock", { ...work, compute: stock.compute }, stock.name),
    tolerance,
    close: () => closeWork(work),
  };
}

/** Frees the operands, and goes back to our kernels. */
export function closeWork({ operands }: DeviceWork): void {
  useKernelSet("tuned");
  tf.dispose([...operands]);
}

/**
 * An operation followed by its gradients by all operands.
 *
 * @param dy Gradient of its result, the last of the work's operands; normal numbers unless given.
 */
export function withGradients(
  operands: readonly tf.Tensor[],
  operation: (...operands: tf.Tensor[]) => tf.Tensor,
  dy: tf.Tensor = normalsLike(() => operation(...operands)),
): DeviceWork {
  return {
    operands: [...operands, dy],
    compute: () => {
      const { value, grads } = tf.valueAndGrads(operation)([...operands], dy);
      return [value, ...grads];
    },
  };
}
