/**
 * PNG files: every decode passes through {@link decodePng}.
 *
 * fast-png undoes the row filters. Left alone it would also accept files with wrong checksums, fill
 * missing rows with zeros and inflate without a limit, so chunks, checksums and the length of the
 * pixel stream are checked here first, and it sees only the chunks that make the picture.
 * Source: PNG specification, third edition (W3C).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32, inflateSync } from "node:zlib";
import { decode, encode } from "fast-png";
import { packed, type Picture } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { checkSize, damaged, guarded } from "./guard.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PICTURE_CHUNKS = ["IHDR", "PLTE", "IDAT", "IEND"];

/** Samples a pixel and bit depths of each colour type. */
const COLOUR_TYPES: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};
const PALETTE = 3;

/** First column and row and their steps in each pass of Adam7 interlacing. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** A decoded PNG, as stored: palette indices stay indices, 1-bit grey stays 0 and 1. */
export interface PngImage {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 1 (grey or palette index), 2 (grey, alpha), 3 (RGB) or 4 (RGBA). */
  readonly channels: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  /** Row-major interleaved samples, 0…2^depth-1; 16 bits wide where `depth` is 16. */
  readonly samples: Uint8Array | Uint16Array;
  /** RGB triples, where the samples are indices into them. */
  readonly palette: Uint8Array | null;
}

/** Whether bytes start with the PNG signature. */
export function looksLikePng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Decodes a PNG of any colour type and depth.
 *
 * @param bytes The whole file.
 * @param path Named in errors.
 * @throws {DataError} On a wrong checksum, missing or extra bytes, an impossible size, an invalid
 * header, and interlacing below 8 bits (which fast-png misreads).
 */
export function decodePng(bytes: Uint8Array, path: string): PngImage {
  if (!looksLikePng(bytes)) throw new DataError(path, "not a PNG file");
  const chunks = readChunks(bytes, path);
  const header = readHeader(chunks[0].data, path);
  const { width, height, depth, channels, indexed } = header;
  const palette = chunks.find((chunk) => chunk.type === "PLTE")?.data;
  if (indexed && !palette) throw damaged(path, "its palette is missing");
  const expected = streamBytes(header);
  const data = guarded(path, "PNG", () => {
    const stream = Buffer.concat(chunks.filter((c) => c.type === "IDAT").map((c) => c.data));
    const found = inflateSync(stream, { maxOutputLength: expected + 1 }).length;
    if (found !== expected) throw damaged(path, `its pixels take ${found} bytes, not ${expected}`);
    return decode(Buffer.concat([SIGNATURE, ...chunks.map((chunk) => chunk.whole)])).data;
  }) as Uint8Array | Uint16Array;
  const samples = depth < 8 ? unpackBits(data, width, height, depth) : data;
  return { width, height, channels, depth, samples, palette: indexed ? palette! : null };
}

/**
 * Encodes a picture, shape [height, width, 3], as 8-bit RGB.
 *
 * The same picture always gives the same bytes.
 */
export function encodePng(picture: Picture): Uint8Array {
  const [height, width] = picture.shape;
  return encode({ width, height, data: packed(picture), channels: 3, depth: 8 });
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Length, type, data and checksum. */
  readonly whole: Uint8Array;
}

/** The chunks that make the picture, in order; checks the checksums of all. */
function readChunks(bytes: Uint8Array, path: string): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length, type = ""; type !== "IEND";) {
    if (at + 12 > bytes.length) throw damaged(path, "the PNG is cut short");
    const length = view.getUint32(at), end = at + 12 + length;
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (end > bytes.length) throw damaged(path, "the PNG is cut short");
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw damaged(path, `wrong checksum in the chunk at byte ${at}`);
    }
    if (PICTURE_CHUNKS.includes(type)) {
      chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    } else if (/^[A-Z]/.test(type)) {
      throw new DataError(path, `PNG with an unknown critical chunk ${type}`);
    }
    if (type === "IEND" && end !== bytes.length) {
      throw damaged(path, `${bytes.length - end} bytes follow the end of the PNG`);
    }
    at = end;
  }
  if (chunks.findLastIndex((chunk) => chunk.type === "IHDR") !== 0) {
    throw damaged(path, "the PNG has no valid header");
  }
  return chunks;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
  readonly indexed: boolean;
  readonly interlaced: boolean;
}

function readHeader(data: Uint8Array, path: string): Header {
  if (data.length !== 13) throw damaged(path, "the PNG has no valid header");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const width = view.getUint32(0), height = view.getUint32(4);
  const [depth, colourType, compression, filter, interlace] = data.subarray(8);
  const channels = COLOUR_TYPES[colourType]?.channels;
  if (!COLOUR_TYPES[colourType]?.depths.includes(depth) || compression || filter || interlace > 1) {
    throw damaged(path, "the PNG has no valid header");
  }
  checkSize(path, width, height);
  if (interlace && depth < 8) {
    throw new DataError(path, `interlaced ${depth}-bit PNG`, "Save it without interlacing.");
  }
  const indexed = colourType === PALETTE;
  return { width, height, depth, channels, indexed, interlaced: interlace === 1 };
}

/** Bytes of the inflated pixel stream: each row of each pass with its filter byte. */
function streamBytes({ width, height, depth, channels, interlaced }: Header): number {
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1]];
  return passes.reduce((sum, [x, y, dx, dy]) => {
    const columns = Math.ceil((width - x) / dx), rows = Math.ceil((height - y) / dy);
    if (columns <= 0 || rows <= 0) return sum;
    return sum + rows * (1 + Math.ceil(columns * channels * depth / 8));
  }, 0);
}

/** One sample an element, out of rows that start on a byte and hold the high bits first. */
function unpackBits(
  rows: ArrayLike<number>,
  width: number,
  height: number,
  depth: number,
): Uint8Array {
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil(width * depth / 8), largest = 2 ** depth - 1;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const bit = x * depth;
      const byte = rows[y * rowBytes + (bit >> 3)];
      samples[i] = (byte >> (8 - depth - (bit & 7))) & largest;
    }
  }
  return samples;
}
