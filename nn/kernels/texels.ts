/**
 * Copies of tensors in textures.
 *
 * Software drivers read textures several times faster than buffers: a buffer is read lane by lane, a
 * texel at once. A copy is kept as long as its tensor lives and is not written to, since training
 * reads a tensor in the forward pass and again in a gradient.
 *
 * @module
 */
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";

/** Numbers in an rgba32float texture, four a texel, {@link ROW} texels a row. */
export interface Texels {
  readonly texture: GPUTexture;
}

/** Texels of a row. */
export const ROW = 4096;

/** A device's textures: those that hold a tensor's copy, and the free ones by number of rows. */
class Shelf {
  readonly copies = new WeakMap<object, { texels: Texels; padded: number }>();
  private readonly free = new Map<number, Texels[]>();

  constructor(private readonly device: GPUDevice) {}

  take(count: number): Texels {
    // Powers of two, so that few sizes exist and most requests find a free one.
    const rows = 2 ** Math.ceil(Math.log2(Math.ceil(count / ROW)));
    return this.free.get(rows)?.pop() ?? {
      texture: this.device.createTexture({
        size: [ROW, rows],
        format: "rgba32float",
        usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.STORAGE_BINDING,
      }),
    };
  }

  // The device keeps to the order of commands, so those recorded next may overwrite the texture.
  giveBack(texels: Texels): void {
    const rows = texels.texture.height;
    const list = this.free.get(rows);
    if (list) list.push(texels);
    else this.free.set(rows, [texels]);
  }
}

const shelves = new WeakMap<GPUDevice, Shelf>();

function shelfOf({ device }: WebGPUBackend): Shelf {
  let shelf = shelves.get(device);
  if (!shelf) shelves.set(device, shelf = new Shelf(device));
  return shelf;
}

/**
 * The copy of a tensor, made if there is none.
 *
 * @param count Texels it takes.
 * @param padded Length of the rows that are padded to whole texels, 0 where none are. Tensors that
 * share data may differ in it.
 * @param fill Records the commands that write the copy.
 */
export function texelsOf(
  backend: WebGPUBackend,
  dataId: object,
  count: number,
  padded: number,
  fill: (texels: Texels) => void,
): Texels {
  const shelf = shelfOf(backend);
  const kept = shelf.copies.get(dataId);
  if (kept?.padded === padded) return kept.texels;
  forgetTexels(backend, dataId);
  const texels = shelf.take(count);
  fill(texels);
  shelf.copies.set(dataId, { texels, padded });
  return texels;
}

/** Gives up the copy of a tensor that is gone or about to change. */
export function forgetTexels(backend: WebGPUBackend, dataId: object): void {
  const shelf = shelves.get(backend.device);
  const kept = shelf?.copies.get(dataId);
  if (!shelf || !kept) return;
  shelf.copies.delete(dataId);
  shelf.giveBack(kept.texels);
}
