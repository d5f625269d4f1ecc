/**
 * Many tensors in a few flat arrays, so that one dispatch works on all of them.
 *
 * Tensors of TensorFlow.js have buffers of their own; they are brought into the arena and out of it
 * by copies on the device, which cost next to nothing beside a dispatch each.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { EnvironmentError } from "../base/errors.ts";
import { largestBinding } from "./backend.ts";
import { type Chunks, chunksIn, chunkTable, type Stretch } from "./kernels/chunks.ts";
import { copyNumbers } from "./kernels/in_place.ts";

/** Every tensor starts at a multiple of so many numbers, where a binding may start (256 bytes). */
const ALIGNMENT = 64;

const aligned = (size: number) => Math.ceil(size / ALIGNMENT) * ALIGNMENT;

/** Where each tensor lies: in which flat array, and where in it. */
export class Layout {
  /** Place of each tensor, in the order of the sizes. */
  readonly places: readonly (Stretch & { readonly part: number })[];
  /** Numbers in each flat array, multiples of 64. */
  readonly lengths: readonly number[];

  /**
   * @param sizes Numbers in each tensor.
   * @param limit Largest flat array in bytes; more arrays are made where one would exceed it.
   * @throws {EnvironmentError} When a single tensor exceeds it.
   */
  constructor(sizes: readonly number[], limit = largestBinding()) {
    const lengths = [0];
    this.places = sizes.map((size, index) => {
      if (4 * aligned(size) > limit) {
        throw new EnvironmentError(
          `Cannot train a tensor of ${size} numbers: it takes ${4 * aligned(size)} bytes, ` +
            `the adapter binds ${limit}`,
        );
      }
      if (4 * (lengths.at(-1)! + aligned(size)) > limit) lengths.push(0);
      const part = lengths.length - 1;
      const offset = lengths[part];
      lengths[part] += aligned(size);
      return { part, offset, size, index };
    });
    this.lengths = lengths;
  }

  /** The chunks of each flat array; the tables are the caller's to dispose of. */
  chunks(): Chunks[] {
    let before = 0;
    return this.lengths.map((_, part) => {
      const stretches = this.places.filter((place) => place.part === part);
      const count = stretches.reduce((sum, { size }) => sum + chunksIn(size), 0);
      const table = tf.keep(tf.tensor2d(chunkTable(stretches), [count, 3], "int32"));
      const chunks = { table, count, before };
      before += count;
      return chunks;
    });
  }

  /** Each tensor's first chunk of all, and the one after its last: [tensors, 2], row by row. */
  chunkRanges(): Int32Array {
    let next = 0;
    return Int32Array.from(this.places.flatMap(({ size }) => [next, next += chunksIn(size)]));
  }
}

/** A tensor's place on the device: the flat array, and its first number in it. */
export interface Slot {
  readonly array: tf.Tensor;
  /** A multiple of 64, so that a binding may start there. */
  readonly offset: number;
  readonly size: number;
}

/** Flat arrays of one layout, zeros at first. What lies between tensors stays zero. */
export class Arena {
  /** The flat arrays. */
  readonly parts: readonly tf.Variable[];

  constructor(private readonly layout: Layout) {
    this.parts = layout.lengths.map((length) => {
      const zeros = tf.zeros([length]);
      const part = tf.variable(zeros);
      zeros.dispose();
      return part;
    });
  }

  /** Where tensor `i` lies; a kernel may write there. */
  slot(i: number): Slot {
    const { part, offset, size } = this.layout.places[i];
    return { array: this.parts[part], offset, size };
  }

  private pairs(tensors: readonly tf.Tensor[]): { tensor: tf.Tensor; slot: Slot }[] {
    const sizes = this.layout.places.map(({ size }) => size);
    if (tensors.length !== sizes.length || tensors.some(({ size }, i) => size !== sizes[i])) {
      throw new Error(
        `the arena holds tensors of sizes ${sizes}, not ${tensors.map((t) => t.size)}`,
      );
    }
    return tensors.map((tensor, i) => ({ tensor, slot: this.slot(i) }));
  }

  /** Copies tensors into their slots. */
  gather(tensors: readonly tf.Tensor[]): void {
    copyNumbers(
      this.pairs(tensors).map(({ tensor, slot: { array, offset, size } }) => (
        { from: tensor, fromOffset: 0, to: array, toOffset: offset, size }
      )),
    );
  }

  /** Copies slots into the tensors' own buffers, in place. */
  scatter(tensors: readonly tf.Tensor[]): void {
    copyNumbers(
      this.pairs(tensors).map(({ tensor, slot: { array, offset, size } }) => (
        { from: array, fromOffset: offset, to: tensor, toOffset: 0, size }
      )),
    );
  }

  /** Numbers of every tensor on the host. */
  async read(): Promise<Float32Array[]> {
    const parts = await Promise.all(this.parts.map((part) => part.data() as Promise<Float32Array>));
    return this.layout.places.map(({ part, offset, size }) =>
      parts[part].slice(offset, offset + size)
    );
  }

  /** Takes over numbers of every tensor from the host. */
  write(values: readonly Float32Array[]): void {
    const parts = this.layout.lengths.map((length) => new Float32Array(length));
    this.layout.places.forEach(({ part, offset }, i) => parts[part].set(values[i], offset));
    tf.tidy(() => this.parts.forEach((part, i) => part.assign(tf.tensor1d(parts[i]))));
  }

  /** Frees the flat arrays. */
  dispose(): void {
    for (const part of this.parts) part.dispose();
  }
}
