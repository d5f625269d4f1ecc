/**
 * Reading tar archives as they stream by: ustar with PAX and GNU long names, and nothing else.
 *
 * Libraries for tar pass links, devices and formats they do not know on as files. Here every header
 * must have the right checksum, and every kind of entry that is no plain file or folder is an error.
 *
 * @module
 */

/** An entry of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly isFile: boolean;
  readonly bytes: number;
}

/** What takes an archive's content, entry by entry. */
export interface TarSink {
  /** Hears of an entry before its bytes come. */
  begin(entry: TarEntry): Promise<void>;
  /** Takes bytes of the entry. */
  write(bytes: Uint8Array): Promise<void>;
  /** The entry is complete. */
  end(): Promise<void>;
}

const BLOCK = 512;

/** Bytes an extended header may have; names are far shorter. */
const LONGEST_EXTENSION = 64 * 1024;

const KINDS: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "6": "a FIFO",
  "S": "a sparse file",
  "M": "the rest of a file on another tape",
};

/** What extended headers say about the next entry. */
interface Extension {
  name?: string;
  bytes?: number;
}

/** A tar archive that cannot be read, with the entry it happened at. */
export class TarError extends Error {
  /** @param entry Name of the entry; null where it is the archive's own fault. */
  constructor(readonly entry: string | null, reason: string) {
    super(reason);
  }
}

/**
 * Reads an archive to its end.
 *
 * @throws {TarError} When it is damaged, cut, or holds something else than files and folders.
 */
export async function readTar(stream: AsyncIterable<Uint8Array>, sink: TarSink): Promise<void> {
  const input = new Input(stream);
  let extension: Extension = {};
  for (;;) {
    const block = await input.take(BLOCK);
    if (block === null) throw new TarError(null, "it ends without an end mark: it was cut");
    if (block.every((byte) => byte === 0)) break;
    const header = readHeader(block);
    if (header.kind === "g") {
      await readPayload(input, header);
    } else if (header.kind === "x") {
      extension = { ...extension, ...readPax(await readPayload(input, header), header.name) };
    } else if (header.kind === "L") {
      extension.name = text(await readPayload(input, header)).replace(/\0+$/, "");
    } else {
      await readEntry(input, sink, header, extension);
      extension = {};
    }
  }
  await input.drain();
}

interface Header {
  readonly name: string;
  readonly bytes: number;
  readonly kind: string;
}

async function readEntry(
  input: Input,
  sink: TarSink,
  header: Header,
  extension: Extension,
): Promise<void> {
  const name = extension.name ?? header.name;
  const isFile = header.kind === "0" || header.kind === "\0" || header.kind === "7";
  if (!isFile && header.kind !== "5") {
    throw new TarError(name, `it is ${KINDS[header.kind] ?? "of an unknown kind"}`);
  }
  const bytes = extension.bytes ?? header.bytes;
  if (!isFile && bytes > 0) throw new TarError(name, "it is a folder with content");
  // Before POSIX, a file whose name ends in a slash was a folder.
  const folder = !isFile || (header.kind === "\0" && name.endsWith("/"));
  await sink.begin({ name, isFile: !folder, bytes });
  for (let left = bytes; left > 0;) {
    const piece = await input.some(left);
    if (piece === null) throw new TarError(name, `it was cut ${left} bytes before its end`);
    left -= piece.length;
    await sink.write(piece);
  }
  await skipPadding(input, bytes, name);
  await sink.end();
}

function readHeader(block: Uint8Array): Header {
  const field = (from: number, length: number) => block.subarray(from, from + length);
  const stated = octal(field(148, 8));
  let sum = 8 * 32;
  for (const [i, byte] of block.entries()) if (i < 148 || i >= 156) sum += byte;
  if (stated !== sum) throw new TarError(null, "the checksum of a header is wrong");
  const bytes = number(field(124, 12));
  const name = untilNul(field(0, 100));
  if (bytes === null) throw new TarError(name, "its size is no number");
  // GNU writes other fields where POSIX has the name's first part.
  const posix = untilNul(field(257, 8)) === "ustar";
  const prefix = posix ? untilNul(field(345, 155)) : "";
  const kind = String.fromCharCode(block[156]);
  return { name: prefix === "" ? name : `${prefix}/${name}`, bytes, kind };
}

async function readPayload(input: Input, { name, bytes }: Header): Promise<Uint8Array> {
  if (bytes > LONGEST_EXTENSION) throw new TarError(name, `its extended header has ${bytes} bytes`);
  const payload = await input.take(bytes);
  if (payload === null) throw new TarError(name, "its extended header was cut");
  await skipPadding(input, bytes, name);
  return payload;
}

async function skipPadding(input: Input, bytes: number, name: string): Promise<void> {
  const padding = (BLOCK - bytes % BLOCK) % BLOCK;
  if (await input.take(padding) === null) throw new TarError(name, "it was cut at its end");
}

/** Records `<length> <key>=<value>\n`. */
function readPax(payload: Uint8Array, name: string): Extension {
  const extension: Extension = {};
  for (let at = 0; at < payload.length;) {
    const space = payload.indexOf(32, at);
    const length = space < 0 ? NaN : Number(text(payload.subarray(at, space)));
    const record = text(payload.subarray(space + 1, at + length - 1));
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(record) ?? [];
    const complete = Number.isSafeInteger(length) && at + length <= payload.length &&
      payload[at + length - 1] === 10;
    if (!complete || key === undefined) throw new TarError(name, "its extended header is damaged");
    if (key === "path") extension.name = value;
    if (key === "size") {
      if (!/^\d{1,15}$/.test(value)) throw new TarError(name, "its size is no number");
      extension.bytes = Number(value);
    }
    if (key.startsWith("GNU.sparse.")) throw new TarError(name, "it is a sparse file");
    at += length;
  }
  return extension;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return text(end < 0 ? bytes : bytes.subarray(0, end));
}

function octal(bytes: Uint8Array): number | null {
  const digits = untilNul(bytes).trim();
  return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : digits === "" ? 0 : null;
}

/** A number in octal, or in GNU's binary form for what octal has no room for. */
function number(bytes: Uint8Array): number | null {
  if (bytes[0] !== 0x80) return octal(bytes);
  const value = bytes.subarray(1).reduce((sum, byte) => 256 * sum + byte, 0);
  return Number.isSafeInteger(value) ? value : null;
}

/** Takes bytes off a stream in the amounts that are asked for. */
class Input {
  private readonly source: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.source = stream[Symbol.asyncIterator]();
  }

  /** Between 1 and `most` bytes; null at the end. */
  async some(most: number): Promise<Uint8Array | null> {
    while (this.rest.length === 0) {
      const { done, value } = await this.source.next();
      if (done) return null;
      this.rest = value;
    }
    const piece = this.rest.subarray(0, most);
    this.rest = this.rest.subarray(piece.length);
    return piece;
  }

  /** Exactly that many bytes; null where the stream ends before. */
  async take(bytes: number): Promise<Uint8Array | null> {
    const taken = new Uint8Array(bytes);
    for (let at = 0; at < bytes;) {
      const piece = await this.some(bytes - at);
      if (piece === null) return null;
      taken.set(piece, at);
      at += piece.length;
    }
    return taken;
  }

  /** Reads to the end, where checksums of what packs the archive are. */
  async drain(): Promise<void> {
    while (await this.some(BLOCK * 128) !== null);
  }
}
