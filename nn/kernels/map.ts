/**
 * Programs that compute each number of the result from the numbers in its place.
 *
 * Where 4 divides the channels they work on four at once, and on a software adapter they write the
 * result into a texture as well, so that a convolution finds its operand there.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { operandAccess } from "./tiles.ts";
import { dispatch, type Program } from "./program.ts";

/** WGSL type of the numbers in one place. */
export type Numbers = "f32" | "vec4<f32>";

/** One result from equally shaped inputs. */
export interface Mapping {
  /** Unique among all programs. */
  readonly name: string;
  readonly inputs: readonly string[];
  /** WGSL of the result; inputs stand for their numbers. */
  readonly value: (type: Numbers) => string;
  /** Whether a convolution is likely to read the result. */
  readonly feedsConvolution: boolean;
}

/** The mapping as a function that records its dispatch; the result has the first input's shape. */
export function mapping(
  { name, inputs, value, feedsConvolution }: Mapping,
): (backend: WebGPUBackend, operands: readonly tf.TensorInfo[]) => tf.TensorInfo {
  const program = (aligned: boolean, twin: boolean): Program => ({
    name: `${name}${aligned ? " aligned" : ""}${twin ? " twin" : ""}`,
    inputs: inputs.map((input) => `${input}s`),
    widths: [...inputs, "result"].map(() => aligned ? 4 : 1),
    twin,
    uniforms: { size: "i32" },
    workgroup: 64,
    code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  ${inputs.map((input) => `let ${input} = ${input}s[index];`).join("\n  ")}
  let value = ${value(aligned ? "vec4<f32>" : "f32")};
  result[index] = value;
  ${twin ? "store_twin(index, value);" : ""}
}`,
  });
  const [single, aligned, twin] = [
    program(false, false),
    program(true, false),
    program(true, true),
  ];
  return (backend, operands) => {
    const { shape } = operands[0];
    const count = tf.util.sizeFromShape(shape);
    if ((shape.at(-1) ?? 1) % 4 !== 0) {
      return dispatch(backend, single, operands, shape, [count], count);
    }
    const quarter = count / 4;
    const program = feedsConvolution && operandAccess() === "texels" ? twin : aligned;
    return dispatch(backend, program, operands, shape, [quarter], quarter);
  };
}
