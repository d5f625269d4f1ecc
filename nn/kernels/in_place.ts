/**
 * Operations that write into tensors they are given.
 *
 * TensorFlow.js' engine knows only operations that make tensors and may be differentiated, so these
 * are functions rather than registered kernels. Each has its WGSL and a loop for the `cpu` backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type Copy, recordCopies } from "./program.ts";

/** What the CPU backend offers; its type is not exported by TensorFlow.js. */
interface CpuBackend {
  data: { get(dataId: object): { values: Float32Array | Int32Array } };
}

/** A tensor's own numbers on the `cpu` backend; the operation knows of which type they are. */
export type Values = <T extends Float32Array | Int32Array = Float32Array>(
  tensor: tf.TensorInfo,
) => T;

/** Runs an operation on the backend in use: it records dispatches, or loops over the numbers. */
export function inPlace<T>(
  { gpu, cpu }: { gpu(backend: WebGPUBackend): T; cpu(values: Values): T },
): T {
  if (tf.getBackend() === "webgpu") return gpu(tf.backend() as unknown as WebGPUBackend);
  const { data } = tf.backend() as unknown as CpuBackend;
  return cpu(<T>({ dataId }: tf.TensorInfo) => data.get(dataId).values as T);
}

/** Copies stretches of tensors into others, in order. */
export function copyNumbers(copies: readonly Copy[]): void {
  inPlace({
    gpu: (backend) => recordCopies(backend, copies),
    cpu(values) {
      for (const { from, fromOffset, to, toOffset, size } of copies) {
        values(to).set(values(from).subarray(fromOffset, fromOffset + size), toOffset);
      }
    },
  });
}
