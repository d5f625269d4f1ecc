/**
 * Host-side arrays: `ndarray` views with the shapes this project passes around.
 *
 * A view shares its data: cropping (`lo`, `hi`), flipping and striding (`step`) copy nothing.
 *
 * @module
 */
// @ts-types="npm:@types/ndarray@1.1.0"
import ndarray from "ndarray";

export { ndarray };

/** An n-dimensional view of a typed array. */
export type NdArray<T extends ndarray.Data<number> = Float32Array> = ndarray.NdArray<T>;

/** RGB picture, shape [height, width, 3], values 0…255. */
export type Picture = NdArray<Uint8Array>;

/** Optical flow, shape [height, width, 2] as (u, v) in pixels, from picture 1 to picture 2. */
export type FlowField = NdArray<Float32Array>;

/** Per-pixel flags or small labels, shape [height, width]. For masks 1 is true and 0 is false. */
export type Mask = NdArray<Uint8Array>;

/** The view's elements in row-major order: the data itself where it already is, else a copy. */
export function packed<T extends ndarray.TypedArray>(view: NdArray<T>): T {
  const { data, shape, stride, offset } = view;
  let expected = 1, contiguous = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== expected) contiguous = false;
    expected *= shape[axis];
  }
  if (contiguous) return data.subarray(offset, offset + expected) as T;
  const out = new (data.constructor as { new (n: number): T })(expected);
  const index = new Array(shape.length).fill(0);
  const last = shape.length - 1;
  let at = offset;
  for (let i = 0; i < expected; i++) {
    out[i] = data[at];
    for (let axis = last; axis >= 0; axis--) {
      at += stride[axis];
      if (++index[axis] < shape[axis]) break;
      at -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
