import { assertEquals, assertRejects } from "@std/assert";
import { crc32 } from "node:zlib";
import { packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { decodeJpeg } from "./jpeg.ts";

/** A gradient, 14 columns by 11 rows, 4:2:0, written by Pillow 9.4. */
const gradient = Uint8Array.fromBase64(
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQa" +
    "FRERGCEYGh0dHx8fExciJCIeJBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e" +
    "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh7/wAARCAALAA4DASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAA" +
    "Bgf/xAAfEAAABQQDAAAAAAAAAAAAAAAAAgQFIwYTM6EhMTL/xAAVAQEBAAAAAAAAAAAAAAAAAAAEBf/EABsRAAAH" +
    "AQAAAAAAAAAAAAAAAAABBAYHEjFx/9oADAMBAAIRAxEAPwACy0J5h0GjXQkeHQpbKiS8QEDRqRJbeAnQiveRVtj0" +
    "Ajx5KaFwf//Z",
);

/** CRC-32 of the RGB bytes that Pillow 9.4 (libjpeg) decodes from it. */
const pillow = 2320436269;

/** The gradient with an EXIF segment that holds nothing but an orientation. */
function oriented(orientation: number): Uint8Array<ArrayBuffer> {
  const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, ...entry, 0, 0, 0, 0];
  const payload = [...new TextEncoder().encode("Exif\0\0"), ...tiff];
  const segment = [0xff, 0xe1, 0, payload.length + 2, ...payload];
  return Uint8Array.of(...gradient.subarray(0, 2), ...segment, ...gradient.subarray(2));
}

Deno.test("decodeJpeg() gives libjpeg's pixels exactly", async () => {
  const picture = await decodeJpeg(gradient, "f");
  assertEquals(picture.shape, [11, 14, 3]);
  assertEquals(crc32(packed(picture)), pillow);
});

Deno.test("decodeJpeg() turns the picture as EXIF says", async () => {
  const plain = await decodeJpeg(gradient, "f");
  const turned = [
    plain,
    plain.step(1, -1),
    plain.step(-1, -1),
    plain.step(-1, 1),
    plain.transpose(1, 0, 2),
    plain.step(-1, 1).transpose(1, 0, 2),
    plain.step(-1, -1).transpose(1, 0, 2),
    plain.step(1, -1).transpose(1, 0, 2),
  ];
  for (const [i, expected] of turned.entries()) {
    const picture = await decodeJpeg(oriented(i + 1), "f");
    assertEquals(picture.shape, expected.shape);
    assertEquals(packed(picture), packed(expected));
  }
});

Deno.test("decodeJpeg() refuses every cut, and reads on afterwards", async () => {
  for (let length = 0; length < gradient.length; length++) {
    await assertRejects(() => decodeJpeg(gradient.subarray(0, length), "cut.jpg"), DataError);
  }
  assertEquals(crc32(packed(await decodeJpeg(gradient, "f"))), pillow);
});

Deno.test("decodeJpeg() gives a picture or a DataError whichever byte is changed", async () => {
  for (let at = 0; at < gradient.length; at++) {
    try {
      await decodeJpeg(gradient.with(at, gradient[at] ^ 0x55), "f");
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
  assertEquals(crc32(packed(await decodeJpeg(gradient, "f"))), pillow);
});

Deno.test("decodeJpeg() says what it does not read", async () => {
  const frame = gradient.findIndex((byte, i) => byte === 0xff && gradient[i + 1] === 0xc0);
  const cases: [Uint8Array, string][] = [
    [Uint8Array.of(0, 1, 2, 3), "not a JPEG file"],
    [gradient.with(frame + 9, 4), "4 components of 8 bits"],
    [gradient.with(frame + 4, 12), "3 components of 12 bits"],
    [gradient.with(frame + 5, 0xff), "14x65291 pixels"],
    [gradient.with(frame + 6, 0), "14x0 pixels"],
    [gradient.with(frame, 0), "no marker at byte"],
    [gradient.subarray(0, -2), "Premature end of JPEG file"],
  ];
  for (const [bytes, reason] of cases) {
    await assertRejects(() => decodeJpeg(bytes, "f"), DataError, reason);
  }
});
