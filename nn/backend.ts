/**
 * The device everything runs on.
 *
 * `webgpu` is TensorFlow.js' WebGPU backend on a device of ours whose errors are fatal: a bind group
 * that does not match its layout drops the whole command buffer and leaves zeros or stale numbers
 * behind, so every read first asks the device whether anything went wrong since the last one.
 * `cpu` is TensorFlow.js' CPU backend, where the kernels' oracles do the work: slow, and an
 * independent second opinion. Nothing ever falls back from one to the other.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { EnvironmentError } from "../base/errors.ts";
import { type AdapterClass, adapterClass } from "./adapter_class.ts";
import { emptyPool } from "./buffer_pool.ts";
import { registerConv2d } from "./kernels/conv2d.ts";
import { registerMatMul } from "./kernels/matmul.ts";
import { submitAfter, wasSubmitted } from "./kernels/program.ts";
import { registerSoftmax } from "./kernels/softmax.ts";
import { forgetTexels, freeTexels } from "./kernels/texels.ts";
import { tileTable, useTiles } from "./kernels/tiles.ts";
import { uniformsOf } from "./kernels/uniforms.ts";

/** Where tensors live and kernels run. */
export type BackendName = "webgpu" | "cpu";

/** The adapter, as reports and `doctor` print it. */
export interface AdapterSummary {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Bytes; the largest buffer a kernel may bind. 128 MiB where nothing else is said. */
  readonly maxStorageBufferBindingSize: number;
  /** Bytes. */
  readonly maxBufferSize: number;
}

const ERROR_SCOPES = ["validation", "out-of-memory", "internal"] as const;

/** What a user does about a device that is gone: its state is lost, what was saved is not. */
const AFTER_LOSS =
  "A driver drops its device when it is updated, or when a command takes it too long. Training goes " +
  "on from the last checkpoint with `--resume`.";

/** The WebGPU backend with every device error fatal at the next read. */
class CheckedBackend extends WebGPUBackend {
  /** Why there is no device any more; a lost one reports no errors, and its scopes are empty. */
  private lost: GPUDeviceLostInfo | null = null;

  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    device.lost.then((lost) => this.lost = lost);
    this.openScopes();
  }

  private openScopes(): void {
    for (const filter of ERROR_SCOPES) this.device.pushErrorScope(filter);
  }

  /** @throws {EnvironmentError} When the device is lost, or reported an error since the last check. */
  async check(): Promise<void> {
    const popped = ERROR_SCOPES.map(() => this.device.popErrorScope());
    this.openScopes(); // before any await: reads overlap
    const errors = await Promise.all(popped);
    if (this.lost) {
      throw new EnvironmentError(
        `Cannot go on without the GPU: ${this.lost.message || "its device was lost"}`,
        AFTER_LOSS,
      );
    }
    const error = errors.find((e) => e !== null);
    if (error) {
      throw new EnvironmentError(
        `Cannot trust the GPU's results: ${error.constructor.name}: ${error.message}`,
        "If memory ran out, use a smaller picture or batch; otherwise report this with `deno task doctor`.",
      );
    }
  }

  /**
   * Waits for the device. Where it refuses, the reason comes from {@link check} if that knows one.
   *
   * @throws {EnvironmentError} When the device is lost, or does not give what it was asked for.
   */
  async waitFor<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      await new Promise((done) => setTimeout(done)); // the news of a loss comes a turn later
      await this.check();
      throw new EnvironmentError(
        `Cannot read from the GPU: ${error.message}; its device was lost`,
        AFTER_LOSS,
      );
    }
  }

  override uploadToGPU(dataId: object): void {
    try {
      super.uploadToGPU(dataId);
    } catch (error) {
      // Memory of a buffer that was not made: too late to ask the device why, which nothing waits for.
      if (!(error instanceof DOMException)) throw error;
      throw new EnvironmentError(
        `Cannot bring a tensor to the GPU: ${error.message}; its device was lost, or out of memory`,
        `If memory ran out, use a smaller picture or batch. ${AFTER_LOSS}`,
      );
    }
  }

  override disposeData(dataId: object, force?: boolean): boolean {
    // TensorFlow.js would keep a buffer that recorded commands use until they are submitted. The
    // device keeps to their order, so commands recorded next may have it at once, which is what
    // holds memory down between submits. Uploads are commands as well.
    const last = force || this.tensorMap.get(dataId)?.refCount === 1;
    const { commandQueueOwnedIds } = this as unknown as { commandQueueOwnedIds: WeakSet<object> };
    if (last) commandQueueOwnedIds.delete(dataId);
    const gone = super.disposeData(dataId, force);
    if (gone) forgetTexels(this, dataId);
    return gone;
  }

  override submitQueue(): void {
    uniformsOf(this.device).flush();
    super.submitQueue();
    wasSubmitted(this.device);
  }

  /** Records a copy of these tensors; see {@link readLater}. */
  later(tensors: readonly tf.Tensor[]): () => Promise<Float32Array[]> {
    const bytes = tensors.map(({ size }) => 4 * size);
    const buffer = this.device.createBuffer({
      size: bytes.reduce((sum, size) => sum + size, 0),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    const recorder = this as unknown as { commandEncoder: GPUCommandEncoder | null };
    const encoder = recorder.commandEncoder!;
    let offset = 0;
    for (const [i, { dataId }] of tensors.entries()) {
      this.uploadToGPU(dataId);
      const source = this.tensorMap.get(dataId).resource as GPUBuffer;
      encoder.copyBufferToBuffer(source, 0, buffer, offset, bytes[i]);
      offset += bytes[i];
    }
    return async () => {
      if (recorder.commandEncoder === encoder) submit();
      await this.waitFor(buffer.mapAsync(GPUMapMode.READ));
      const values = new Float32Array(buffer.getMappedRange().slice(0));
      buffer.destroy();
      await this.check();
      let at = 0;
      return tensors.map(({ size }) => values.subarray(at, at += size));
    };
  }

  override async read(dataId: object): ReturnType<WebGPUBackend["read"]> {
    const values = await this.waitFor(super.read(dataId));
    // The parent keeps a copy on the host, which a later in-place update would leave stale.
    const entry = this.tensorMap.get(dataId);
    if (entry?.resource) entry.values = null as never;
    await this.check();
    return values;
  }
}

async function requestAdapter(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new EnvironmentError(
      "Cannot find a WebGPU adapter on this machine",
      "Install a Vulkan driver (Debian, Ubuntu: `apt-get install -y mesa-vulkan-drivers`), or choose `--backend cpu`, which is very slow.",
    );
  }
  return adapter;
}

/** Facts about the adapter that {@link useBackend} would take, or null where there is none. */
export async function describeAdapter(): Promise<AdapterSummary | null> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter ? summarize(adapter) : null;
}

/**
 * The device that kernels run on, with the limits of its adapter where theirs depend on them.
 *
 * @throws {EnvironmentError} When it cannot be had: an adapter may lack what WebGPU takes for granted.
 */
export async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { info, limits } = adapter;
  try {
    return await adapter.requestDevice({
      requiredLimits: {
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxBufferSize: limits.maxBufferSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      },
    });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new EnvironmentError(
      `Cannot use the adapter ${info.description || info.vendor}: ${error.message}`,
      "Update its driver, or choose `--backend cpu`, which is very slow.",
    );
  }
}

/** Why {@link useBackend} can have no device of the adapter that is there; null where it can. */
export async function deviceProblem(): Promise<EnvironmentError | null> {
  try {
    (await openDevice(await requestAdapter())).destroy();
    return null;
  } catch (error) {
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
}

function summarize(adapter: GPUAdapter): AdapterSummary {
  const { info, limits } = adapter;
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxBufferSize: limits.maxBufferSize,
  };
}

/**
 * What is recorded before it is submitted.
 *
 * A software adapter does best with few large submits and takes its time without being stopped. A GPU
 * may as well begin while the rest is recorded; and Windows resets one that works on a submit for 2 s,
 * macOS earlier, so that a submit should take 50 to 100 ms: some 2 TFLOP/s are assumed of discrete GPUs
 * and a tenth of that of others. That is arithmetic, not measurement. One dispatch can exceed it still.
 */
const submits: Readonly<Record<AdapterClass, { dispatches: number; multiplyAdds: number }>> = {
  software: { dispatches: 1000, multiplyAdds: Infinity },
  integrated: { dispatches: 128, multiplyAdds: 2e10 },
  discrete: { dispatches: 128, multiplyAdds: 2e11 },
  unknown: { dispatches: 128, multiplyAdds: 2e10 },
};

let current: { name: BackendName; adapter: AdapterSummary | null; class: AdapterClass } | null =
  null;

/**
 * Makes a backend the one all tensors use, with our kernels in the place of its own. Call once,
 * before the first tensor.
 *
 * @returns The adapter in use, or null on the CPU.
 * @throws {EnvironmentError} When there is no adapter, or its device cannot be had.
 */
export async function useBackend(name: BackendName): Promise<AdapterSummary | null> {
  if (current) {
    if (current.name === name) return current.adapter;
    throw new EnvironmentError(
      `Cannot switch from the ${current.name} backend to ${name} within one process`,
    );
  }
  tf.env().set("PROD", true); // no advice about Node packages
  // A tensor that is still on the host would otherwise be worked on by the CPU, unasked.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  let adapter: AdapterSummary | null = null;
  let kind: AdapterClass = "unknown";
  if (name === "webgpu") {
    const gpu = await requestAdapter();
    adapter = summarize(gpu);
    kind = adapterClass(gpu.info);
    useTiles(tileTable[kind]);
    const { dispatches, multiplyAdds } = submits[kind];
    tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", dispatches);
    submitAfter(multiplyAdds);
    const device = await openDevice(gpu);
    tf.removeBackend("webgpu");
    tf.registerBackend("webgpu", () => new CheckedBackend(device, gpu.info), 3);
  }
  await tf.setBackend(name);
  await tf.ready();
  registerConv2d();
  registerMatMul();
  registerSoftmax();
  current = { name, adapter, class: kind };
  return adapter;
}

/** The class of the adapter in use, which its tiles go by; "unknown" where there is none. */
export function adapterClassInUse(): AdapterClass {
  return current?.class ?? "unknown";
}

/** Hands what was recorded to the device, without waiting for it. */
export function submit(): void {
  const backend = tf.backend();
  if (!(backend instanceof CheckedBackend)) return;
  backend.endComputePassEncoder();
  backend.ensureCommandEncoderReady();
  backend.submitQueue();
}

/**
 * Gives back the memory that no tensor has: buffers and textures wait for tensors of their exact size,
 * and hold what others need where none will come. It costs the making of those that do.
 */
export function releaseFree(): void {
  const backend = tf.backend();
  if (!(backend instanceof CheckedBackend)) return;
  submit(); // what was recorded may use what is free
  emptyPool(backend.bufferManager);
  freeTexels(backend);
}

/**
 * Notes what tensors hold when the device gets this far, and reads it later, though they may be gone
 * by then.
 *
 * Reading a tensor hands over everything that was recorded, and Deno's host stands still until the
 * device has done all of it. Who reads later can record what comes next while the device works.
 *
 * @param tensors Of float32.
 * @returns Reads them: it hands over the copy where that has not happened, and waits for the device.
 * It throws an {@link EnvironmentError} when the device is lost or reported an error. To be called once.
 */
export function readLater(tensors: readonly tf.Tensor[]): () => Promise<Float32Array[]> {
  const backend = tf.backend();
  if (backend instanceof CheckedBackend) return backend.later(tensors);
  const values = Promise.all(tensors.map((tensor) => tensor.data() as Promise<Float32Array>));
  return () => values;
}

/**
 * Waits for the device to finish what it was given.
 *
 * @throws {EnvironmentError} When the device is lost or reported an error.
 */
export async function settle(): Promise<void> {
  const backend = tf.backend();
  if (!(backend instanceof CheckedBackend)) return;
  submit();
  await backend.waitFor(backend.device.queue.onSubmittedWorkDone());
  await backend.check();
}

/** Bytes of the largest buffer a kernel may bind on the backend in use. */
export function largestBinding(): number {
  return current?.adapter?.maxStorageBufferBindingSize ?? Infinity;
}
