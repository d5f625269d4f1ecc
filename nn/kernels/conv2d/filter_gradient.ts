/**
 * The filter gradient of a convolution, and the bias' along with it.
 *
 * Where the filter alone has too few pieces to occupy the adapter, the output pixels are cut into
 * segments, which leave one part of the result each; a second dispatch adds the parts in a fixed order. All
 * uses of a filter can add to the same parts before that.
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
import { type Accesses, type Sloped, withOperands } from "./operands.ts";
import { type ConvInfo, featuresOf, multiplyAddsOf, pictureOf, windowValues } from "./window.ts";

/** Adds up the parts of several segments, a number at a time or four. */
const sumSegments = (vectors: boolean): Program => ({
  name: `sum segments${vectors ? "" : " scalar"}`,
  inputs: ["parts", "bias"],
  widths: vectors ? [4, "update4", 4] : [1, "update", 1],
  uniforms: { filterSize: "i32", size: "i32", segments: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  var sum = ${vectors ? "vec4<f32>(0.0)" : "0.0"};
  for (var s = 0; s < uniforms.segments; s++) { sum += parts[s * uniforms.size + index]; }
  if (index < uniforms.filterSize) {
    result[index] = sum;
  } else {
    bias[index - uniforms.filterSize] = sum;
  }
}`,
});

/** Whether 4 divides what is stored. */
const storesVectors = ({ outChannels }: ConvInfo): boolean => outChannels % 4 === 0;

/** [kh, kw, in, out]. */
const filterShape = ({ filterHeight, filterWidth, inChannels, outChannels }: ConvInfo) => [
  filterHeight,
  filterWidth,
  inChannels,
  outChannels,
];

/**
 * Records the sums behind the gradients of filter and bias.
 *
 * @param onto Adds to sums of the same number of segments rather than making new ones.
 * @returns The gradients of filter, [kh, kw, in, out], and bias, [out]; or where there are several
 * segments one tensor, which {@link addSegments} makes the gradients of.
 */
export function sumFilterGradient(
  backend: WebGPUBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo | Sloped,
  info: ConvInfo,
  onto: readonly tf.TensorInfo[] | null = null,
): tf.TensorInfo[] {
  const { inChannels, outChannels } = info;
  const shape = filterShape(info);
  const { make, pieces, width, reads } = plan(info);
  const segments = filterGradientSegments(info);
  const values = [
    ...windowValues(info, pictureOf(info), featuresOf(info)),
    segments,
    inChannels,
    onto ? 1 : 0,
  ];
  const invocations = segments * pieces * width;
  const work = multiplyAddsOf(info);
  if (segments > 1) {
    const output = onto?.[0] ?? [segments, tf.util.sizeFromShape(shape) + outChannels];
    return [withOperands(
      backend,
      [x, dy],
      (operands, access) =>
        dispatch(backend, make(access, true), operands, output, values, invocations, work),
      reads,
    )];
  }
  const bias = onto?.[1] ?? backend.makeTensorInfo([outChannels], "float32");
  const output = onto?.[0] ?? shape;
  const filter = withOperands(
    backend,
    [x, dy],
    (operands, access) =>
      dispatch(
        backend,
        make(access, false),
        [...operands, bias],
        output,
        values,
        invocations,
        work,
      ),
    reads,
  );
  return [filter, bias];
}

/** The gradients of filter and bias from the sums of several segments, which stay the caller's. */
export function addSegments(
  backend: WebGPUBackend,
  parts: tf.TensorInfo,
  info: ConvInfo,
): [filter: tf.TensorInfo, bias: tf.TensorInfo] {
  const { outChannels } = info;
  const shape = filterShape(info);
  const filterSize = tf.util.sizeFromShape(shape);
  const size = filterSize + outChannels;
  const bias = backend.makeTensorInfo([outChannels], "float32");
  const vectors = storesVectors(info);
  const program = programOf(`sum segments ${vectors}`, () => sumSegments(vectors));
  // Sizes in what the program stores at a time.
  const [filterPieces, pieces] = [filterSize, size].map((numbers) =>
    vectors ? numbers / 4 : numbers
  );
  const uniforms = [filterPieces, pieces, filterGradientSegments(info)];
  const filter = dispatch(backend, program, [parts, bias], shape, uniforms, pieces);
  return [filter, bias];
}

/** Records the gradients of filter and bias. */
export function runFilterGradient(
  backend: WebGPUBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo | Sloped,
  info: ConvInfo,
): [filter: tf.TensorInfo, bias: tf.TensorInfo] {
  const sums = sumFilterGradient(backend, x, dy, info);
  if (sums.length === 2) return [sums[0], sums[1]];
  const made = addSegments(backend, sums[0], info);
  backend.disposeData(sums[0].dataId);
  return made;
}

/** Segments into which the output pixels are cut. */
export function filterGradientSegments(info: ConvInfo): number {
  const { pieces, width } = plan(info);
  return segmentsFor(pieces * width, info.batchSize * info.outHeight * info.outWidth);
}

/** How a filter's gradient is computed. */
interface Plan {
  /** The program, by access to the picture and to the gradient, and by whether it sums in parts. */
  readonly make: (access: Accesses, inParts: boolean) => Program;
  /** Pieces the filter is cut into, and invocations for each. */
  readonly pieces: number;
  readonly width: number;
  /** How often it reads each number of the picture and of the gradient. */
  readonly reads: readonly [number, number];
}

function plan(info: ConvInfo): Plan {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const taps = filterHeight * filterWidth;
  const tile = tileFor("filterGradient", {
    inputs: inChannels,
    channels: outChannels,
    numbers: taps * inChannels * outChannels,
  });
  const shrunk = info.outHeight * info.outWidth / (info.inHeight * info.inWidth);
  const reads = (rows: number, columns: number): [number, number] => [
    shrunk * taps * Math.ceil(outChannels / columns),
    taps * Math.ceil(inChannels / rows),
  ];
  const vectors = storesVectors(info);
  if ("workgroup" in tile) {
    const side = tile.workgroup;
    return {
      make: (access, inParts) =>
        programOf(
          `filterGradient block ${side} ${access} ${inParts} ${vectors}`,
          () => gradientBlockProgram(access, side, { inParts, vectors }),
        ),
      pieces: gradientBlocks(taps, inChannels, outChannels, side),
      width: BLOCK_WORKGROUP,
      reads: reads(side, side),
    };
  }
  const size = {
    inQuads: tile.registers / 4,
    outQuads: outQuadsFor(outChannels),
    lanes: tilesInUse().lanes,
  };
  return {
    make: (access, inParts) =>
      programOf(
        `filterGradient tile ${Object.values(size)} ${access} ${inParts} ${vectors}`,
        () => gradientTileProgram(access, size, { inParts, vectors }),
      ),
    pieces: gradientTiles(size, taps, inChannels, outChannels),
    width: 1,
    reads: reads(4 * size.inQuads, 4 * size.outQuads),
  };
}

/**
 * Groups of output channels of a tile in registers. Few widths, since each is a pipeline to compile; a
 * software adapter, which takes longest for that, has two. A GPU cannot spare registers for sums of
 * channels that are not there.
 */
function outQuadsFor(channels: number): number {
  if (channels <= 4) return 1;
  return channels <= 8 && operandAccess() !== "texels" ? 2 : 4;
}

/** Segments enough to occupy the adapter, yet with several pixels in each. */
function segmentsFor(invocations: number, pixels: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, tilesInUse().invocations / invocations)));
  return Math.max(1, Math.min(wanted, 64, Math.floor(pixels / 4)));
}
