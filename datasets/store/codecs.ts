/**
 * The codecs of a store's chunks: little-endian bytes, zstd, and a crc32c around it all.
 *
 * Importing this module replaces zarrita's own `zstd` and `crc32c`: those write no checksums,
 * check none, and let a truncated frame pass as a shorter one.
 *
 * @module
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import * as zarr from "zarr";
import { crc32c } from "./crc32c.ts";
import { chunkBytes, type DType, type TypedArray } from "./layout.ts";

const LEVEL = 3;

/** Codec metadata of every array, in the order they encode (names per the Zarr v3 codec registry). */
export const CODECS: { name: string; configuration: Record<string, unknown> }[] = [
  { name: "bytes", configuration: { endian: "little" } },
  { name: "zstd", configuration: { level: LEVEL, checksum: true } },
  { name: "crc32c", configuration: {} },
];

/** Bytes a checksum adds at the end of a chunk file. */
const CHECKSUM_BYTES = 4;

/** A chunk's elements as its file holds them (every platform Deno runs on is little-endian). */
export function encodeChunk(data: TypedArray): Uint8Array<ArrayBuffer> {
  return withChecksum(compress(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

/** The crc32c a chunk file of at least four bytes ends with; what the completion record lists. */
export function storedChecksum(file: Uint8Array): number {
  return new DataView(file.buffer, file.byteOffset, file.length)
    .getUint32(file.length - CHECKSUM_BYTES, true);
}

function compress(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, {
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}

/** Never yields more or fewer than `size` bytes: Node's zstd takes a truncated frame for a whole one. */
function decompress(frame: Uint8Array, size: number): Uint8Array {
  let bytes;
  try {
    bytes = zstdDecompressSync(frame, { maxOutputLength: size });
  } catch (error) {
    throw new Error(
      `its zstd frame is damaged (${error instanceof Error ? error.message : error})`,
    );
  }
  if (bytes.length !== size) {
    throw new Error(`it unpacks to ${bytes.length} bytes where ${size} belong`);
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, size);
}

function withChecksum(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(bytes.length + CHECKSUM_BYTES);
  file.set(bytes);
  new DataView(file.buffer).setUint32(bytes.length, crc32c(bytes), true);
  return file;
}

function withoutChecksum(file: Uint8Array): Uint8Array {
  const bytes = file.subarray(0, file.length - CHECKSUM_BYTES);
  if (crc32c(bytes) !== storedChecksum(file)) throw new Error("its crc32c checksum does not match");
  return bytes;
}

zarr.registry.set("zstd", () =>
  Promise.resolve({
    fromConfig: (_configuration, { dataType, shape }) => ({
      kind: "bytes_to_bytes",
      encode: compress,
      decode: (frame: Uint8Array) => decompress(frame, chunkBytes(dataType as DType, shape)),
    }),
  }));

zarr.registry.set("crc32c", () =>
  Promise.resolve({
    fromConfig: () => ({
      kind: "bytes_to_bytes",
      encode: withChecksum,
      decode: withoutChecksum,
    }),
  }));
