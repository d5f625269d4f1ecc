/**
 * What flow papers' contenders share: pictures onto the device, flows back from it, and whether there
 * is room.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type FlowField, ndarray, packed, type Picture } from "../base/arrays.ts";
import { EnvironmentError } from "../base/errors.ts";
import { largestBinding } from "../nn/backend.ts";

/** A picture on the device, [1, height, width, 3] and 0…255 as before. */
export function pictureTensor(picture: Picture): tf.Tensor4D {
  const [height, width] = picture.shape;
  return tf.tensor4d(Float32Array.from(packed(picture)), [1, height, width, 3]);
}

/** Reads flows [1, height, width, 2] back to the host and frees them, also where reading fails. */
export async function takeFlows(flows: readonly tf.Tensor4D[]): Promise<FlowField[]> {
  try {
    const read: FlowField[] = [];
    for (const flow of flows) {
      const [, height, width] = flow.shape;
      read.push(ndarray(await flow.data() as Float32Array, [height, width, 2]));
    }
    return read;
  } finally {
    tf.dispose(flows as tf.Tensor4D[]);
  }
}

/**
 * Fails before anything is computed, where a model's largest tensor would not fit.
 *
 * @param picture Its shape, [height, width, 3].
 * @param values Numbers in the largest tensor that the picture needs.
 * @param nextStep What the user can do about it.
 * @throws {EnvironmentError} When they need a buffer beyond the adapter's limit.
 */
export function requireRoom(
  [height, width]: readonly number[],
  values: number,
  nextStep: string,
): void {
  const bytes = 4 * values, limit = largestBinding();
  if (bytes <= limit) return;
  const mebibytes = (n: number) => Math.ceil(n / 2 ** 20);
  throw new EnvironmentError(
    `Cannot run this model on ${width}×${height} pictures: a feature map of ${
      mebibytes(bytes)
    } MiB exceeds the adapter's limit of ${mebibytes(limit)} MiB`,
    nextStep,
  );
}
