/**
 * Uniforms of all dispatches of a submit, in a few buffers that one write each fills.
 *
 * A buffer and a write for every dispatch cost more on the host than the dispatch itself.
 *
 * @module
 */

/** Bytes of a buffer. */
const PAGE = 2 ** 16;

/** A device's uniforms since the last submit. */
class Uniforms {
  private readonly pages: { readonly buffer: GPUBuffer; readonly bytes: ArrayBuffer }[] = [];
  private page = 0;
  private used = 0;

  constructor(private readonly device: GPUDevice) {}

  /** Room for so many bytes: where to write them, and what to bind. */
  reserve(bytes: number): { view: DataView; binding: GPUBufferBinding } {
    const aligned = this.device.limits.minUniformBufferOffsetAlignment;
    const size = Math.ceil(bytes / 16) * 16;
    if (this.used + size > PAGE) {
      this.page++;
      this.used = 0;
    }
    const page = this.pages[this.page] ??= {
      buffer: this.device.createBuffer({
        size: PAGE,
        usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      }),
      bytes: new ArrayBuffer(PAGE),
    };
    const offset = this.used;
    this.used = Math.ceil((offset + size) / aligned) * aligned;
    return {
      view: new DataView(page.bytes, offset, size),
      binding: { buffer: page.buffer, offset, size },
    };
  }

  /** Brings them to the device; the commands that read them must be submitted next. */
  flush(): void {
    for (let i = 0; i <= this.page && this.used + this.page > 0; i++) {
      const { buffer, bytes } = this.pages[i];
      this.device.queue.writeBuffer(buffer, 0, bytes, 0, i < this.page ? PAGE : this.used);
    }
    // The queue keeps to the order of writes and submits, so the pages can be filled again.
    this.page = 0;
    this.used = 0;
  }
}

const uniforms = new WeakMap<GPUDevice, Uniforms>();

/** The uniforms of a device. */
export function uniformsOf(device: GPUDevice): Uniforms {
  let found = uniforms.get(device);
  if (!found) uniforms.set(device, found = new Uniforms(device));
  return found;
}
