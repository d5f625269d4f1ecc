/**
 * Binary PPM (P6, RGB) and PGM (P5, grey) pictures of 8 bits a sample, as FlyingChairs uses them.
 *
 * Source: the Netpbm manual, "ppm" and "pgm".
 *
 * @module
 */
import { packed, type Picture } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { checkSize, damaged, readBytes } from "./guard.ts";
import { netpbmHeader, wholeNumber } from "./netpbm_header.ts";
import { toPicture } from "./to_picture.ts";

/** Whether bytes start like a binary PPM or PGM file. */
export function looksLikePpm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && (bytes[1] === 0x35 || bytes[1] === 0x36);
}

/**
 * Decodes a PPM or PGM picture.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @returns Shape [height, width, 3]; grey is repeated in all three channels.
 * @throws {DataError} On another format, a largest value other than 255 (16-bit files included), an
 * impossible size, and missing or extra bytes.
 */
export function decodePpm(bytes: Uint8Array, path: string): Picture {
  if (!looksLikePpm(bytes)) throw new DataError(path, "not a binary PPM or PGM picture");
  const { fields: [magic, ...numbers], dataAt } = netpbmHeader(bytes, 4, path);
  if (magic.length !== 2) throw damaged(path, "its magic number runs into the header");
  const names = ["width", "height", "largest value"];
  const [width, height, largest] = numbers.map((field, i) => wholeNumber(field, names[i], path));
  if (largest !== 255) {
    const depth = largest > 255 ? "16-bit samples" : "unusual samples";
    throw new DataError(
      path,
      `${depth} (largest value ${largest}); only 255 is read`,
      "Convert it to 8 bits a sample.",
    );
  }
  checkSize(path, width, height);
  const channels = magic === "P6" ? 3 : 1;
  const expected = dataAt + channels * width * height;
  if (bytes.length !== expected) {
    throw damaged(path, `${bytes.length} bytes, but ${width}x${height} ${magic} takes ${expected}`);
  }
  return toPicture(bytes.slice(dataAt), height, width, channels);
}

/** Encodes a picture, shape [height, width, 3], as P6. */
export function encodePpm(picture: Picture): Uint8Array {
  const [height, width] = picture.shape;
  const header = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
  const pixels = packed(picture);
  const bytes = new Uint8Array(header.length + pixels.length);
  bytes.set(header);
  bytes.set(pixels, header.length);
  return bytes;
}

/**
 * Reads a PPM or PGM picture; see {@link decodePpm}.
 *
 * @throws {DataError} When the file is missing, damaged or of a kind that is not read.
 */
export async function readPpm(path: string): Promise<Picture> {
  return decodePpm(await readBytes(path), path);
}

/** Writes a picture, shape [height, width, 3], as P6, whole or not at all. */
export async function writePpm(path: string, picture: Picture): Promise<void> {
  await writeFileAtomic(path, encodePpm(picture));
}
