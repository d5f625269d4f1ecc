/**
 * What tests of kernels over flat arrays share: tensors of odd sizes, one after another with gaps.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { CHUNK, type Chunks, chunkTable, type Stretch } from "./chunks.ts";
import type { HostTensor } from "./kernel.ts";
import { drawn } from "./kernel_test_support.ts";

/** Sizes around vec4, alignment and chunks. */
const SIZES = [1, 3, 17, 64, CHUNK, 2 * CHUNK + 5, 1];

let length = 0;
/** Where the tensors lie. */
export const stretches: readonly Stretch[] = SIZES.map((size, index) => {
  const offset = length;
  length += 64 * Math.ceil(size / 64);
  return { offset, size, index };
});

/** Their chunks on the host. */
export const table = chunkTable(stretches);

/** Their chunks on the device. */
export const chunksOnDevice = (before = 0): Chunks => ({
  table: tf.tensor2d(table, [table.length / 3, 3], "int32"),
  count: table.length / 3,
  before,
});

/** A flat array with numbers drawn for each tensor and zeros between them. */
export function flat(label: string, deviation = 1): HostTensor {
  const data = new Float32Array(length);
  for (const { offset, size, index } of stretches) {
    data.set(drawn(`${label} ${index}`, [size], deviation).data, offset);
  }
  return { shape: [length], data };
}

/** Factors of learning rate and weight decay, [tensors, 2]: some are spared. */
export const multipliers: HostTensor = {
  shape: [SIZES.length, 2],
  data: Float32Array.from(SIZES.flatMap((_, i) => [i === 5 ? 0.5 : 1, i % 2])),
};
