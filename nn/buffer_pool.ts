/**
 * The pool in which TensorFlow.js' backend keeps buffers that no tensor has any more, and how to empty it.
 *
 * It hands a free buffer out again only where its size is exactly the one wanted, and never destroys
 * any. A process that goes on with pictures of another size would hold those of the size before to its
 * end.
 *
 * @module
 */
import { z } from "zod";

/** The members that are counted on, most of them private; another version may have others. */
const Pool = z.looseObject({
  freeBuffers: z.map(z.string(), z.array(z.custom<GPUBuffer>((one) => one instanceof GPUBuffer))),
  numFreeBuffers: z.int().nonnegative(),
  numBytesAllocated: z.int().nonnegative(),
});

/**
 * Destroys a pool's free buffers. Commands that were recorded may use them still, so they must have been
 * submitted.
 *
 * @throws {Error} When it is not the pool of the version that Reflow is pinned to.
 */
export function emptyPool(pool: object): void {
  const { success, data } = Pool.safeParse(pool);
  const free = success ? [...data.freeBuffers.values()].flat() : [];
  if (!success || free.length !== data.numFreeBuffers) {
    throw new Error("the buffer pool of TensorFlow.js' WebGPU backend is not the one we know");
  }
  const known = pool as z.infer<typeof Pool>;
  for (const buffer of free) {
    known.numBytesAllocated -= buffer.size;
    buffer.destroy();
  }
  known.numFreeBuffers = 0;
  // The keys stay: a pool without any takes no buffer back.
  for (const buffers of known.freeBuffers.values()) buffers.length = 0;
}
