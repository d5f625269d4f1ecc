/**
 * What tensors hold on the device: their buffers, and the copies that kernels keep in textures.
 *
 * Counted at the pools that hand buffers and textures out. Memory that waits there to be handed out
 * again is held and not used; the most that was used at once is what work needs, whatever ran
 * before.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { texelBytes } from "../kernels/texels.ts";

/** Bytes on the device at one moment. */
export interface DeviceMemory {
  /** Of living tensors and their copies. */
  readonly used: number;
  /** That, and what waits to be used again. */
  readonly held: number;
}

/** What tensors hold now. */
export function deviceMemory(): DeviceMemory {
  const backend = tf.backend() as WebGPUBackend;
  const { numBytesInGPU, numBytesAllocatedInGPU } = backend.memory() as {
    numBytesInGPU: number;
    numBytesAllocatedInGPU: number;
  };
  const texels = texelBytes(backend);
  return { used: numBytesInGPU + texels.used, held: numBytesAllocatedInGPU + texels.held };
}

/** The pool of TensorFlow.js' backend, a private member. */
interface Pool {
  acquireBuffer(...args: unknown[]): GPUBuffer;
}

/** Follows what tensors use from its making until {@link MemoryMeter.close}. Meters may not overlap. */
export class MemoryMeter {
  /** Bytes used when it was made. */
  readonly before: number = deviceMemory().used;
  private peak = this.before;
  private readonly pool = (tf.backend() as unknown as { bufferManager: Pool }).bufferManager;

  constructor() {
    const acquire = this.pool.acquireBuffer;
    // A texture is taken for a dispatch that takes a buffer next, or reads one that is there.
    this.pool.acquireBuffer = (...args) => {
      const buffer = acquire.apply(this.pool, args);
      this.peak = Math.max(this.peak, deviceMemory().used);
      return buffer;
    };
  }

  /** The most that was used at once beyond what was there before, in bytes. */
  get beyond(): number {
    return this.peak - this.before;
  }

  /** Stops following; the numbers stay. */
  close(): void {
    Reflect.deleteProperty(this.pool, "acquireBuffer");
  }
}
