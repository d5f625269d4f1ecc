/**
 * JPEG files, decoded by MozJPEG (libjpeg): the same pixels as other libjpeg-based readers give.
 *
 * JPEG has no checksums. A file that is cut short or whose structure is broken is refused, but a
 * changed byte within the coded picture can decode to other colours without a sign of it: only a
 * digest of the file finds that. Colour profiles are not applied.
 *
 * @module
 */
import createDecoder from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import type { Picture } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { checkSize, damaged, guarded } from "./guard.ts";
import { decoderWasm } from "./mozjpeg.js";
import { toPicture } from "./to_picture.ts";

/** What is used of the WebAssembly build of libjpeg. */
interface Decoder {
  /** @param applyOrientation Whether to turn the picture as its EXIF orientation says. */
  decode(bytes: Uint8Array, applyOrientation: boolean): ImageData | null;
}

/** libjpeg's complaints about the file at hand. It warns and goes on where we want to stop. */
const complaints: string[] = [];
let decoder: Promise<Decoder> | null = null;

function newDecoder(): Promise<Decoder> {
  const options = {
    noInitialRun: true,
    instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
      const instance = new WebAssembly.Instance(decoderWasm, imports);
      done(instance);
      return instance.exports;
    },
    printErr: (line: string) => void complaints.push(line),
  };
  return (createDecoder as unknown as (o: typeof options) => Promise<Decoder>)(options);
}

/** Whether bytes start like a JPEG file. */
export function looksLikeJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Decodes a JPEG picture, baseline or progressive, grey or colour. An EXIF orientation is applied.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @returns Shape [height, width, 3]; grey is repeated in all three channels.
 * @throws {DataError} On another format, CMYK, samples of other than 8 bits, an impossible size, and
 * anything that libjpeg so much as warns about, a cut-off end above all.
 */
export async function decodeJpeg(bytes: Uint8Array, path: string): Promise<Picture> {
  if (!looksLikeJpeg(bytes)) throw new DataError(path, "not a JPEG file");
  checkHeader(bytes, path);
  const { decode } = await (decoder ??= newDecoder());
  complaints.length = 0;
  return guarded(path, "JPEG", () => {
    let image: ImageData | null;
    try {
      image = decode(bytes, true);
    } catch (error) {
      // An instance that stopped in the middle of a picture is not used again.
      decoder = null;
      throw complaints.length > 0 ? new Error(complaints.join("; ")) : error;
    }
    if (complaints.length > 0 || !image) throw new Error(complaints.join("; ") || "no picture");
    const { data, width, height } = image;
    return toPicture(new Uint8Array(data.buffer, 0, data.length), height, width, 4);
  });
}

/** Finds the frame header and refuses what is not to be decoded. */
function checkHeader(bytes: Uint8Array, path: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 10 <= bytes.length;) {
    if (bytes[at] !== 0xff) throw damaged(path, `damaged JPEG (no marker at byte ${at})`);
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
    } else if (isFrameHeader(marker)) {
      const precision = bytes[at + 4], components = bytes[at + 9];
      checkSize(path, view.getUint16(at + 7), view.getUint16(at + 5));
      if (precision !== 8 || (components !== 1 && components !== 3)) {
        throw new DataError(
          path,
          `JPEG with ${components} components of ${precision} bits`,
          "Convert it to 8-bit grey or RGB.",
        );
      }
      return;
    } else {
      at += 2 + view.getUint16(at + 2);
    }
  }
  throw damaged(path, "the JPEG is cut short");
}

/** SOF0 to SOF15; the three codes in between are tables and extensions. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
