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
import { operandAccess, tileFor, tilesInUse } from "../tiles.ts";
import { blockProgram } from "./block.ts";
import { endOfName, type Epilogue } from "./epilogue.ts";
import { type Accesses, type Sloped, withOperands } from "./operands.ts";
import { tileInvocations, tileProgram } from "./tile.ts";
import {
  type ConvInfo,
  type Direction,
  featuresOf,
  multiplyAddsOf,
  pictureOf,
  type Side,
  windowValues,
} from "./window.ts";

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
  const activation = after?.activation ?? null;
  const epilogue: Epilogue = {
    activation,
    // A layer without an activation feeds a normalisation or an output, no convolution.
    twin: operandAccess() === "texels" && activation !== null && activation !== "none",
    vectorOut: to.channels % 4 === 0,
  };
  const { make, invocations, reads } = plan(direction, info, from, to, epilogue);
  const output = onto ?? [info.batchSize, to.height, to.width, to.channels];
  const values = [...windowValues(info, from, to), onto ? 1 : 0];
  return withOperands(backend, [x, filter], (operands, access) => {
    const inputs = [...operands, ...after ? [after.bias] : []];
    const work = multiplyAddsOf(info);
    return dispatch(backend, make(access), inputs, output, values, invocations, work);
  }, [reads, Infinity]);
}

/** How a convolution is computed. */
interface Plan {
  /** The program, by access to "in" and to the filter. */
  readonly make: (access: Accesses) => Program;
  readonly invocations: number;
  /** How often it reads each number of "in". */
  readonly reads: number;
}

function plan(
  direction: Direction,
  info: ConvInfo,
  from: Side,
  { height, width, channels }: Side,
  epilogue: Epilogue,
): Plan {
  const { batchSize, strideHeight, strideWidth, filterHeight, filterWidth } = info;
  // Pixels of the result that go together, and taps they meet.
  const [strideY, strideX] = direction === "forward" ? [1, 1] : [strideHeight, strideWidth];
  const pixels = batchSize * Math.ceil(height / strideY) * Math.ceil(width / strideX);
  const taps = Math.ceil(filterHeight / strideY) * Math.ceil(filterWidth / strideX);
  const reads = (length: number) =>
    strideY * strideX * pixels * taps * Math.ceil(channels / length) /
    (batchSize * from.height * from.width);
  const tile = tileFor("convolution", { pixels, channels });
  const key = (access: Accesses) => `${direction} ${access}${endOfName(epilogue)}`;
  if ("workgroup" in tile) {
    const side = tile.workgroup;
    return {
      make: (access) =>
        programOf(
          `conv2d block ${side} ${key(access)}`,
          () => blockProgram(access, direction, side, epilogue),
        ),
      invocations: blocksOf(1, batchSize * height * width, channels, side) * BLOCK_WORKGROUP,
      reads: reads(side),
    };
  }
  // Few widths, since each is a pipeline to compile.
  const quads = channels <= 4 ? 1 : channels <= 8 ? 2 : 4;
  // No more pixels for an invocation than a workgroup has to share.
  const { lanes } = tilesInUse();
  const share = 2 ** Math.ceil(Math.log2(Math.max(1, pixels / lanes)));
  const size = { pixels: Math.min(tile.registers, share), quads, lanes };
  return {
    make: (access) =>
      programOf(
        `conv2d tile ${Object.values(size)} ${key(access)}`,
        () => tileProgram(access, direction, size, epilogue),
      ),
    invocations: tileInvocations(size, strideY * strideX, pixels, channels),
    reads: reads(4 * quads),
  };
}
