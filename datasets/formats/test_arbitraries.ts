/**
 * Random flow fields and pictures of odd sizes, for the property tests of the file formats.
 *
 * @module
 */
import fc from "fast-check";
import { ndarray, type Picture } from "../../base/arrays.ts";
import type { MaskedFlow } from "./masked_flow.ts";

const anySize = fc.constantFrom([1, 1], [1, 3], [3, 1], [17, 3], [5, 9]);

/** Flow with some unknown pixels, which hold (0, 0). */
export function anyFlow(component: fc.Arbitrary<number>): fc.Arbitrary<MaskedFlow> {
  return anySize.chain(([height, width]) => {
    const pixel = fc.option(fc.tuple(component, component));
    return fc.array(pixel, { minLength: height * width, maxLength: height * width })
      .map((pixels) => ({
        flow: ndarray(
          Float32Array.from(pixels.flatMap((p) => p ?? [0, 0])),
          [height, width, 2],
        ),
        valid: ndarray(Uint8Array.from(pixels, (p) => p ? 1 : 0), [height, width]),
      }));
  });
}

/** A picture of any colours. */
export const anyPicture: fc.Arbitrary<Picture> = anySize.chain(([height, width]) => {
  const length = 3 * height * width;
  return fc.uint8Array({ minLength: length, maxLength: length })
    .map((rgb) => ndarray(rgb, [height, width, 3]));
});
