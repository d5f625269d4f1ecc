/**
 * Programs whose results are windows of correlations, four channels an invocation.
 *
 * RAFT's motion encoder convolves them next, so on a software adapter they go into a texture as well.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { dispatch, type Program, programOf } from "../program.ts";
import { countOf } from "../texels.ts";
import { operandAccess } from "../tiles.ts";
import { GEOMETRY, type Lookup, WGSL_LEVEL, windowShape } from "./geometry.ts";

/** What a program computes. */
export interface Windows {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly helpers?: string;
  /**
   * WGSL that declares `top` and `bottom`, the correlations between which the window's number lies, from
   * `pixel`, level `k` and its `level`, `side` and the place (`dx`, `dy`) in the window.
   */
  readonly value: string;
}

/** The program, with or without a copy in texels. */
function programFor({ name, inputs, helpers = "", value }: Windows, twin: boolean): Program {
  return {
    name: `${name}${twin ? " twin" : ""}`,
    inputs,
    widths: [...inputs, "result"].map(() => 1),
    uniforms: GEOMETRY,
    workgroup: 64,
    twin,
    code: `${WGSL_LEVEL}${helpers}
fn main(index : i32) {
  let side = 2 * uniforms.radius + 1;
  let channels = uniforms.levels * side * side;
  let perPixel = (channels + 3) / 4;
  let pixel = index / perPixel;
  if (pixel >= uniforms.pixels) { return; }
  var four = vec4<f32>(0.0);
  for (var i = 0; i < 4; i++) {
    let channel = (index - pixel * perPixel) * 4 + i;
    if (channel >= channels) { break; }
    let k = channel / (side * side);
    let level = levelOf(k, pixel);
    let dx = (channel / side) % side;
    let dy = channel % side;
    ${value}
    four[i] = mix(top, bottom, level.fy);
    result[pixel * channels + channel] = four[i];
  }
  ${twin ? "store_twin(index, four);" : ""}
}`,
  };
}

/** Records the program on these operands, of which the second are the coordinates. */
export function runWindows(
  backend: WebGPUBackend,
  windows: Windows,
  operands: readonly [tf.TensorInfo, tf.TensorInfo],
  uniforms: readonly number[],
  at: Lookup,
): tf.TensorInfo {
  const twin = operandAccess() === "texels";
  const shape = windowShape(operands[1], at);
  const program = programOf(`${windows.name} ${twin}`, () => programFor(windows, twin));
  return dispatch(backend, program, operands, shape, uniforms, countOf(shape));
}
