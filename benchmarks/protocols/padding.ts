/**
 * Bringing pictures to the sizes networks want, and flow back to the pictures' own.
 *
 * @module
 */
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import { resizeFlow, resizePicture } from "../../datasets/augment/resize.ts";

/**
 * How a picture reaches a size that fits. RAFT's code pads (`InputPadder`), PWC-Net's resizes:
 * - `sintel`: rows and columns are added, half on each side, the smaller half at the top and left;
 * - `kitti`: columns as for `sintel`, all rows at the bottom;
 * - `resize`: bilinearly stretched (as OpenCV does it, pixel centres at half integers), and the flow
 *   stretched back with u and v scaled;
 * - `none`: not at all; a size that does not fit is an error.
 */
export type PaddingMode = "none" | "sintel" | "kitti" | "resize";

/** How pictures are brought to size. */
export interface Sizing {
  readonly padding: PaddingMode;
  /** What heights and widths must be multiples of. */
  readonly multiple: number;
}

/** A picture of a size that fits, and the way back. */
export interface Padded {
  /** The picture with its edge pixels repeated outwards, or stretched; [height', width', 3]. */
  readonly padded: Picture;
  /**
   * Brings a flow of the padded picture back to the picture's own size. A field that is coarser than
   * the padded picture by a whole factor (in pixels of the padded picture all the same) is
   * interpolated bilinearly, and only once where it is to be resized anyway. After padding, the
   * result shares the data of a field of full size.
   *
   * @throws {TypeError} When the field is no whole fraction of the padded size.
   */
  restore(flow: FlowField): FlowField;
}

/**
 * Brings a picture to the next multiple in height and width. One that fits already is handed back as
 * it is.
 *
 * @param picture [height, width, 3].
 * @param multiple What height and width must be divisible by, for example 8.
 * @throws {UsageError} When the mode is `none` and the size does not fit.
 */
export function pad(picture: Picture, mode: PaddingMode, multiple: number): Padded {
  const [height, width] = picture.shape;
  const rows = missing(height, multiple), columns = missing(width, multiple);
  const size: Size = [height + rows, width + columns];
  if (rows === 0 && columns === 0) {
    return { padded: picture, restore: (flow) => enlarged(flow, size, size) };
  }
  if (mode === "none") {
    throw new UsageError(
      `Cannot use ${width}x${height} pictures under a protocol without padding: ` +
        `width and height must be multiples of ${multiple}`,
      "Choose a protocol that pads, for example sintel-raft.",
    );
  }
  if (mode === "resize") {
    const factors = { x: size[1] / width, y: size[0] / height };
    return {
      padded: resizePicture(picture, factors),
      restore: (flow) => enlarged(flow, size, [height, width]),
    };
  }
  const top = mode === "kitti" ? 0 : Math.floor(rows / 2);
  const left = Math.floor(columns / 2);
  return {
    padded: withEdgesRepeated(picture, size, top, left),
    restore: (flow) => enlarged(flow, size, size).lo(top, left, 0).hi(height, width, 2),
  };
}

/** Height and width. */
type Size = readonly [height: number, width: number];

function withEdgesRepeated(
  picture: Picture,
  [newHeight, newWidth]: Size,
  top: number,
  left: number,
): Picture {
  const [height, width, channels] = picture.shape;
  const from = packed(picture);
  const to = new Uint8Array(newHeight * newWidth * channels);
  for (let y = 0, at = 0; y < newHeight; y++) {
    const row = clamp(y - top, height) * width;
    for (let x = 0; x < newWidth; x++) {
      const pixel = (row + clamp(x - left, width)) * channels;
      for (let c = 0; c < channels; c++) to[at++] = from[pixel + c];
    }
  }
  return ndarray(to, [newHeight, newWidth, channels]);
}

/**
 * A field of a picture of one size, perhaps coarser than it, at another size: its vectors count in
 * pixels of `from` and then in pixels of `to`.
 */
function enlarged(flow: FlowField, from: Size, to: Size): FlowField {
  const [height, width] = flow.shape;
  const factor = from[0] / height;
  if (!Number.isInteger(factor) || width * factor !== from[1] || flow.shape[2] !== 2) {
    throw new TypeError(
      `a ${flow.shape.join("x")} field, which is neither ${from.join("x")}x2 ` +
        "nor coarser by a whole factor",
    );
  }
  if (height === to[0] && width === to[1]) return flow;
  const resized = resizeFlow(flow, { x: to[1] / width, y: to[0] / height });
  if (factor === 1) return resized;
  // resizeFlow() scales vectors with the grid; the coarse grid's vectors count in fine pixels already.
  return ndarray(packed(resized).map((value) => value / factor), resized.shape);
}

function missing(size: number, multiple: number): number {
  return Math.ceil(size / multiple) * multiple - size;
}

function clamp(i: number, size: number): number {
  return Math.min(Math.max(i, 0), size - 1);
}
