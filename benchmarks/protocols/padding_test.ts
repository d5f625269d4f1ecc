import { assertAlmostEquals, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
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
  for (const mode of ["none", "sintel", "kitti", "resize"] as const) {
    assertStrictEquals(pad(picture, mode, 8).padded, picture);
  }
  assertThrows(() => pad(coordinates(8, 15), "none", 8), UsageError, "15x8");
});

Deno.test("restore() undoes pad() for any size, mode and multiple", () => {
  const size = fc.integer({ min: 1, max: 20 });
  const mode = fc.constantFrom("sintel" as const, "kitti" as const);
  fc.assert(fc.property(size, size, mode, fc.constantFrom(1, 4, 8), (h, w, mode, multiple) => {
    const picture = coordinates(h, w);
    const { padded, restore } = pad(picture, mode, multiple);
    const [height, width] = padded.shape;
    assertEquals([height % multiple, width % multiple], [0, 0]);
    const flow = ndarray(new Float32Array(height * width * 2), [height, width, 2]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (const c of [0, 1]) flow.set(y, x, c, padded.get(y, x, c));
      }
    }
    const cropped = restore(flow);
    assertEquals(cropped.shape, [h, w, 2]);
    assertEquals([...packed(cropped)], [...packed(picture.hi(h, w, 2))]);
  }));
});

/** A flow whose vectors are a linear function of the pixel's centre, in pixels of a picture `scale` larger. */
function linear(height: number, width: number, scale: number): FlowField {
  const flow = ndarray(new Float32Array(height * width * 2), [height, width, 2]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      flow.set(y, x, 0, 0.25 * scale * (x + 0.5));
      flow.set(y, x, 1, 0.5 * scale * (y + 0.5));
    }
  }
  return flow;
}

Deno.test("pad() in resize mode stretches to the next multiple, as PWC-Net's code does", () => {
  const blank = (h: number, w: number) => ndarray(new Uint8Array(h * w * 3), [h, w, 3]);
  assertEquals(pad(blank(436, 1024), "resize", 64).padded.shape, [448, 1024, 3]);
  assertEquals(pad(blank(375, 1242), "resize", 64).padded.shape, [384, 1280, 3]);
  const twice = pad(coordinates(1, 4), "resize", 8).padded;
  assertEquals(twice.shape, [8, 8, 3]);
  assertEquals(channel(twice.hi(1, 8, 3), 1), [0, 0, 1, 1, 2, 2, 3, 3]); // rounded from 0.25, 0.75…
});

Deno.test("restore() after resizing scales u and v, each with its own axis", () => {
  const { restore } = pad(coordinates(48, 32), "resize", 64);
  const constant = ndarray(new Float32Array(64 * 64 * 2).fill(4), [64, 64, 2]);
  const back = restore(constant);
  assertEquals(back.shape, [48, 32, 2]);
  assertEquals([back.get(20, 20, 0), back.get(20, 20, 1)], [4 * 32 / 64, 4 * 48 / 64]);
});

Deno.test("restore() interpolates a coarser flow once, whatever the way back", () => {
  // Linear flow survives bilinear interpolation away from the border.
  for (const mode of ["resize", "sintel"] as const) {
    const { restore } = pad(coordinates(60, 40), mode, 64);
    const fine = restore(linear(64, 64, 1)), coarse = restore(linear(16, 16, 4));
    assertEquals(coarse.shape, [60, 40, 2]);
    for (const [y, x] of [[10, 10], [31, 17], [45, 25]]) {
      for (const c of [0, 1]) assertAlmostEquals(coarse.get(y, x, c), fine.get(y, x, c), 1e-4);
    }
  }
  const same = pad(coordinates(64, 64), "none", 64).restore(linear(16, 16, 4));
  assertAlmostEquals(same.get(30, 20, 0), 0.25 * 20.5, 1e-5);
});

Deno.test("restore() refuses a flow that fits no picture of that size", () => {
  const { restore } = pad(coordinates(60, 40), "sintel", 64);
  for (const [h, w] of [[60, 40], [64, 32], [128, 128], [63, 63]]) {
    assertThrows(() => restore(linear(h, w, 1)), TypeError, `${h}x${w}x2`);
  }
});
