/**
 * Unpacking bzip2 as it streams by.
 *
 * The library, libbzip2 as WebAssembly, takes a whole file at once. A bzip2 file is a row of blocks
 * of at most 900 kB that know nothing of each other, each behind the same 48 bits, which may start
 * within a byte. So every block is cut out here and handed over as a file of its own.
 *
 * @module
 */
import Bzip2 from "@foxglove/wasm-bz2";
import { BitBuffer } from "./bit_buffer.ts";

/** The 48 bits before a block, and before the checksum that ends a stream. */
const BLOCK = 0x314159265359, END = 0x177245385090;

/** Times its content that a block may have at most: no code is longer than 20 bits. */
const LONGEST = 3;

/** Times its content that four equal bytes and a count of up to 255 more may stand for. */
const EXPANSION = 52;

/** A bzip2 file that cannot be read. */
export class Bzip2Error extends Error {}

/**
 * Unpacks one or more bzip2 streams in a row, a block at a time.
 *
 * @throws {Bzip2Error} When they are damaged or cut, or when something else follows.
 */
export async function* bunzip2(
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const library = await Bzip2.init();
  const input = new BitBuffer(packed, [BLOCK, END]);
  while (await input.has(1)) yield* readStream(input, library);
}

async function* readStream(input: BitBuffer, library: Bzip2) {
  const level = await readHeader(input);
  for (let checksum = 0;;) {
    if (!await input.has(80)) throw new Bzip2Error("it was cut");
    const mark = input.read(48), stated = input.read(32, 48);
    if (mark === END) {
      if (stated !== checksum) throw new Bzip2Error("its checksum is wrong");
      input.drop(80);
      input.dropToByte();
      return;
    }
    if (mark !== BLOCK) throw new Bzip2Error("a block has no beginning");
    checksum = (checksum << 1 | checksum >>> 31) ^ stated;
    checksum >>>= 0;
    yield await readBlock(input, level, library);
  }
}

/** The size of a stream's blocks, in units of 100 kB. */
async function readHeader(input: BitBuffer): Promise<number> {
  if (!await input.has(32)) throw new Bzip2Error("it was cut");
  const level = input.read(8, 24) - "0".charCodeAt(0);
  const named = input.read(24) === 0x425a68;
  if (!named || level < 1 || level > 9) throw new Bzip2Error("it is no bzip2");
  input.drop(32);
  return level;
}

async function readBlock(input: BitBuffer, level: number, library: Bzip2) {
  const size = level * 100_000;
  for (let end = 80;;) {
    const next = await input.find(end, 8 * LONGEST * size);
    if (next === null) throw new Bzip2Error(input.ended ? "it was cut" : "a block has no end");
    end = next;
    try {
      const bytes = library.decompress(alone(input, end, level), EXPANSION * size);
      input.drop(end);
      return bytes as Uint8Array<ArrayBuffer>;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("BZ2 decompression")) throw error;
      // Once in very many blocks the bits of a mark are content: the end is the next one, then.
      end += 1;
    }
  }
}

/** The block at the front, which has that many bits, as a file of its own. */
function alone(input: BitBuffer, bits: number, level: number): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(4 + Math.ceil((bits + 80) / 8));
  file.set(new TextEncoder().encode(`BZh${level}`));
  input.copy(bits, file.subarray(4));
  // The checksum of a stream with one block is the block's own.
  const ending = END.toString(2).padStart(48, "0") +
    input.read(32, 48).toString(2).padStart(32, "0");
  for (let i = 0; i < 80; i++) {
    const at = 32 + bits + i;
    if (ending[i] === "1") file[at >> 3] |= 128 >> (at & 7);
  }
  return file;
}
