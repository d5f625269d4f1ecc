/**
 * One operation on both kernel sets, as a speed case.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { SpeedCase } from "../../base/speed_case.ts";
import { type DeviceWork, kernelContest, normals, withGradients } from "./kernel_contest.ts";

/** What a row says of itself. */
export type About = Omit<SpeedCase, "measure">;

/** What is timed; it composes TensorFlow.js' operations by itself where stock kernels are chosen. */
export type Operation = (...operands: tf.Tensor[]) => tf.Tensor;

/** Settings of {@link operationCase}. */
interface OperationSettings {
  /** Adds the gradients. */
  readonly backward?: boolean;
  /** Largest difference relative to the largest number. */
  readonly tolerance?: number;
  /** Gradients are those by so many of the first operands; default all. */
  readonly differentiated?: number;
}

/** An operation on operands of these shapes, on both kernel sets. */
export function operationCase(
  about: About,
  shapes: readonly (readonly number[])[],
  operation: Operation,
  { backward = false, tolerance = 1e-4, differentiated = shapes.length }: OperationSettings = {},
): SpeedCase {
  const open = () => {
    const operands = shapes.map((shape, i) => normals(shape, i));
    const rest = operands.slice(differentiated);
    const work: DeviceWork = backward
      ? withGradients(operands.slice(0, differentiated), (...first) => operation(...first, ...rest))
      : { operands, compute: () => operation(...operands) };
    const all = backward ? { ...work, operands: [...rest, ...work.operands] } : work;
    return Promise.resolve(kernelContest(all, tolerance));
  };
  return { ...about, measure: { open } };
}

/** An operation forward, and forward with its gradients. */
export const bothWays = (
  name: string,
  shape: string,
  shapes: readonly (readonly number[])[],
  operation: Operation,
  settings: Omit<OperationSettings, "backward"> = {},
): SpeedCase[] =>
  [false, true].map((backward) =>
    operationCase(
      { name: `${name}, ${backward ? "forward and backward" : "forward"}`, shape },
      shapes,
      operation,
      { ...settings, backward },
    )
  );
