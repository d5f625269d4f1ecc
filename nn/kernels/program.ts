/**
 * How a kernel of ours reaches the device.
 *
 * A {@link Program} is WGSL text with named inputs and scalar uniforms. Shapes travel as uniforms and
 * never enter the text, so one compiled pipeline serves every shape: compiling costs 0.1 to 1 s on a
 * software driver. Dispatches join the compute pass, the buffers and the submits of TensorFlow.js'
 * WebGPU backend, but not its way of making shaders, which compiles anew whenever ranks or
 * coincidences of shapes change.
 *
 * @module
 */
import type { TensorInfo } from "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { EnvironmentError } from "../../base/errors.ts";
import {
  countOf,
  forgetTexels,
  formOf,
  keepTexels,
  newTexels,
  renewTexels,
  ROW,
  type Texels,
} from "./texels.ts";
import { uniformsOf } from "./uniforms.ts";

/**
 * How the text sees an operand: single numbers (`x[i]`), vec4 along the last axis (`x[i]`), integers
 * (`x[i]`), single numbers or vec4 that it may also write ("update", "update4"), {@link Texels}
 * (`load_x(i)`, `store_result(i, v)`), or Texels that are an input and written ("store",
 * `store_x(i, v)`).
 */
export type Access = 1 | 4 | "i32" | "update" | "update4" | "texels" | "store";

/** WGSL text with the names it refers to. */
export interface Program {
  /** Unique; it names the compiled pipeline, and errors name it. */
  readonly name: string;
  /** Operands the text reads, in binding order. */
  readonly inputs: readonly string[];
  /** Access to each input and then to `result`. */
  readonly widths: readonly Access[];
  /** Scalars the text reads as `uniforms.<name>`, in the order they are passed. */
  readonly uniforms: Readonly<Record<string, "i32" | "f32">>;
  /** Invocations in a workgroup. */
  readonly workgroup: number;
  /** Whether `result` holds atomic<i32> instead of f32. */
  readonly atomic?: boolean;
  /**
   * Whether the text also writes its result into a copy in texels (`store_twin(i, v)`, every four
   * channels once), where a convolution that reads it next finds it.
   */
  readonly twin?: boolean;
  /** `fn main(index : i32)` and its helpers; it writes to `result`. */
  readonly code: string;
}

const programs = new Map<string, Program>();

/** The program that `key` stands for, made once. */
export function programOf(key: string, make: () => Program): Program {
  let program = programs.get(key);
  if (!program) programs.set(key, program = make());
  return program;
}

/** Output of {@link dispatch}: a shape to allocate, or something existing to write into. */
export type Output = readonly number[] | TensorInfo | Texels;

/** The parts of TensorFlow.js' backend that its own programs use, most of them private. */
interface Recorder {
  device: GPUDevice;
  tensorMap: { get(dataId: object): { resource?: GPUBuffer } };
  commandEncoder: GPUCommandEncoder;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  commandQueueOwnedIds: WeakSet<object>;
  uploadToGPU(dataId: object): void;
  makeTensorInfo(shape: number[], dtype: string): TensorInfo;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

const isUpdated = (width: Access) => width === "update" || width === "update4";
const isTexels = (operand: object): operand is Texels => "texture" in operand;

/**
 * Records one dispatch of a program.
 *
 * @param invocations Number of invocations; `main` must ignore indices beyond it (the last workgroup
 * is padded).
 * @param multiplyAdds About how many they do together, where that may take a while.
 * @returns The output: a new tensor, or what was given.
 * @throws {EnvironmentError} When a tensor exceeds what the adapter can bind.
 */
export function dispatch<O extends Output>(
  backend: WebGPUBackend,
  program: Program,
  inputs: readonly (TensorInfo | Texels)[],
  output: O,
  uniforms: readonly number[],
  invocations: number,
  multiplyAdds = 0,
): O extends readonly number[] ? TensorInfo : O {
  const recorder = backend as unknown as Recorder;
  const target = Array.isArray(output)
    ? recorder.makeTensorInfo([...output], program.atomic ? "int32" : "float32")
    : output as TensorInfo | Texels;
  if (!Array.isArray(output) && !isTexels(target)) forgetTexels(backend, target.dataId);
  inputs.forEach((input, i) => {
    if (isUpdated(program.widths[i])) forgetTexels(backend, (input as TensorInfo).dataId);
  });
  const twin = program.twin ? newTexels(backend, countOf((target as TensorInfo).shape)) : null;
  const operands = [target, ...inputs, ...twin ? [twin] : []];
  for (const operand of operands) if (!isTexels(operand)) upload(recorder, program, operand);
  const { pipeline, layout } = compiledOf(recorder.device, program);
  const resources = operands.map((operand): GPUBindingResource =>
    isTexels(operand) ? operand.view : { buffer: recorder.tensorMap.get(operand.dataId).resource! }
  );
  resources.push(uniformBinding(recorder.device, program, uniforms));
  const bindGroup = recorder.device.createBindGroup({
    layout,
    entries: resources.map((resource, binding) => ({ binding, resource })),
  });
  for (const operand of operands) {
    if (!isTexels(operand)) recorder.commandQueueOwnedIds.add(operand.dataId);
  }
  recorder.ensureCommandEncoderReady();
  recorder.computePassEncoder ??= recorder.commandEncoder.beginComputePass();
  const pass = recorder.computePassEncoder;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...grid(Math.ceil(invocations / program.workgroup)));
  recorder.dispatchCountInPass++;
  const sum = recordedOn(recorder.device);
  sum.bytes += isTexels(target) ? 0 : bytesOf(target);
  sum.multiplyAdds += multiplyAdds;
  const most = tf.env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE");
  const full = sum.bytes > MOST_WRITTEN || sum.multiplyAdds > mostMultiplyAdds;
  if (recorder.dispatchCountInPass >= most || full) {
    recorder.endComputePassEncoder();
    recorder.submitQueue();
  }
  if (twin) {
    const { dataId, shape } = target as TensorInfo;
    keepTexels(backend, dataId, twin, formOf(shape.at(-1)!));
  }
  return target as O extends readonly number[] ? TensorInfo : O;
}

/** A stretch of one tensor that goes into another; offsets and size in numbers. */
export interface Copy {
  readonly from: TensorInfo;
  readonly fromOffset: number;
  readonly to: TensorInfo;
  readonly toOffset: number;
  readonly size: number;
}

/**
 * Records copies between tensors of four-byte numbers, one after another and outside the compute
 * pass. A hundred of them cost less than three dispatches.
 */
export function recordCopies(backend: WebGPUBackend, copies: readonly Copy[]): void {
  const recorder = backend as unknown as Recorder;
  recorder.ensureCommandEncoderReady();
  recorder.endComputePassEncoder();
  for (const { from, fromOffset, to, toOffset, size } of copies) {
    const [source, target] = [from, to].map(({ dataId }) => {
      recorder.uploadToGPU(dataId);
      recorder.commandQueueOwnedIds.add(dataId);
      return recorder.tensorMap.get(dataId).resource!;
    });
    const encoder = recorder.commandEncoder;
    encoder.copyBufferToBuffer(source, 4 * fromOffset, target, 4 * toOffset, 4 * size);
    if (size === tf.util.sizeFromShape(to.shape)) {
      renewTexels(backend, encoder, to.dataId, target, size);
    } else forgetTexels(backend, to.dataId);
  }
}

/**
 * Bytes that recorded commands may write before they are submitted. A submit costs time, but buffers
 * that are done with are only reused after it.
 */
const MOST_WRITTEN = 2 ** 28;

let mostMultiplyAdds = Infinity;

/**
 * Sets how many multiply-adds recorded commands may do before they are submitted. Operating systems take
 * a GPU for hung that works too long on one submit.
 *
 * @returns How many it were before; any number at first.
 */
export function submitAfter(multiplyAdds: number): number {
  const before = mostMultiplyAdds;
  mostMultiplyAdds = multiplyAdds;
  return before;
}

/** What the commands recorded since the last submit do: bytes they write, and multiply-adds. */
const recorded = new WeakMap<GPUDevice, { bytes: number; multiplyAdds: number }>();

function recordedOn(device: GPUDevice): { bytes: number; multiplyAdds: number } {
  let sum = recorded.get(device);
  if (!sum) recorded.set(device, sum = { bytes: 0, multiplyAdds: 0 });
  return sum;
}

/** Counts from nothing again: what was recorded on a device was submitted. */
export function wasSubmitted(device: GPUDevice): void {
  recorded.delete(device);
}

const bytesOf = (tensor: TensorInfo) => 4 * tf.util.sizeFromShape(tensor.shape);

/** Makes sure a tensor is on the device and within its limits. */
function upload(recorder: Recorder, program: Program, tensor: TensorInfo): void {
  const bytes = bytesOf(tensor);
  const limit = recorder.device.limits.maxStorageBufferBindingSize;
  if (bytes > limit) {
    throw new EnvironmentError(
      `Cannot run ${program.name}: a tensor of shape [${tensor.shape}] takes ${bytes} bytes, ` +
        `the adapter binds ${limit}`,
      "Use smaller pictures or a smaller batch.",
    );
  }
  recorder.uploadToGPU(tensor.dataId);
}

/** Workgroups beyond what one dimension holds spill into the second. */
function grid(workgroups: number): [number, number] {
  const most = 65535;
  if (workgroups <= most) return [workgroups, 1];
  const side = Math.ceil(Math.sqrt(workgroups));
  return [side, Math.ceil(workgroups / side)];
}

/** The place of a program's uniforms on the device. */
function uniformBinding(device: GPUDevice, program: Program, values: readonly number[]) {
  const types = Object.values(program.uniforms);
  if (types.length !== values.length) {
    throw new Error(`${program.name} takes ${types.length} uniforms, got ${values.length}`);
  }
  const { view, binding } = uniformsOf(device).reserve(4 * values.length);
  types.forEach((type, i) => {
    if (type === "f32") view.setFloat32(4 * i, values[i], true);
    else view.setInt32(4 * i, values[i], true);
  });
  return binding;
}

/** A compiled program. */
interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const pipelines = new WeakMap<GPUDevice, Map<string, Compiled>>();

function compiledOf(device: GPUDevice, program: Program): Compiled {
  let compiled = pipelines.get(device);
  if (!compiled) pipelines.set(device, compiled = new Map());
  let found = compiled.get(program.name);
  if (!found) {
    const label = program.name;
    const module = device.createShaderModule({ label, code: shaderText(program) });
    const pipeline = device.createComputePipeline({
      label,
      layout: "auto",
      compute: { module, entryPoint: "entry" },
    });
    found = { pipeline, layout: pipeline.getBindGroupLayout(0) };
    compiled.set(program.name, found);
  }
  return found;
}

/** The whole shader: declarations, the program's text, the entry point. */
function shaderText(program: Program): string {
  const { inputs, widths, uniforms, workgroup, atomic, twin, code } = program;
  const element = (width: Access) =>
    width === "i32" ? "i32" : width === 4 || width === "update4" ? "vec4<f32>" : "f32";
  const output = widths.at(-1)!;
  const place = `vec2<i32>(i & ${ROW - 1}, i >> ${Math.log2(ROW)}u)`;
  const writable = (name: string, at: string) =>
    `${at} var ${name} : texture_storage_2d<rgba32float, write>;
fn store_${name}(i : i32, value : vec4<f32>) { textureStore(${name}, ${place}, value); }`;
  return [
    output === "texels"
      ? writable("result", "@group(0) @binding(0)")
      : `@group(0) @binding(0) var<storage, read_write> result : array<${
        atomic ? "atomic<i32>" : element(output)
      }>;`,
    ...inputs.map((name, i) => {
      const at = `@group(0) @binding(${i + 1})`;
      const width = widths[i];
      if (width === "store") return writable(name, at);
      if (width === "texels") {
        return `${at} var ${name} : texture_2d<f32>;
fn load_${name}(i : i32) -> vec4<f32> { return textureLoad(${name}, ${place}, 0); }`;
      }
      const type = element(width);
      const mode = isUpdated(width) ? "read_write" : "read";
      return `${at} var<storage, ${mode}> ${name} : array<${type}>;
fn load_${name}(i : i32) -> ${type} { return ${name}[i]; }`;
    }),
    ...twin ? [writable("twin", `@group(0) @binding(${inputs.length + 1})`)] : [],
    `struct Uniforms { ${
      Object.entries(uniforms).map(([name, type]) => `${name} : ${type}`).join(", ")
    } };
@group(0) @binding(${inputs.length + (twin ? 2 : 1)}) var<uniform> uniforms : Uniforms;`,
    code,
    `@compute @workgroup_size(${workgroup})
fn entry(
  @builtin(workgroup_id) group : vec3<u32>,
  @builtin(num_workgroups) groups : vec3<u32>,
  @builtin(local_invocation_index) lane : u32,
) {
  main(i32((group.y * groups.x + group.x) * ${workgroup}u + lane));
}`,
  ].join("\n");
}
