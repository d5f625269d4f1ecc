/**
 * Pictures and label maps by what a file holds, whatever its name ends in.
 *
 * @module
 */
import { type Mask, ndarray, type Picture } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { damaged, readBytes } from "./guard.ts";
import { decodeJpeg, looksLikeJpeg } from "./jpeg.ts";
import { decodePng, encodePng, looksLikePng, type PngImage } from "./png.ts";
import { decodePpm, looksLikePpm } from "./ppm.ts";
import { toPicture } from "./to_picture.ts";

/**
 * Decodes a PNG, JPEG, PPM or PGM picture.
 *
 * Grey is repeated in all three channels, palettes are looked up, fewer than 8 bits are stretched to
 * 0…255, transparency is dropped, an EXIF orientation of a JPEG is applied, and neither gamma nor
 * colour profiles are.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @returns Shape [height, width, 3], values 0…255.
 * @throws {DataError} On any other format, 16-bit samples, and a damaged or cut file.
 */
export async function decodePicture(bytes: Uint8Array, path: string): Promise<Picture> {
  if (bytes.length === 0) throw damaged(path, "it is empty");
  if (looksLikePng(bytes)) return pictureOfPng(decodePng(bytes, path), path);
  if (looksLikeJpeg(bytes)) return await decodeJpeg(bytes, path);
  if (looksLikePpm(bytes)) return decodePpm(bytes, path);
  throw new DataError(path, "not a PNG, JPEG or PPM picture", "Convert it to PNG.");
}

/**
 * Reads a picture; see {@link decodePicture}.
 *
 * @throws {DataError} When the file is missing, damaged or of a kind that is not read.
 */
export async function readPicture(path: string): Promise<Picture> {
  return await decodePicture(await readBytes(path), path);
}

/** Writes a picture, shape [height, width, 3], as 8-bit RGB PNG, whole or not at all. */
export async function writePng(path: string, picture: Picture): Promise<void> {
  await writeFileAtomic(path, encodePng(picture));
}

/**
 * Decodes labels from a one-channel PNG: the numbers in the file, which are palette indices where it
 * has a palette. A 1-bit mask gives 0 and 1; an 8-bit one gives what is stored, often 0 and 255.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @returns Shape [height, width].
 * @throws {DataError} On colour, alpha or 16 bits, and on a damaged or cut file.
 */
export function decodeMaskPng(bytes: Uint8Array, path: string): Mask {
  const { width, height, channels, depth, samples } = decodePng(bytes, path);
  if (channels !== 1 || samples instanceof Uint16Array) {
    throw new DataError(
      path,
      `a PNG with ${channels} channels of ${depth} bits is no label map`,
      "Labels are grey or palette PNGs of at most 8 bits.",
    );
  }
  return ndarray(samples, [height, width]);
}

/**
 * Reads labels from a PNG; see {@link decodeMaskPng}.
 *
 * @throws {DataError} When the file is missing, damaged or no label map.
 */
export async function readMaskPng(path: string): Promise<Mask> {
  return decodeMaskPng(await readBytes(path), path);
}

function pictureOfPng(png: PngImage, path: string): Picture {
  const { width, height, channels, depth, samples, palette } = png;
  if (samples instanceof Uint16Array) {
    throw new DataError(path, "16-bit PNG, but pictures have 8 bits", "Convert it to 8 bits.");
  }
  if (palette) return toPicture(lookUp(samples, palette, path), height, width, 3);
  const stretch = 255 / (2 ** depth - 1);
  const stretched = stretch === 1 ? samples : samples.map((sample) => sample * stretch);
  return toPicture(stretched, height, width, channels);
}

function lookUp(indices: Uint8Array, palette: Uint8Array, path: string): Uint8Array {
  const rgb = new Uint8Array(3 * indices.length);
  for (let i = 0; i < indices.length; i++) {
    const entry = 3 * indices[i];
    if (entry >= palette.length) {
      throw damaged(path, `colour ${indices[i]} is not in its palette of ${palette.length / 3}`);
    }
    rgb.set(palette.subarray(entry, entry + 3), 3 * i);
  }
  return rgb;
}
