/**
 * The filter gradient of a convolution, and the bias' along with it.
 *
 * Where the filter alone has too few pieces to occupy the adapter, the output pixels are cut into
 * segments, which leave one part of the result each; a second dispatch adds the parts in a fixed order.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { BLOCK_WORKGROUP } from "../block.ts";
import { dispatch, type Program, programOf } from "../program.ts";
import { operandAccess, tileFor, tilesInUse } from "../tiles.ts";
import { gradientBlockProgram, gradientBlocks } from "./filter_gradient/block.ts";
import { gradientTileProgram, gradientTiles } from "./filter_gradient/tile.ts";
import { type Sloped, withOperands } from "./operands.ts";
import { type ConvInfo, featuresOf, pictureOf, windowValues } from "./window.ts";

const SUM_SEGMENTS: Program = {
  name: "sum segments",
  inputs: ["parts", "bias"],
  widths: [1, "update", 1],
  uniforms: { filterSize: "i32", size: "i32", segments: "i32", onto: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  var sum = 0.0;
  for (var s = 0; s < uniforms.segments; s++) { sum += parts[s * uniforms.size + index]; }
  if (index < uniforms.filterSize) {
    result[index] = select(0.0, result[index], uniforms.onto == 1) + sum;
  } else {
    let at = index - uniforms.filterSize;
    bias[at] = select(0.0, bias[at], uniforms.onto == 1) + sum;
  }
}`,
};

/** Gradients of a convolution's parameters. */
export interface ParameterGradients {
  /** [kh, kw, in, out]. */
  readonly filter: tf.TensorInfo;
  /** [out]: the sums of dy over batch and pixels. */
  readonly bias: tf.TensorInfo;
}

/**
 * Records the gradients of filter and bias.
 *
 * @param onto Adds to these tensors rather than making new ones.
 */
export function runFilterGradient(
  backend: WebGPUBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo | Sloped,
  info: ConvInfo,
  onto: ParameterGradients | null = null,
): ParameterGradients {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const filterShape = [filterHeight, filterWidth, inChannels, outChannels];
  const filterSize = tf.util.sizeFromShape(filterShape);
  const size = filterSize + outChannels;
  const { make, pieces, width } = plan(info);
  const segments = segmentsFor(pieces * width, info.batchSize * info.outHeight * info.outWidth);
  const inParts = segments > 1;
  const program = make(inParts);
  const values = [
    ...windowValues(info, pictureOf(info), featuresOf(info)),
    segments,
    inChannels,
    onto && !inParts ? 1 : 0,
  ];
  const bias = onto?.bias ?? backend.makeTensorInfo([outChannels], "float32");
  const filterOutput = onto?.filter ?? filterShape;
  const invocations = segments * pieces * width;
  const result = withOperands(
    backend,
    [x, dy],
    (operands) =>
      inParts
        ? dispatch(backend, program, operands, [segments, size], values, invocations)
        : dispatch(backend, program, [...operands, bias], filterOutput, values, invocations),
  );
  if (!inParts) return { filter: result, bias };
  const uniforms = [filterSize, size, segments, onto ? 1 : 0];
  const filter = dispatch(backend, SUM_SEGMENTS, [result, bias], filterOutput, uniforms, size);
  backend.disposeData(result.dataId);
  return { filter, bias };
}

/** The program for a filter, by whether it sums in parts, and into how many pieces it cuts the filter. */
function plan(info: ConvInfo) {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const taps = filterHeight * filterWidth;
  const access = operandAccess();
  const tile = tileFor("filterGradient", {
    inputs: inChannels,
    channels: outChannels,
    numbers: taps * inChannels * outChannels,
  });
  if ("workgroup" in tile) {
    const side = tile.workgroup;
    return {
      make: (inParts: boolean) =>
        programOf(
          `filterGradient block ${side} ${access} ${inParts}`,
          () => gradientBlockProgram(access, side, inParts),
        ),
      pieces: gradientBlocks(taps, inChannels, outChannels, side),
      width: BLOCK_WORKGROUP,
    };
  }
  const size = { inQuads: tile.registers / 4, outQuads: outChannels <= 4 ? 1 : 4 };
  return {
    make: (inParts: boolean) =>
      programOf(
        `filterGradient tile ${Object.values(size)} ${access} ${inParts}`,
        () => gradientTileProgram(access, size, inParts),
      ),
    pieces: gradientTiles(size, taps, inChannels, outChannels),
    width: 1,
  };
}

/** Segments enough to occupy the adapter, yet with several pixels in each. */
function segmentsFor(invocations: number, pixels: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, tilesInUse().invocations / invocations)));
  return Math.max(1, Math.min(wanted, 64, Math.floor(pixels / 4)));
}
