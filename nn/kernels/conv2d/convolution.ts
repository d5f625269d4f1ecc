/**
 * The forward pass of a convolution, and its input gradient, which slides the same window backward.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { ByValue } from "../activation.ts";
import { BLOCK_WORKGROUP, blocksOf } from "../block.ts";
import { dispatch, type Program, programOf } from "../program.ts";
import { operandAccess, tileFor } from "../tiles.ts";
import { blockProgram } from "./block.ts";
import { endOfName, type Epilogue } from "./epilogue.ts";
import { type Sloped, withOperands } from "./operands.ts";
import { tileInvocations, tileProgram } from "./tile.ts";
import { type ConvInfo, type Direction, featuresOf, pictureOf, windowValues } from "./window.ts";

/** A bias to add and what follows it. */
export interface BiasAndActivation {
  /** [channels]. */
  readonly bias: tf.TensorInfo;
  readonly activation: ByValue;
}

/**
 * Records the forward pass, with what follows it, or the input gradient.
 *
 * @param onto Adds to this tensor rather than making a new one; not with what follows.
 */
export function runConvolution(
  backend: WebGPUBackend,
  direction: Direction,
  x: tf.TensorInfo | Sloped,
  filter: tf.TensorInfo,
  info: ConvInfo,
  after: BiasAndActivation | null = null,
  onto?: tf.TensorInfo,
): tf.TensorInfo {
  const sides = [pictureOf(info), featuresOf(info)];
  const [from, to] = direction === "forward" ? sides : sides.reverse();
  const pixels = info.batchSize * to.height * to.width;
  const activation = after?.activation ?? null;
  const [program, invocations] = plan(direction, pixels, to.channels, {
    activation,
    // A layer without an activation feeds a normalisation or an output, no convolution.
    twin: operandAccess() === "texels" && activation !== null && activation !== "none",
    vectorOut: to.channels % 4 === 0,
  });
  const output = onto ?? [info.batchSize, to.height, to.width, to.channels];
  const values = [...windowValues(info, from, to), onto ? 1 : 0];
  return withOperands(backend, [x, filter], (operands) => {
    const inputs = [...operands, ...after ? [after.bias] : []];
    return dispatch(backend, program, inputs, output, values, invocations);
  });
}

/** The program for so many output pixels and channels, and the number of its invocations. */
function plan(
  direction: Direction,
  pixels: number,
  channels: number,
  epilogue: Epilogue,
): [Program, number] {
  const access = operandAccess();
  const tile = tileFor("convolution", { pixels, channels });
  const key = `${direction} ${access}${endOfName(epilogue)}`;
  if ("workgroup" in tile) {
    const side = tile.workgroup;
    return [
      programOf(
        `conv2d block ${side} ${key}`,
        () => blockProgram(access, direction, side, epilogue),
      ),
      blocksOf(1, pixels, channels, side) * BLOCK_WORKGROUP,
    ];
  }
  // Few widths, since each is a pipeline to compile.
  const quads = channels <= 4 ? 1 : channels <= 8 ? 2 : 4;
  const size = { pixels: tile.registers, quads };
  return [
    programOf(
      `conv2d tile ${Object.values(size)} ${key}`,
      () => tileProgram(access, direction, size, epilogue),
    ),
    tileInvocations(size, pixels, channels),
  ];
}
