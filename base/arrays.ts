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
  const { data, offset, shape } = view;
  const size = shape.reduce((product, extent) => product * extent, 1);
  const axes = mergedAxes(view);
  if (axes.length < 2 && (axes[0]?.stride ?? 1) === 1) {
    return data.subarray(offset, offset + size) as T;
  }
  const out = new (data.constructor as { new (n: number): T })(size);
  const columns = axes.pop()!;
  const rows = axes.pop() ?? { extent: 1, stride: 0 };
  let planes = [offset];
  for (const { extent, stride } of axes) {
    planes = planes.flatMap((from) => Array.from({ length: extent }, (_, i) => from + i * stride));
  }
  const planeSize = rows.extent * columns.extent;
  for (const [i, from] of planes.entries()) {
    copyPlane(out, i * planeSize, data, from, rows, columns);
  }
  return out;
}

/** An axis of a view: how many elements it has and how far apart they lie. */
interface Axis {
  extent: number;
  stride: number;
}

/**
 * The view's axes without those of one element, neighbours that one step covers made one: a crop of
 * a [height, width, 3] picture has rows of 3 * width elements, a contiguous view a single axis.
 */
function mergedAxes({ shape, stride }: Pick<NdArray, "shape" | "stride">): Axis[] {
  const axes: Axis[] = [];
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const outer = axes.at(-1);
    if (outer?.stride === extent * stride[axis]) {
      outer.extent *= extent;
      outer.stride = stride[axis];
    } else {
      axes.push({ extent, stride: stride[axis] });
    }
  }
  return axes;
}

/** From this many contiguous elements on, one bulk copy is quicker than a loop. */
const BULK = 32;

/** Copies the plane that starts at `data[from]` to `out[at]` and on, row by row. */
function copyPlane<T extends ndarray.TypedArray>(
  out: T,
  at: number,
  data: T,
  from: number,
  rows: Axis,
  { extent, stride }: Axis,
): void {
  const inBulk = stride === 1 && extent >= BULK;
  for (let row = 0; row < rows.extent; row++, at += extent, from += rows.stride) {
    if (inBulk) out.set(data.subarray(from, from + extent), at);
    else for (let i = 0; i < extent; i++) out[at + i] = data[from + i * stride];
  }
}
