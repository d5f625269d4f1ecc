/**
 * How convolution kernels read their operands: four channels at once, from buffers or textures.
 *
 * Channel counts that 4 does not divide are padded with zeros. On a software adapter both operands are
 * first copied into textures, where a read costs less than one from a buffer; the copy is one read of
 * what the convolution reads dozens of times. What it reads a few times stays where it is.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type ByValue, SLOPE } from "../activation.ts";
import { dispatch, type Program, programOf } from "../program.ts";
import { type OperandAccess, operandAccess } from "../tiles.ts";
import { countOf, formOf, hasTexels, type Texels, texelsOf } from "../texels.ts";
import { vec4s } from "../wgsl_text.ts";

/** An operand as {@link OperandAccess} says. */
export type Operand = tf.TensorInfo | Texels;

/** The gradient of an activation's result, to be read times the activation's slope there. */
export interface Sloped {
  readonly dy: tf.TensorInfo;
  /** What the activation put out. */
  readonly out: tf.TensorInfo;
  readonly activation: ByValue;
}

const isSloped = (x: tf.TensorInfo | Sloped): x is Sloped => "dy" in x;

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

const slopeToTexels = (activation: ByValue, aligned: boolean): Program => ({
  name: `slope ${activation} to texels${aligned ? " aligned" : ""}`,
  inputs: ["dy", "activated"],
  widths: aligned ? [4, 4, "texels"] : [1, 1, "texels"],
  uniforms: { vectors: "i32", channels: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.vectors) { return; }
  ${
    aligned
      ? `let y = activated[index]; store_result(index, dy[index] * (${
        SLOPE[activation]("vec4<f32>")
      }));`
      : `
  let perRow = (uniforms.channels + 3) / 4;
  let row = index / perRow;
  let channel = (index - row * perRow) * 4;
  var value = vec4<f32>(0.0);
  for (var k = 0; k < 4; k++) {
    if (channel + k < uniforms.channels) {
      let at = row * uniforms.channels + channel + k;
      let y = activated[at];
      value[k] = dy[at] * (${SLOPE[activation]("f32")});
    }
  }
  store_result(index, value);`
  }
}`,
});

function texels(backend: WebGPUBackend, x: tf.TensorInfo | Sloped): Texels {
  const tensor = isSloped(x) ? x.dy : x;
  const channels = tensor.shape.at(-1)!;
  const aligned = channels % 4 === 0;
  const vectors = countOf(tensor.shape);
  const uniforms = [vectors, channels];
  if (!isSloped(x)) {
    const program = aligned ? ALIGNED_TO_TEXELS : TO_TEXELS;
    return texelsOf(backend, x.dataId, vectors, formOf(channels), (texels) => {
      dispatch(backend, program, [x], texels, uniforms, vectors);
    });
  }
  const { dy, out, activation } = x;
  const program = programOf(
    `slope to texels ${activation} ${aligned}`,
    () => slopeToTexels(activation, aligned),
  );
  const form = { ...formOf(channels), slope: activation, of: out.dataId };
  return texelsOf(backend, dy.dataId, vectors, form, (texels) => {
    dispatch(backend, program, [dy, out], texels, uniforms, vectors);
  });
}

/** Access to either operand. */
export type Accesses = readonly [OperandAccess, OperandAccess];

/**
 * Reads of every number from which on a copy in a texture pays: llvmpipe saves 7 ns a read, of 27, and
 * takes 50 to copy.
 */
const READS_FOR_A_COPY = 6;

/** Whether a tensor is read from its buffer all the same where textures are read. */
const stays = (backend: WebGPUBackend, x: tf.TensorInfo | Sloped, reads: number) =>
  reads < READS_FOR_A_COPY && !isSloped(x) && x.shape.at(-1)! % 4 === 0 &&
  !hasTexels(backend, x.dataId, formOf(4));

/**
 * Runs `use` on two tensors in the form its kernel reads, and frees what was made for that.
 *
 * A {@link Sloped} operand is for textures only: elsewhere the slope is multiplied on beforehand.
 *
 * @param reads How often the kernel reads each number of either tensor; often, where it doesn't say.
 */
export function withOperands(
  backend: WebGPUBackend,
  tensors: readonly [tf.TensorInfo | Sloped, tf.TensorInfo | Sloped],
  use: (operands: readonly [Operand, Operand], access: Accesses) => tf.TensorInfo,
  reads: readonly [number, number] = [Infinity, Infinity],
): tf.TensorInfo {
  const made: (() => void)[] = [];
  const access = tensors.map((x, i): OperandAccess =>
    operandAccess() === "texels" && !stays(backend, x, reads[i]) ? "texels" : 4
  ) as [OperandAccess, OperandAccess];
  const prepare = (x: tf.TensorInfo | Sloped, access: OperandAccess): Operand => {
    if (access === "texels") return texels(backend, x);
    if (isSloped(x)) throw new Error("a sloped operand is read from textures only");
    const channels = x.shape.at(-1)!;
    if (channels % 4 === 0) return x;
    const vectors = countOf(x.shape);
    const shape = [...x.shape.slice(0, -1), vec4s(channels) * 4];
    const padded = dispatch(backend, PAD, [x], shape, [vectors, channels], vectors);
    made.push(() => backend.disposeData(padded.dataId));
    return padded;
  };
  const [first, second] = tensors;
  const result = use([prepare(first, access[0]), prepare(second, access[1])], access);
  for (const free of made) free();
  return result;
}
