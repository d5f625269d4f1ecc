/**
 * How convolution kernels read their operands: four channels at once, from buffers or textures.
 *
 * Channel counts that 4 does not divide are padded with zeros. On a software adapter both operands are
 * first copied into textures, where a read costs a fraction of one from a buffer; the copy is one read
 * of what the convolution reads dozens of times.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { dispatch, type Program } from "../program.ts";
import { type Texels, texelsOf } from "../texels.ts";
import { vec4s } from "./window.ts";

/** Where a kernel reads its operands. */
export type OperandAccess = 4 | "texels";

/** An operand as {@link OperandAccess} says. */
export type Operand = tf.TensorInfo | Texels;

const copyChannels = (access: OperandAccess, aligned: boolean): Program => ({
  name: `copy channels ${access}${aligned ? " aligned" : ""}`,
  inputs: ["x"],
  widths: [aligned ? 4 : 1, access],
  uniforms: { vectors: "i32", channels: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.vectors) { return; }
  ${
    aligned ? "let value = x[index];" : `
  let perRow = (uniforms.channels + 3) / 4;
  let row = index / perRow;
  let channel = (index - row * perRow) * 4;
  var value = vec4<f32>(0.0);
  for (var k = 0; k < 4; k++) {
    if (channel + k < uniforms.channels) { value[k] = x[row * uniforms.channels + channel + k]; }
  }`
  }
  ${access === "texels" ? "store_result(index, value);" : "result[index] = value;"}
}`,
});

const PAD = copyChannels(4, false);
const TO_TEXELS = copyChannels("texels", false);
const ALIGNED_TO_TEXELS = copyChannels("texels", true);

/** Runs `use` on two tensors in the form its kernel reads, and frees what was made for that. */
export function withOperands(
  backend: WebGPUBackend,
  access: OperandAccess,
  tensors: readonly [tf.TensorInfo, tf.TensorInfo],
  use: (operands: [Operand, Operand]) => tf.TensorInfo,
): tf.TensorInfo {
  const made: (() => void)[] = [];
  const prepare = (x: tf.TensorInfo): Operand => {
    const channels = x.shape.at(-1)!;
    const aligned = channels % 4 === 0;
    if (access === 4 && aligned) return x;
    const vectors = tf.util.sizeFromShape(x.shape) / channels * vec4s(channels);
    const uniforms = [vectors, channels];
    if (access === 4) {
      const shape = [...x.shape.slice(0, -1), vec4s(channels) * 4];
      const padded = dispatch(backend, PAD, [x], shape, uniforms, vectors);
      made.push(() => backend.disposeData(padded.dataId));
      return padded;
    }
    const program = aligned ? ALIGNED_TO_TEXELS : TO_TEXELS;
    return texelsOf(backend, x.dataId, vectors, aligned ? 0 : channels, (texels) => {
      dispatch(backend, program, [x], texels, uniforms, vectors);
    });
  };
  const result = use([prepare(tensors[0]), prepare(tensors[1])]);
  for (const free of made) free();
  return result;
}
