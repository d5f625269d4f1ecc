/**
 * Whole flow networks against PyTorch: fixtures with the pictures they were made of, and gradients of
 * a loss by every parameter.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { packed, type Picture } from "../../base/arrays.ts";
import { take } from "../../nn/kernels/kernel_test_support.ts";
import type { HostTensor } from "../../nn/kernels/kernel.ts";
import type { Network } from "../../nn/network.ts";
import { deterministicPair, sampledIndices } from "./deterministic_weights.ts";
import { type ModuleFixture, moduleFixture, officialLayout } from "./module_fixture.ts";

type PairArguments = Parameters<typeof deterministicPair>;
type Pair = readonly [Picture, Picture];

/** What a network makes of pairs of pictures. */
export interface FlowFixture extends ModuleFixture {
  readonly pairs: readonly Pair[];
  /** The first pictures and the second ones, on the device, each [batch, height, width, 3]. */
  readonly images: readonly [tf.Tensor4D, tf.Tensor4D];
}

/** Reads `fixtures/<name>.safetensors`, whose metadata say which pairs it is about. */
export async function flowFixture(name: string): Promise<FlowFixture> {
  const { tensors, metadata } = await moduleFixture(name);
  const given = metadata.picture_pairs ?? [metadata.picture_pair];
  const pairs = (given as PairArguments[]).map((pair) => deterministicPair(...pair));
  return { tensors, metadata, pairs, images: batchOf(pairs) };
}

/** The first pictures of pairs and the second ones, on the device. */
export function batchOf(pairs: readonly Pair[]): [tf.Tensor4D, tf.Tensor4D] {
  const side = (i: 0 | 1) => stacked(pairs.map((pair) => pair[i]));
  return [side(0), side(1)];
}

function stacked(pictures: readonly Picture[]): tf.Tensor4D {
  const [height, width] = pictures[0].shape;
  const data = new Float32Array(pictures.length * height * width * 3);
  pictures.forEach((picture, i) => data.set(packed(picture), i * height * width * 3));
  return tf.tensor4d(data, [pictures.length, height, width, 3]);
}

/** Largest difference between numbers of two lists, which must be equally long. */
export function largestDifference(a: HostTensor["data"], b: HostTensor["data"]): number {
  assertEquals(a.length, b.length);
  let most = 0;
  a.forEach((x, i) => most = Math.max(most, Math.abs(x - b[i])));
  return most;
}

/**
 * Compares the gradient by each parameter with the entries that the fixture has of it, and its norm
 * with the fixture's `stats`.
 *
 * @param gradients Of `network.trainable`, in its order, on the device.
 * @param noise What is smaller may be rounding noise; errors are measured against it at least.
 * @returns The L2 norm of all gradients together.
 */
export async function assertFlowGradients(
  { tensors, metadata }: ModuleFixture,
  network: Network,
  gradients: readonly tf.Tensor[],
  noise = 0,
): Promise<number> {
  const stats = metadata.stats as Record<string, { norm: number; max: number }>;
  const names = network.trainable.map(({ name }) => name);
  assertEquals(names.toSorted(), Object.keys(stats).sort());
  let all = 0;
  for (const [i, { name, shape }] of network.trainable.entries()) {
    const { data } = officialLayout(await take(gradients[i]), shape);
    const { norm, max } = stats[name];
    const whole = tensors[`gradient/${name}`];
    const expected = whole ?? tensors[`samples/${name}`] ?? tensors[name];
    const kept = whole
      ? data
      : Float32Array.from(sampledIndices(name, data.length), (at) => data[at]);
    const off = largestDifference(kept, expected.data), scale = Math.max(max, noise);
    assert(off <= 1e-3 * scale, `${name}: ${off / scale}`);
    let squares = 0;
    data.forEach((g) => squares += g * g);
    assertAlmostEquals(Math.sqrt(squares), norm, 1e-3 * Math.max(norm, noise), name);
    all += squares;
  }
  return Math.sqrt(all);
}
