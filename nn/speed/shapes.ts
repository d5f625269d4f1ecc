/**
 * Convolutions of networks that are not built here yet, from the tables of their papers, for one
 * picture of 128×256. A network that is built is watched instead (`recordConvolutions`).
 *
 * @module
 */
import { type ConvShape, distinct, square } from "./convolutions.ts";

type Size = readonly [height: number, width: number];

/** Map size of a level at 1/2^level of 128×256. */
const at = (level: number): Size => [128 >> level, 256 >> level];

/**
 * PWC-Net as released (Sun et al., CVPR 2018): six pyramid levels of three convolutions, five
 * decoders of densely connected ones, a dilated context network. A transposed convolution is the
 * input gradient of the convolution that is listed for it.
 */
export function pwcNetConvolutions(): ConvShape[] {
  const shapes: ConvShape[] = [];
  const pyramid = [3, 16, 32, 64, 96, 128, 196];
  for (let level = 1; level <= 6; level++) {
    const [from, to] = [pyramid[level - 1], pyramid[level]];
    shapes.push(square(at(level - 1), from, to, 3, { stride: 2 }), square(at(level), to, to, 3));
  }
  const inputs = { 6: 81, 5: 213, 4: 181, 3: 149, 2: 117 };
  for (const [level, input] of Object.entries(inputs).map(([key, n]) => [Number(key), n])) {
    let channels = input;
    for (const out of [128, 128, 96, 64, 32]) {
      shapes.push(square(at(level), channels, out, 3));
      channels += out;
    }
    shapes.push(square(at(level), channels, 2, 3)); // flow
    if (level === 2) continue;
    for (const out of [2, channels]) { // upsampled flow and features
      shapes.push({ ...square(at(level - 1), 2, out, 4, { stride: 2 }), padding: [1, 1] });
    }
  }
  const context = [[565, 128, 1], [128, 128, 2], [128, 128, 4], [128, 96, 8], [96, 64, 16]];
  for (const [from, to, dilation] of context) shapes.push(square(at(2), from, to, 3, { dilation }));
  shapes.push(square(at(2), 64, 32, 3), square(at(2), 32, 2, 3));
  return distinct(shapes);
}

/**
 * ResNet-50 at output stride 8 with 1×1 projector and predictor, as FlowE has it: the last two
 * stages keep their size, and their first block keeps the dilation of the stage before.
 */
export function resNet50Convolutions(): ConvShape[] {
  const shapes = [square([128, 256], 3, 64, 7, { stride: 2 })];
  let channels = 64;
  for (
    const { size, inner, blocks, stride, dilation, first } of [
      { size: at(2), inner: 64, blocks: 3, stride: 1, dilation: 1, first: 1 },
      { size: at(2), inner: 128, blocks: 4, stride: 2, dilation: 1, first: 1 },
      { size: at(3), inner: 256, blocks: 6, stride: 1, dilation: 2, first: 1 },
      { size: at(3), inner: 512, blocks: 3, stride: 1, dilation: 4, first: 2 },
    ]
  ) {
    const after: Size = [size[0] / stride, size[1] / stride];
    const out = 4 * inner;
    shapes.push(square(size, channels, out, 1, { stride })); // shortcut
    for (let block = 0; block < blocks; block++) {
      const head = block === 0;
      const from = head ? size : after;
      shapes.push(
        square(from, channels, inner, 1),
        square(from, inner, inner, 3, {
          stride: head ? stride : 1,
          dilation: head ? first : dilation,
        }),
        square(after, inner, out, 1),
      );
      channels = out;
    }
  }
  for (const [from, to] of [[2048, 4096], [4096, 256], [256, 4096]]) {
    shapes.push(square(at(3), from, to, 1));
  }
  return distinct(shapes);
}
