/**
 * Padding to the sizes networks want, and cropping back.
 *
 * @module
 */
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";

/**
 * Where the added rows and columns go (`InputPadder` of RAFT's code):
 * - `sintel`: half on each side, the smaller half at the top and left;
 * - `kitti`: columns as for `sintel`, all rows at the bottom;
 * - `none`: nowhere; a size that does not fit is an error.
 */
export type PaddingMode = "none" | "sintel" | "kitti";

/** A padded picture and the way back. */
export interface Padded {
  /** The picture with its edge pixels repeated outwards, [height', width', 3]. */
  readonly padded: Picture;
  /** Cuts the picture's own area out of a flow of the padded size; shares the flow's data. */
  crop(flow: FlowField): FlowField;
}

/**
 * Pads a picture up to the next multiple in height and width by repeating its edges. A picture that
 * fits already is handed back as it is.
 *
 * @param picture [height, width, 3].
 * @param multiple What height and width must be divisible by, for example 8.
 * @throws {UsageError} When the mode is `none` and the size does not fit.
 */
export function pad(picture: Picture, mode: PaddingMode, multiple: number): Padded {
  const [height, width, channels] = picture.shape;
  const rows = missing(height, multiple), columns = missing(width, multiple);
  if (rows === 0 && columns === 0) return { padded: picture, crop: (flow) => flow };
  if (mode === "none") {
    throw new UsageError(
      `Cannot use ${width}x${height} pictures under a protocol without padding: ` +
        `width and height must be multiples of ${multiple}`,
      "Choose a protocol that pads, for example sintel-raft.",
    );
  }
  const top = mode === "kitti" ? 0 : Math.floor(rows / 2);
  const left = Math.floor(columns / 2);
  const from = packed(picture);
  const shape = [height + rows, width + columns, channels];
  const to = new Uint8Array(shape[0] * shape[1] * channels);
  for (let y = 0, at = 0; y < shape[0]; y++) {
    const row = clamp(y - top, height) * width;
    for (let x = 0; x < shape[1]; x++) {
      const pixel = (row + clamp(x - left, width)) * channels;
      for (let c = 0; c < channels; c++) to[at++] = from[pixel + c];
    }
  }
  return {
    padded: ndarray(to, shape),
    crop: (flow) => flow.lo(top, left, 0).hi(height, width, 2),
  };
}

function missing(size: number, multiple: number): number {
  return Math.ceil(size / multiple) * multiple - size;
}

function clamp(i: number, size: number): number {
  return Math.min(Math.max(i, 0), size - 1);
}
