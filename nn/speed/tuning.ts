/**
 * What decides which tile is best: for every row that a table may have, work of its kind and the tiles
 * to try.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Contestant } from "../../base/speed_case.ts";
import {
  type Operation,
  registerTiles,
  type Shape,
  type Tile,
  type Tiles,
  tilesInUse,
  useTiles,
  workgroupTiles,
} from "../kernels/tiles.ts";
import { type ConvShape, outputSize, square } from "./convolutions.ts";
import { closeWork, type DeviceWork, normals, onKernels } from "./kernel_contest.ts";

/** Every tile there is. */
export const everyTile: readonly Tile[] = [
  ...registerTiles.map((registers) => ({ registers })),
  ...workgroupTiles.map((workgroup) => ({ workgroup })),
];

/** One row of a table, to be filled. */
export interface Bucket<T extends Operation = Operation> {
  readonly operation: T;
  /** Shapes up to these, less those of the rows before; without any, all the rest. */
  readonly limits: Partial<Shape<T>>;
  /** Makes work of this kind ready; an adapter must be in use. */
  open(): BucketWork;
}

/** Work to try tiles on. */
export interface BucketWork {
  /** Does the work with a tile. */
  with(tile: Tile): Contestant;
  /** The same on TensorFlow.js' kernels. */
  readonly stock: Contestant;
  /** Frees what the work holds, and goes back to the tiles and kernels that were in use. */
  close(): void;
}

/** Several pieces of work as one. */
function together(works: readonly DeviceWork[]): DeviceWork {
  return {
    operands: works.flatMap(({ operands }) => operands),
    compute: () => works.flatMap(({ compute }) => compute()),
  };
}

function bucket<T extends Operation>(
  operation: T,
  limits: Partial<Shape<T>>,
  works: () => readonly DeviceWork[],
): Bucket<T> {
  return {
    operation,
    limits,
    open() {
      const before = tilesInUse();
      const work = together(works());
      const using = (tiles: Tiles, compute: DeviceWork["compute"]) => () => {
        useTiles(tiles);
        return compute();
      };
      return {
        with: (tile) =>
          onKernels("tuned", {
            ...work,
            compute: using({ ...before, [operation]: [{ tile }] }, work.compute),
          }, nameOf(tile)),
        stock: onKernels("stock", work),
        close() {
          useTiles(before);
          closeWork(work);
        },
      };
    },
  };
}

/** For people: "registers 16". */
export const nameOf = (tile: Tile): string => Object.entries(tile).flat().join(" ");

type Padding = [[number, number], [number, number], [number, number], [number, number]];
const explicit = ([y, x]: readonly [number, number]): Padding => [[0, 0], [y, y], [x, x], [0, 0]];

const attributes = ({ stride, padding, dilation }: ConvShape) => ({
  strides: stride,
  pad: explicit(padding),
  dilations: dilation,
  dataFormat: "NHWC",
});

const pictureFor = ({ height, width, inChannels }: ConvShape) =>
  normals<tf.Tensor4D>([1, height, width, inChannels], 0);

const filterFor = ({ kernel: [kh, kw], inChannels, outChannels }: ConvShape) =>
  normals<tf.Tensor4D>([kh, kw, inChannels, outChannels], 1, (kh * kw * inChannels) ** -0.5);

const kernel = (name: string, inputs: tf.NamedTensorMap, attributes: object) =>
  tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;

/** The forward pass, and the input gradient of the convolution back, which writes as many numbers. */
function convolutions(shape: ConvShape): DeviceWork {
  const { inChannels, outChannels } = shape;
  const x = pictureFor(shape), filter = filterFor(shape);
  const back = filterFor({ ...shape, inChannels: outChannels, outChannels: inChannels });
  return {
    operands: [x, filter, back],
    compute: () => [
      kernel("Conv2D", { x, filter }, attributes(shape)),
      kernel("Conv2DBackpropInput", { dy: x, filter: back }, {
        ...attributes(shape),
        inputShape: [1, shape.height, shape.width, outChannels],
      }),
    ],
  };
}

function filterGradient(shape: ConvShape): DeviceWork {
  const { kernel: [kh, kw], inChannels, outChannels } = shape;
  const x = pictureFor(shape);
  const dy = normals<tf.Tensor4D>([1, ...outputSize(shape), outChannels], 2);
  const filterShape = [kh, kw, inChannels, outChannels];
  return {
    operands: [x, dy],
    compute: () => kernel("Conv2DBackpropFilter", { x, dy }, { ...attributes(shape), filterShape }),
  };
}

/** [rows, inner] by [inner, columns], and by its transpose. */
function products(rows: number, inner: number, columns: number): DeviceWork {
  const operands = [[rows, inner], [inner, columns], [columns, inner]]
    .map((shape, i) => normals(shape, i));
  const [a, b, bT] = operands;
  return { operands, compute: () => [tf.matMul(a, b), tf.matMul(a, bT, false, true)] };
}

/** Picture sizes for each limit on pixels: rows, columns, and input channels for a convolution. */
const PICTURES: readonly [
  most: number | null,
  size: readonly [number, number],
  channels: number,
][] = [
  [128, [8, 16], 96],
  [2048, [32, 48], 64],
  [16384, [64, 128], 64],
  [null, [128, 256], 32],
];

/** Output channels for each limit on them. */
const WIDTHS: readonly [most: number | null, channels: number][] = [[4, 2], [8, 8], [null, 64]];

const without = (limits: Record<string, number | null>) =>
  Object.fromEntries(Object.entries(limits).filter(([, most]) => most !== null));

/** The rows of a table in their order, each with work of its kind. */
export const buckets: readonly Bucket[] = [
  ...WIDTHS.flatMap(([channels, out]) =>
    PICTURES.map(([pixels, size, inChannels]) =>
      bucket("convolution", without({ pixels, channels }), () => [
        convolutions(square(size, inChannels, out, 3)),
        convolutions(square(size, inChannels, out, 1)),
      ])
    )
  ),
  bucket("filterGradient", { inputs: 4 }, () => [
    filterGradient(square([64, 128], 3, 32, 7, { stride: 2 })),
  ]),
  bucket("filterGradient", { channels: 8 }, () => [
    filterGradient(square([32, 64], 64, 2, 3)),
    filterGradient(square([32, 64], 64, 8, 3)),
  ]),
  bucket("filterGradient", { numbers: 16384 }, () => [
    filterGradient(square([64, 128], 32, 32, 3)),
    filterGradient(square([32, 64], 64, 96, 1)),
  ]),
  bucket("filterGradient", {}, () => [filterGradient(square([32, 64], 96, 96, 3))]),
  bucket("product", { rows: 4 }, () => [products(4, 256, 512)]),
  bucket("product", { rows: 8 }, () => [products(8, 256, 512)]),
  bucket("product", { numbers: 8192 }, () => [products(64, 256, 128)]),
  bucket("product", { numbers: 1048576 }, () => [products(256, 256, 512)]),
  bucket("product", {}, () => [products(2048, 64, 768)]),
];

/**
 * Rows of a table from the best tile of each of its buckets. A row before another that has the same tile
 * and wider limits says nothing, and is left out.
 */
export function rowsOf<T extends Operation>(
  best: readonly { readonly limits: Partial<Shape<T>>; readonly tile: Tile }[],
): Tiles[T] {
  const kept: typeof best[number][] = [];
  for (const one of best.toReversed()) {
    const next = kept[0];
    const wider = next && Object.entries<number>(next.limits as Record<string, number>)
      .every(([name, most]) => ((one.limits as Record<string, number>)[name] ?? Infinity) <= most);
    if (!(wider && nameOf(next.tile) === nameOf(one.tile))) kept.unshift(one);
  }
  return kept.map(({ limits, tile }) => ({ ...limits, tile })) as Tiles[T];
}
