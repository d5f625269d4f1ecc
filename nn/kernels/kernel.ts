/**
 * How an operation of ours is defined: once in WGSL, once as a plain loop, and once as a composition
 * of TensorFlow.js' operations where it has them.
 *
 * The loop, the kernel's oracle, is what the `cpu` backend runs and what the tests hold the WGSL
 * against. Gradients are kernels too, tied to their operation with TensorFlow.js' gradient registry,
 * so `tf.grads` sees no difference between our operations and its own.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { kernelSet } from "./selection.ts";

/** A tensor on the host, row-major. */
export interface HostTensor {
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** As many numbers as the shape says. */
  readonly data: Float32Array | Float64Array;
}

/** A kernel's inputs by name, in order. */
export type Inputs<T> = Readonly<Record<string, T>>;

/** One operation on every backend. */
export interface KernelDefinition<Attributes extends object> {
  /** Unique among all kernels. */
  readonly name: string;
  /** Records the WGSL dispatches. */
  gpu(backend: WebGPUBackend, inputs: Inputs<tf.TensorInfo>, attributes: Attributes): tf.TensorInfo;
  /** The same by plain loops in double precision. */
  oracle(inputs: Inputs<HostTensor>, attributes: Attributes): HostTensor;
  /**
   * The same out of TensorFlow.js' own operations, for the "stock" kernel set. Without it the
   * operation stays ours on either set.
   */
  stock?(inputs: Inputs<tf.Tensor>, attributes: Attributes): tf.Tensor;
}

/** Zero-filled host tensor in double precision. */
export function hostZeros(shape: readonly number[]): HostTensor {
  return { shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) };
}

const oracles = new Map<string, KernelDefinition<object>["oracle"]>();

/** The oracle of the kernel with this name, in double precision, for tests on any backend. */
export function oracleOf(name: string): KernelDefinition<object>["oracle"] {
  const oracle = oracles.get(name);
  if (!oracle) throw new Error(`no kernel is called ${name}`);
  return oracle;
}

/** Names of all kernels defined so far. */
export const kernelNames = (): Iterable<string> => oracles.keys();

/** A kernel as a function of named tensors. */
export type Operation<Attributes extends object> = (
  inputs: Inputs<tf.Tensor>,
  attributes: Attributes,
) => tf.Tensor;

/** What the CPU backend offers; its type is not exported by TensorFlow.js. */
interface CpuBackend {
  data: { get(dataId: object): { values: Float32Array } };
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
}

/**
 * Registers an operation on both backends.
 *
 * @returns A function that runs it on named tensors.
 */
export function defineKernel<Attributes extends object>(
  definition: KernelDefinition<Attributes>,
): Operation<Attributes> {
  const { name } = definition;
  oracles.set(name, definition.oracle as KernelDefinition<object>["oracle"]);
  tf.registerKernel({
    kernelName: name,
    backendName: "webgpu",
    kernelFunc: ({ inputs, backend, attrs }) =>
      definition.gpu(
        backend as WebGPUBackend,
        inputs as Inputs<tf.TensorInfo>,
        attrs as unknown as Attributes,
      ),
  });
  tf.registerKernel({
    kernelName: name,
    backendName: "cpu",
    kernelFunc: ({ inputs, backend, attrs }) => {
      const cpu = backend as unknown as CpuBackend;
      const host = Object.fromEntries(
        Object.entries(inputs as Inputs<tf.TensorInfo>).map(([key, tensor]) => [
          key,
          { shape: tensor.shape, data: cpu.data.get(tensor.dataId).values },
        ]),
      );
      const result = definition.oracle(host, attrs as unknown as Attributes);
      return cpu.makeTensorInfo([...result.shape], "float32", new Float32Array(result.data));
    },
  });
  return (inputs, attributes) =>
    definition.stock && kernelSet() === "stock"
      ? definition.stock(inputs, attributes)
      : tf.engine().runKernel(
        name,
        inputs as tf.NamedTensorMap,
        attributes as unknown as tf.NamedAttrMap,
      ) as tf.Tensor;
}

/**
 * Ties an operation to its gradients.
 *
 * @param name Kernel whose gradient this is.
 * @param gradients For each input that has one: its gradient from the output's and the saved inputs.
 * Asking for a gradient of an input that is missing here is an error, not a silent zero.
 */
export function defineGradient<Attributes extends object>(
  name: string,
  inputNames: readonly string[],
  gradients: Readonly<
    Record<
      string,
      (dy: tf.Tensor, inputs: Inputs<tf.Tensor>, attributes: Attributes) => tf.Tensor
    >
  >,
): void {
  tf.registerGradient({
    kernelName: name,
    inputsToSave: [...inputNames],
    gradFunc: (dy, saved, attrs) => {
      const inputs = Object.fromEntries(inputNames.map((key, i) => [key, saved[i]]));
      return Object.fromEntries(
        Object.entries(gradients).map((
          [key, gradient],
        ) => [key, () => gradient(dy as tf.Tensor, inputs, attrs as unknown as Attributes)]),
      );
    },
  });
}

/** The same values with no way back to what they were computed from. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const backend = tf.backend() as unknown as { incRef(dataId: object): void };
  backend.incRef(x.dataId);
  return tf.engine().makeTensorFromDataId(x.dataId, x.shape, x.dtype) as T;
}
