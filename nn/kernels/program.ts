/**
 * How a kernel of ours reaches the device.
 *
 * A {@link Program} is WGSL text with named inputs and scalar uniforms. Shapes travel as uniforms and
 * never enter the text, so one compiled pipeline serves every shape: compiling costs 0.1 to 1 s on a
 * software driver. Kernels run through TensorFlow.js' WebGPU backend, which batches dispatches,
 * reuses buffers and caches pipelines.
 *
 * @module
 */
import type { TensorInfo } from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";

/** WGSL text with the names it refers to. */
export interface Program {
  /** Unique; with the variant it names the compiled pipeline. */
  readonly name: string;
  /** Storage buffers the text reads, in binding order. TensorFlow.js takes `out` for itself. */
  readonly inputs: readonly string[];
  /** Vector width of each input and then of the output: 1 (f32) or 4 (vec4<f32>). */
  readonly widths: readonly (1 | 4)[];
  /** Scalars the text reads as `uniforms.<name>`, in the order they are passed. */
  readonly uniforms: Readonly<Record<string, "i32" | "f32">>;
  /** Invocations in a workgroup. */
  readonly workgroup: number;
  /** Whether `result` holds atomic<i32> instead of f32. */
  readonly atomic?: boolean;
  /**
   * The body of the kernel: a complete WGSL entry `fn main(index : i32)` and its helpers. It writes
   * to `result` and reads `localId`, `workgroupId` and `numWorkgroups`.
   */
  readonly code: string;
}

/** Output of {@link dispatch}: a shape to allocate, or an existing tensor to update in place. */
export type Output = readonly number[] | TensorInfo;

/**
 * Records one dispatch of a program.
 *
 * @param invocations Number of invocations; `main` must ignore indices beyond it (the last workgroup
 * is padded).
 * @returns The output tensor: a new one, or the one given.
 */
export function dispatch(
  backend: WebGPUBackend,
  program: Program,
  inputs: readonly TensorInfo[],
  output: Output,
  uniforms: readonly number[],
  invocations: number,
): TensorInfo {
  const target = "dataId" in output
    ? output as TensorInfo
    : backend.makeTensorInfo([...output], program.atomic ? "int32" : "float32");
  const names = Object.keys(program.uniforms);
  if (names.length !== uniforms.length) {
    throw new Error(`${program.name} takes ${names.length} uniforms, got ${uniforms.length}`);
  }
  backend.runWebGPUProgram(
    {
      shaderKey: program.name,
      // The backend labels shaders by their program's class; errors then name the kernel.
      constructor: { name: program.name },
      variableNames: [...program.inputs],
      variableComponents: program.widths.slice(0, -1),
      outputComponent: program.widths.at(-1),
      atomic: program.atomic,
      uniforms: Object.entries(program.uniforms).map(([k, type]) => `${k} : ${type}, `).join(""),
      workgroupSize: [program.workgroup, 1, 1],
      dispatchLayout: { x: [0] },
      dispatch: [Math.ceil(invocations / program.workgroup), 1, 1],
      outputShape: [OUTPUT_RANK_ONE],
      getUserCode: () => program.code,
    } as Parameters<WebGPUBackend["runWebGPUProgram"]>[0],
    inputs.map((tensor, i) => ({ dataId: tensor.dataId, dtype: tensor.dtype, shape: [i + 2, 3] })),
    "float32",
    names.map((name, i) => ({
      type: program.uniforms[name] === "f32" ? "float32" : "int32",
      data: [uniforms[i]],
    })),
    { dataId: target.dataId, dtype: target.dtype, shape: [OUTPUT_RANK_ONE] },
  );
  return target;
}

// The backend compiles a pipeline anew when ranks or coincidences of shapes change. Ours don't depend
// on them, so it is told constant shapes that never coincide; buffers keep their real size. Inputs of
// higher rank than the output also spare the text accessors that we never call.
const OUTPUT_RANK_ONE = 1001;
