/**
 * Mirroring arrays of shape [height, width, …], and flow with them.
 *
 * @module
 */
import { type FlowField, type NdArray, ndarray } from "../../base/arrays.ts";

/** `horizontal` swaps left and right, `vertical` swaps top and bottom. */
export type Flip = "horizontal" | "vertical";

/** The mirrored picture or mask: a view of the same data. */
export function flip<T extends Uint8Array | Float32Array>(
  view: NdArray<T>,
  direction: Flip,
): NdArray<T> {
  return direction === "horizontal" ? view.step(1, -1) : view.step(-1);
}

/** The mirrored flow: vectors change places, and their u (horizontal) or v (vertical) its sign. */
export function flipFlow(flow: FlowField, direction: Flip): FlowField {
  const [height, width] = flow.shape;
  const { data, stride, offset } = flip(flow, direction);
  const signU = direction === "horizontal" ? -1 : 1, signV = -signU;
  const out = new Float32Array(2 * height * width);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = offset + y * stride[0]; x < width; x++, from += stride[1]) {
      out[to++] = signU * data[from];
      out[to++] = signV * data[from + stride[2]];
    }
  }
  return ndarray(out, [height, width, 2]);
}
