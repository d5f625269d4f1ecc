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
  /** Of the whole texture. */
  readonly view: GPUTextureView;
}

/** Texels of a row. */
export const ROW = 4096;

/**
 * What a copy holds: the tensor with rows of so many channels padded to whole texels, or the tensor
 * times the slope of an activation whose result is the tensor `of`.
 */
export interface Form {
  readonly channels: number;
  readonly slope?: string;
  /** `dataId` of the activation's result. */
  readonly of?: object;
}

/** The form a tensor's copy has; where 4 divides the channels, their number makes no difference. */
export const formOf = (channels: number): Form => ({ channels: channels % 4 === 0 ? 0 : channels });

/** Texels that a tensor of this shape takes, its last axis padded to whole ones. */
export function countOf(shape: readonly number[]): number {
  const channels = shape.at(-1)!;
  return shape.slice(0, -1).reduce((a, b) => a * b, 1) * Math.ceil(channels / 4);
}

const same = (a: Form, b: Form) =>
  a.channels === b.channels && a.slope === b.slope && a.of === b.of;

/** A device's textures: those that hold a tensor's copy, and the free ones by number of rows. */
class Shelf {
  /** By tensor data; one of each form. */
  readonly copies = new WeakMap<object, { texels: Texels; form: Form }[]>();
  private readonly free = new Map<number, Texels[]>();
  private rows = 0;
  private freeRows = 0;

  constructor(private readonly device: GPUDevice) {}

  take(count: number): Texels {
    // Powers of two, so that few sizes exist and most requests find a free one.
    const rows = 2 ** Math.ceil(Math.log2(Math.ceil(count / ROW)));
    const free = this.free.get(rows)?.pop();
    if (free) {
      this.freeRows -= rows;
      return free;
    }
    this.rows += rows;
    const texture = this.device.createTexture({
      size: [ROW, rows],
      format: "rgba32float",
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.STORAGE_BINDING |
        GPUTextureUsage.COPY_DST,
    });
    return { texture, view: texture.createView() };
  }

  // The device keeps to the order of commands, so those recorded next may overwrite the texture.
  giveBack(texels: Texels): void {
    const rows = texels.texture.height;
    this.freeRows += rows;
    const list = this.free.get(rows);
    if (list) list.push(texels);
    else this.free.set(rows, [texels]);
  }

  /** Destroys what is free. */
  clear(): void {
    for (const { texture } of [...this.free.values()].flat()) texture.destroy();
    this.free.clear();
    this.rows -= this.freeRows;
    this.freeRows = 0;
  }

  /** Bytes of all textures, and of those that hold a copy. */
  get bytes(): { held: number; used: number } {
    const bytes = (rows: number) => 16 * ROW * rows;
    return { held: bytes(this.rows), used: bytes(this.rows - this.freeRows) };
  }
}

const shelves = new WeakMap<GPUDevice, Shelf>();

function shelfOf({ device }: WebGPUBackend): Shelf {
  let shelf = shelves.get(device);
  if (!shelf) shelves.set(device, shelf = new Shelf(device));
  return shelf;
}

/** Bytes of a device's textures: all of them, and those that hold a tensor's copy. */
export function texelBytes(backend: WebGPUBackend): { held: number; used: number } {
  return shelfOf(backend).bytes;
}

/** Destroys textures that hold no copy; commands that use them must have been submitted. */
export function freeTexels(backend: WebGPUBackend): void {
  shelfOf(backend).clear();
}

/** Texels to write a tensor's copy into; {@link keepTexels} ties them to the tensor. */
export function newTexels(backend: WebGPUBackend, count: number): Texels {
  return shelfOf(backend).take(count);
}

/** Makes texels a copy of a tensor that has none of that form. */
export function keepTexels(
  backend: WebGPUBackend,
  dataId: object,
  texels: Texels,
  form: Form,
): void {
  const { copies } = shelfOf(backend);
  const copy = { texels, form };
  const others = copies.get(dataId);
  if (others) others.push(copy);
  else copies.set(dataId, [copy]);
}

const keptOf = (backend: WebGPUBackend, dataId: object, form: Form) =>
  shelfOf(backend).copies.get(dataId)?.find((copy) => same(copy.form, form));

/** Whether a tensor has a copy of that form. */
export const hasTexels = (backend: WebGPUBackend, dataId: object, form: Form): boolean =>
  keptOf(backend, dataId, form) !== undefined;

/**
 * The copy of a tensor, made if there is none.
 *
 * @param count Texels it takes.
 * @param form What the copy must hold. Tensors that share data may differ in the length of their rows,
 * even as the operands of one kernel, so each form has its copy.
 * @param fill Records the commands that write the copy.
 */
export function texelsOf(
  backend: WebGPUBackend,
  dataId: object,
  count: number,
  form: Form,
  fill: (texels: Texels) => void,
): Texels {
  const kept = keptOf(backend, dataId, form);
  if (kept) return kept.texels;
  const texels = newTexels(backend, count);
  fill(texels);
  keepTexels(backend, dataId, texels, form);
  return texels;
}

/**
 * Records copies of a tensor's buffer into the textures that hold the tensor, which spares it the
 * dispatches that would fill them again.
 *
 * @param size Numbers in the tensor, all of which have just changed.
 */
export function renewTexels(
  { device }: WebGPUBackend,
  encoder: GPUCommandEncoder,
  dataId: object,
  buffer: GPUBuffer,
  size: number,
): void {
  const shelf = shelves.get(device);
  const kept = shelf?.copies.get(dataId) ?? [];
  // Padded rows and what is times a slope lie otherwise than in the buffer.
  const alike = kept.filter(({ form }) => form.channels === 0 && form.slope === undefined);
  for (const { texels } of kept) {
    if (!alike.some((copy) => copy.texels === texels)) shelf!.giveBack(texels);
  }
  shelf?.copies.set(dataId, alike);
  const texels = size / 4, rows = Math.floor(texels / ROW);
  for (const { texels: { texture } } of alike) {
    const copy = (row: number, width: number, height: number) =>
      encoder.copyBufferToTexture(
        { buffer, offset: 16 * ROW * row, bytesPerRow: 16 * ROW },
        { texture, origin: [0, row] },
        [width, height],
      );
    if (rows > 0) copy(0, ROW, rows);
    if (texels > rows * ROW) copy(rows, texels - rows * ROW, 1);
  }
}

/** Gives up the copies of a tensor that is gone or about to change. */
export function forgetTexels(backend: WebGPUBackend, dataId: object): void {
  const shelf = shelves.get(backend.device);
  const kept = shelf?.copies.get(dataId);
  if (!shelf || !kept) return;
  shelf.copies.delete(dataId);
  for (const { texels } of kept) shelf.giveBack(texels);
}
