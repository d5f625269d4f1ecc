/**
 * Archives made byte by byte, for tests: sound ones, and those no honest program would write.
 *
 * @module
 */
import { crc32, deflateRawSync } from "node:zlib";

const encode = (text: string) => new TextEncoder().encode(text);

/** Bytes of several pieces in a row. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** An entry of a forged zip archive; what is absent is honest. */
export interface ForgedZipEntry {
  readonly name: string;
  readonly content?: Uint8Array | string;
  /** Unix mode with its kind of file. */
  readonly mode?: number;
  readonly deflate?: boolean;
  /** What the central directory says instead of the truth. */
  readonly central?: {
    name?: string;
    crc?: number;
    bytes?: number;
    packed?: number;
    flags?: number;
  };
  /** What the local header says instead of the truth. */
  readonly local?: { name?: string; crc?: number; bytes?: number };
  /** Points at the data of the first entry instead of its own. */
  readonly sharesFirst?: boolean;
}

/** A zip archive. */
export function forgeZip(entries: readonly ForgedZipEntry[]): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [], directory: Uint8Array[] = [];
  let offset = 0;
  for (
    const { name, content = "", mode, deflate = false, central, local, sharesFirst } of entries
  ) {
    const data = typeof content === "string" ? encode(content) : content;
    const packed = deflate ? new Uint8Array(deflateRawSync(data)) : data;
    const truth = { name, crc: crc32(data), bytes: data.length, packed: packed.length, flags: 0 };
    const inside = { ...truth, ...local }, outside = { ...truth, ...central };
    const common = (about: typeof truth) => {
      const view = new DataView(new ArrayBuffer(26));
      view.setUint16(0, 20, true);
      view.setUint16(2, about.flags, true);
      view.setUint16(4, deflate ? 8 : 0, true);
      view.setUint32(10, about.crc, true);
      view.setUint32(14, about.packed, true);
      view.setUint32(18, about.bytes, true);
      view.setUint16(22, encode(about.name).length, true);
      return new Uint8Array(view.buffer);
    };
    const header = new DataView(new ArrayBuffer(46));
    header.setUint32(0, 0x02014b50, true);
    header.setUint16(4, mode === undefined ? 20 : 0x0314, true);
    const bytes = new Uint8Array(header.buffer);
    bytes.set(common(outside), 6);
    if (mode !== undefined) header.setUint32(38, (mode << 16) >>> 0, true);
    header.setUint32(42, sharesFirst ? 0 : offset, true);
    directory.push(bytes, encode(outside.name));
    if (sharesFirst) continue;
    const start = new Uint8Array([0x50, 0x4b, 3, 4]);
    pieces.push(start, common(inside), encode(inside.name), packed);
    offset += 30 + encode(inside.name).length + packed.length;
  }
  const list = joined(directory);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, list.length, true);
  end.setUint32(16, offset, true);
  return joined([...pieces, list, new Uint8Array(end.buffer)]);
}

/** An entry of a forged tar archive; what is absent is honest. */
export interface ForgedTarEntry {
  readonly name: string;
  readonly content?: Uint8Array | string;
  /** The kind of entry; "0" for a file. */
  readonly kind?: string;
  readonly link?: string;
  /** The size that is stated instead of the true one, as the header holds it. */
  readonly size?: string;
  readonly checksum?: number;
}

/** A tar archive. */
export function forgeTar(entries: readonly ForgedTarEntry[], endMark = true) {
  const pieces: Uint8Array[] = [];
  for (const { name, content = "", kind = "0", link = "", size, checksum } of entries) {
    const data = typeof content === "string" ? encode(content) : content;
    const header = new Uint8Array(512);
    const put = (at: number, text: string) => header.set(encode(text), at);
    put(0, name);
    put(100, "0000644\0");
    put(124, size ?? `${data.length.toString(8).padStart(11, "0")}\0`);
    put(136, "00000000000\0");
    put(148, " ".repeat(8));
    put(156, kind);
    put(157, link);
    put(257, "ustar\x0000");
    const sum = checksum ?? header.reduce((sum, byte) => sum + byte, 0);
    put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
    pieces.push(header, data, new Uint8Array((512 - data.length % 512) % 512));
  }
  return joined([...pieces, ...endMark ? [new Uint8Array(1024)] : []]);
}

/** One record of a PAX header. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}
