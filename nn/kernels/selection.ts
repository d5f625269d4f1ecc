/**
 * Which kernels run: ours ("tuned"), or TensorFlow.js' own ("stock"), to compare with.
 *
 * A kernel of ours that replaces a built-in one keeps it at hand, so that the same model runs on
 * either. An operation of ours that TensorFlow.js has no kernel for is a composition of built-in
 * operations for "stock", which its definition holds (`defineKernel`). Some have no counterpart at all
 * and stay ours: correlation lookup, convex upsampling, grid sampling and what is built on it, and the
 * shrinking of ground truth.
 *
 * Only kernels change: device, error checks and submits are the same for both.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** The names of the kernel sets. */
export const kernelSets = ["tuned", "stock"] as const;

/** "tuned": our kernels. "stock": those of TensorFlow.js. */
export type KernelSet = (typeof kernelSets)[number];

let current: KernelSet = "tuned";

/** What there is to choose from, by what is replaced. */
const kernels = new Map<string, Record<KernelSet, tf.KernelConfig>>();
const gradients = new Map<string, Record<KernelSet, tf.GradConfig>>();

/** The kernel set in use; "tuned" until told otherwise. */
export function kernelSet(): KernelSet {
  return current;
}

/** Chooses the kernels of everything that runs from here on; it may change at any time. */
export function useKernelSet(set: KernelSet): void {
  current = set;
  for (const pair of kernels.values()) putKernel(pair[set]);
  for (const pair of gradients.values()) putGradient(pair[set]);
}

/**
 * Puts a kernel of ours in the place of a built-in one.
 *
 * @throws {Error} When there is none to replace: the backend must be imported before.
 */
export function replaceKernel(tuned: tf.KernelConfig): void {
  const { kernelName, backendName } = tuned;
  const key = `${backendName} ${kernelName}`;
  const stock = kernels.get(key)?.stock ?? tf.getKernel(kernelName, backendName);
  if (!stock) throw new Error(`there is no kernel ${kernelName} on ${backendName} to replace`);
  const pair = { stock, tuned };
  kernels.set(key, pair);
  putKernel(pair[current]);
}

/**
 * Puts a gradient of ours in the place of a built-in one, on every backend.
 *
 * @throws {Error} When there is none to replace.
 */
export function replaceGradient(tuned: tf.GradConfig): void {
  const { kernelName } = tuned;
  const stock = gradients.get(kernelName)?.stock ?? tf.getGradient(kernelName);
  if (!stock) throw new Error(`there is no gradient of ${kernelName} to replace`);
  const pair = { stock, tuned };
  gradients.set(kernelName, pair);
  putGradient(pair[current]);
}

function putKernel(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, config.backendName);
  tf.registerKernel(config);
}

function putGradient(config: tf.GradConfig): void {
  tf.unregisterGradient(config.kernelName);
  tf.registerGradient(config);
}
