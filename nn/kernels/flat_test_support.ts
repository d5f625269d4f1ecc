/**
 * What tests of kernels over flat arrays share: tensors of odd sizes, one after another with gaps.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { CHUNK, type Chunks, chunksIn, chunkTable, type Stretch } from "./chunks.ts";
import type { HostTensor } from "./kernel.ts";
import { assertClose, drawn, float64, FORWARD, onDevice, repeated } from "./kernel_test_support.ts";

/** Where tensors lie in a flat array. */
export interface Layout {
  readonly stretches: readonly Stretch[];
  /** Numbers of the array. */
  readonly length: number;
  /** Their chunks on the host. */
  readonly table: Int32Array;
  /** Each tensor's first chunk, and the one after its last. */
  readonly ranges: Int32Array;
  /** Factors of learning rate and weight decay, [tensors, 2]: some are spared. */
  readonly multipliers: HostTensor;
}

/** The layout of tensors of these sizes. */
export function layoutOf(sizes: readonly number[]): Layout {
  let length = 0, next = 0;
  const stretches = sizes.map((size, index) => {
    const offset = length;
    length += 64 * Math.ceil(size / 64);
    return { offset, size, index };
  });
  return {
    stretches,
    length,
    table: chunkTable(stretches),
    ranges: Int32Array.from(stretches.flatMap(({ size }) => [next, next += chunksIn(size)])),
    multipliers: {
      shape: [sizes.length, 2],
      data: Float32Array.from(sizes.flatMap((_, i) => [i === 5 ? 0.5 : 1, i % 2])),
    },
  };
}

/** Sizes around vec4, alignment and chunks. */
export const ODD: Layout = layoutOf([1, 3, 17, 64, CHUNK, 2 * CHUNK + 5, 1]);

/** Layouts of few and many tensors. */
export const layouts: fc.Arbitrary<Layout> = fc.array(
  fc.oneof(fc.constantFrom(1, 3, 17, 64, CHUNK), fc.integer({ min: 1, max: 2 * CHUNK })),
  { minLength: 1, maxLength: 9 },
).map(layoutOf);

/** Their chunks on the device. */
export const chunksOnDevice = ({ table }: Layout, before = 0): Chunks => ({
  table: tf.tensor2d(table, [table.length / 3, 3], "int32"),
  count: table.length / 3,
  before,
});

/** A flat array with numbers drawn for each tensor and zeros between them. */
export function flat({ stretches, length }: Layout, label: string, deviation = 1): HostTensor {
  const data = new Float32Array(length);
  for (const { offset, size, index } of stretches) {
    data.set(drawn(`${label} ${index}`, [size], deviation).data, offset);
  }
  return { shape: [length], data };
}

/**
 * Runs an update in place, on the device four times and by its oracle, and compares every array.
 *
 * @param arrays By name, as they are before.
 */
export async function assertUpdates<Name extends string>(
  arrays: Readonly<Record<Name, HostTensor>>,
  update: (arrays: Record<Name, tf.Tensor>) => void,
  oracle: (arrays: Record<Name, HostTensor["data"]>) => void,
): Promise<void> {
  const entries = Object.entries<HostTensor>(arrays);
  const named = <T>(make: (host: HostTensor) => T) =>
    Object.fromEntries(entries.map(([name, host]) => [name, make(host)])) as Record<Name, T>;
  const actual = await repeated("update", () => {
    const tensors = named((host) => onDevice(host));
    update(tensors);
    return tf.stack(Object.values<tf.Tensor>(tensors));
  });
  const exact = named((host) => float64(host).data);
  oracle(exact);
  entries.forEach(([name, { shape }], row) => {
    const [length] = shape;
    const data = actual.data.slice(row * length, (row + 1) * length);
    assertClose({ shape, data }, { shape, data: exact[name as Name] }, FORWARD, name);
  });
}
