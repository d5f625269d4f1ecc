import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ndarray, packed, type Picture } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import { pad } from "./padding.ts";

/** A picture whose red is its row, green its column and blue 7. */
function coordinates(height: number, width: number): Picture {
  const picture = ndarray(new Uint8Array(height * width * 3), [height, width, 3]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      picture.set(y, x, 0, y);
      picture.set(y, x, 1, x);
      picture.set(y, x, 2, 7);
    }
  }
  return picture;
}

const channel = (picture: Picture, c: number) => [...packed(picture.pick(null, null, c))];

Deno.test("pad() in sintel mode puts the smaller half at the top and left", () => {
  const { padded } = pad(coordinates(1, 5), "sintel", 4);
  assertEquals(padded.shape, [4, 8, 3]);
  assertEquals(channel(padded.hi(1, 8, 3), 1), [0, 0, 1, 2, 3, 4, 4, 4]);
  const tall = pad(coordinates(5, 4), "sintel", 4).padded;
  assertEquals(channel(tall.hi(8, 1, 3), 0), [0, 0, 1, 2, 3, 4, 4, 4]);
});

Deno.test("pad() in kitti mode puts all added rows at the bottom, and splits the columns", () => {
  const { padded } = pad(coordinates(5, 5), "kitti", 4);
  assertEquals(channel(padded.hi(8, 1, 3), 0), [0, 1, 2, 3, 4, 4, 4, 4]);
  assertEquals(channel(padded.hi(1, 8, 3), 1), [0, 0, 1, 2, 3, 4, 4, 4]);
});

Deno.test("pad() brings Sintel's and KITTI's frames to the sizes RAFT's code gives", () => {
  const blank = (h: number, w: number) => ndarray(new Uint8Array(h * w * 3), [h, w, 3]);
  assertEquals(pad(blank(436, 1024), "sintel", 8).padded.shape, [440, 1024, 3]);
  assertEquals(pad(blank(375, 1242), "kitti", 8).padded.shape, [376, 1248, 3]);
});

Deno.test("pad() hands back a picture that fits, in any mode", () => {
  const picture = coordinates(8, 16);
  for (const mode of ["none", "sintel", "kitti"] as const) {
    assertStrictEquals(pad(picture, mode, 8).padded, picture);
  }
  assertThrows(() => pad(coordinates(8, 15), "none", 8), UsageError, "15x8");
});

Deno.test("crop() undoes pad() for any size, mode and multiple", () => {
  const size = fc.integer({ min: 1, max: 20 });
  const mode = fc.constantFrom("sintel" as const, "kitti" as const);
  fc.assert(fc.property(size, size, mode, fc.constantFrom(1, 4, 8), (h, w, mode, multiple) => {
    const picture = coordinates(h, w);
    const { padded, crop } = pad(picture, mode, multiple);
    const [height, width] = padded.shape;
    assertEquals([height % multiple, width % multiple], [0, 0]);
    const flow = ndarray(new Float32Array(height * width * 2), [height, width, 2]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (const c of [0, 1]) flow.set(y, x, c, padded.get(y, x, c));
      }
    }
    const cropped = crop(flow);
    assertEquals(cropped.shape, [h, w, 2]);
    assertEquals([...packed(cropped)], [...packed(picture.hi(h, w, 2))]);
  }));
});
