/**
 * Modules against their PyTorch counterparts: inputs, outputs and gradients from a fixture, weights
 * regenerated from their names.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assert } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { backward } from "../../nn/backward.ts";
import { assertClose, take } from "../../nn/kernels/kernel_test_support.ts";
import type { HostTensor } from "../../nn/kernels/kernel.ts";
import type { Network } from "../../nn/network.ts";
import { readSafetensors } from "../../nn/weights/safetensors.ts";
import { type StateDict, toFloat32 } from "../../nn/weights/tensor_file.ts";
import { deterministicTensor, sampledIndices } from "./deterministic_weights.ts";

/** What a script wrote with `fixture_files.py`. */
export interface ModuleFixture {
  /**
   * Of a module: `input/…`, `output/…`, `weights/…` (what the outputs are multiplied with before they are summed),
   * `input_gradient/…`, and of parameters `gradient/…` or, where they are large, `samples/…`.
   */
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** Parsed, without remarks. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Reads `fixtures/<name>.safetensors`. */
export async function moduleFixture(name: string): Promise<ModuleFixture> {
  const path = fromFileUrl(new URL(`fixtures/${name}.safetensors`, import.meta.url));
  const { tensors, metadata } = await readSafetensors(path);
  return {
    tensors: Object.fromEntries(
      [...tensors].map(([key, tensor]) => [key, { shape: tensor.shape, data: toFloat32(tensor) }]),
    ),
    metadata: Object.fromEntries(
      Object.entries(metadata).filter(([key]) => key !== "source" && key !== "kept")
        .map(([key, text]) => [key, JSON.parse(text)]),
    ),
  };
}

/** Gives every parameter the deterministic values of its name. */
export function withDeterministicWeights(network: Network): void {
  const dict: StateDict = new Map(network.all.map(({ name, shape }) => [
    name,
    { dtype: "F32", shape: [...shape], data: deterministicTensor(name, shape) },
  ]));
  network.load(dict, "deterministic weights");
}

/**
 * Gradients of Σ outputs · weights by inputs and parameters against the fixture's; a parameter that
 * the fixture has no gradient of must have none.
 */
export async function assertModuleGradients(
  { tensors }: ModuleFixture,
  network: Network,
  inputs: Readonly<Record<string, tf.Variable>>,
  outputs: () => Readonly<Record<string, tf.Tensor>>,
  tolerance = 1e-4,
): Promise<void> {
  const parameters = network.trainable;
  const names = Object.keys(inputs);
  const { grads } = backward(
    () =>
      Object.entries(outputs()).map(([key, value]): tf.Tensor => {
        const { shape, data } = tensors[`weights/${key}`];
        return tf.sum(tf.mul(value, tf.tensor(new Float32Array(data), [...shape])));
      }).reduce((sum, term) => tf.add(sum, term)) as tf.Scalar,
    [...names.map((name) => inputs[name]), ...parameters.map(({ tensor }) => tensor)],
  );
  for (const [i, name] of names.entries()) {
    assertClose(await take(grads[i]), tensors[`input_gradient/${name}`], tolerance, name);
  }
  const gradients = await Promise.all(grads.slice(names.length).map(take));
  // A parameter that nothing depends on, such as a key's bias, has a gradient of rounding noise.
  const noise = 1e-6 * Math.max(...gradients.map(({ data }) => largest(data)));
  for (const [i, { name, shape }] of parameters.entries()) {
    const gradient = gradients[i];
    const official = officialLayout(gradient, shape);
    const whole = tensors[`gradient/${name}`], some = tensors[`samples/${name}`];
    const expected = whole ?? some;
    if (expected && largest(expected.data) < noise && largest(gradient.data) < noise) continue;
    if (whole) assertClose(official, whole, tolerance, name);
    else if (some) {
      const data = Float32Array.from(
        sampledIndices(name, official.data.length),
        (index) => official.data[index],
      );
      assertClose({ shape: some.shape, data }, some, tolerance, name);
    } else assert(gradient.data.every((value) => value === 0), `${name} has a gradient`);
  }
}

function largest(values: HostTensor["data"]): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

/** A device tensor as files have it: filters from HWIO to OIHW. */
export function officialLayout(
  { shape, data }: HostTensor,
  official: readonly number[],
): HostTensor {
  if (official.length !== 4) return { shape: official, data };
  const [height, width, ins, outs] = shape;
  const out = new Float32Array(data.length);
  for (let o = 0; o < outs; o++) {
    for (let i = 0; i < ins; i++) {
      for (let tap = 0; tap < height * width; tap++) {
        out[(o * ins + i) * height * width + tap] = data[(tap * ins + i) * outs + o];
      }
    }
  }
  return { shape: official, data: out };
}
