/**
 * What a piece of work asks of the device: dispatches, submits, and the memory it holds.
 *
 * Counted at the WebGPU interface itself, so that it sees the kernels of everybody.
 *
 * @module
 */

/** The methods that are watched, and how the watcher is told of a call. */
type Watch = (
  target: object,
  name: string,
  after: (self: unknown, result: unknown) => void,
) => void;

/** Counts from its making until {@link GpuMeter.close}. Meters may not overlap. */
export class GpuMeter {
  /** Compute dispatches recorded. */
  dispatches = 0;
  /** Submits to the queue. */
  submits = 0;
  /** Bytes of all buffers and textures made since then and not destroyed. */
  bytes = 0;
  /** The most they ever were. */
  peakBytes = 0;
  private readonly sizes = new WeakMap<object, number>();
  private readonly restore: (() => void)[] = [];

  constructor() {
    const pass = GPUComputePassEncoder.prototype, device = GPUDevice.prototype;
    this.watch(pass, "dispatchWorkgroups", () => this.dispatches++);
    this.watch(pass, "dispatchWorkgroupsIndirect", () => this.dispatches++);
    this.watch(GPUQueue.prototype, "submit", () => this.submits++);
    this.watch(device, "createBuffer", (_, buffer) => {
      this.hold(buffer as GPUBuffer, (buffer as GPUBuffer).size);
    });
    this.watch(device, "createTexture", (_, made) => {
      const texture = made as GPUTexture;
      const texels = texture.width * texture.height * texture.depthOrArrayLayers;
      this.hold(texture, texels * bytesPerTexel(texture.format));
    });
    this.watch(GPUBuffer.prototype, "destroy", (buffer) => this.release(buffer as object));
    this.watch(GPUTexture.prototype, "destroy", (texture) => this.release(texture as object));
  }

  private readonly watch: Watch = (target, name, after) => {
    const plain = Reflect.get(target, name) as (...args: unknown[]) => unknown;
    Reflect.set(target, name, function (this: unknown, ...args: unknown[]) {
      const result = plain.apply(this, args);
      after(this, result);
      return result;
    });
    this.restore.push(() => Reflect.set(target, name, plain));
  };

  private hold(thing: object, bytes: number): void {
    this.sizes.set(thing, bytes);
    this.bytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
  }

  private release(thing: object): void {
    // What is older than the meter was not counted; what is destroyed twice was released once.
    this.bytes -= this.sizes.get(thing) ?? 0;
    this.sizes.delete(thing);
  }

  /** Stops counting; the numbers stay. */
  close(): void {
    for (const restore of this.restore.splice(0)) restore();
  }
}

const CHANNELS: Record<string, number> = { r: 1, rg: 2, rgba: 4 };

/** Of the formats that compute shaders write. */
function bytesPerTexel(format: GPUTextureFormat): number {
  const [, channels, bits] = /^(r|rg|rgba)(8|16|32)/.exec(format) ?? [];
  if (!channels) throw new Error(`no size known for textures of ${format}`);
  return CHANNELS[channels] * Number(bits) / 8;
}
