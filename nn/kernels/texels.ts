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
  /** By tensor data, then by length of padded rows. */
  readonly copies = new WeakMap<object, Map<number, Texels>>();
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
 * share data may differ in it, even as the operands of one kernel; each length has its copy.
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
  const copies = shelf.copies.get(dataId) ?? new Map<number, Texels>();
  shelf.copies.set(dataId, copies);
  const kept = copies.get(padded);
  if (kept) return kept;
  const texels = shelf.take(count);
  fill(texels);
  copies.set(padded, texels);
  return texels;
}

/** Gives up the copies of a tensor that is gone or about to change. */
export function forgetTexels(backend: WebGPUBackend, dataId: object): void {
  const shelf = shelves.get(backend.device);
  const copies = shelf?.copies.get(dataId);
  if (!shelf || !copies) return;
  shelf.copies.delete(dataId);
  for (const texels of copies.values()) shelf.giveBack(texels);
}
