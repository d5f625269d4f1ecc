/**
 * Reading bytes at a place: from a file without loading it whole, or from memory.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";

/** Bytes that can be read anywhere. */
export interface ByteSource {
  /** The file the bytes are from, for messages. */
  readonly path: string;
  /** Bytes in all. */
  readonly size: number;
  /**
   * Bytes `offset` to `offset + length - 1`; possibly shared memory, so not to be written to.
   *
   * @throws {DataError} When they reach beyond the end. Nothing is allocated before that is known.
   */
  read(offset: number, length: number): Uint8Array;
}

/** What to do about a damaged file. */
export const FETCH_AGAIN = "Fetch or copy the file again.";

function checkRange(source: ByteSource, offset: number, length: number): void {
  if (length <= source.size - offset) return;
  const reason = `it ends early: ${length} bytes wanted at byte ${offset} of ${source.size}`;
  throw new DataError(source.path, reason, FETCH_AGAIN);
}

/** Bytes in memory. */
export function bytesSource(path: string, bytes: Uint8Array): ByteSource {
  return {
    path,
    size: bytes.length,
    read(offset, length) {
      checkRange(this, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** An open file; close it with `using`. */
export class FileSource implements ByteSource, Disposable {
  private constructor(
    readonly path: string,
    readonly size: number,
    private readonly file: Deno.FsFile,
  ) {}

  /**
   * Opens a file.
   *
   * @throws {DataError} When it is absent, unreadable or a folder.
   */
  static open(path: string): FileSource {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        throw new DataError(path, "there is no such file", "Check the path.");
      }
      throw new DataError(path, `it cannot be opened (${(error as Error).message})`);
    }
    const { isFile, size } = file.statSync();
    if (isFile) return new FileSource(path, size, file);
    file.close();
    throw new DataError(path, "it is not a file", "Name the weights file itself.");
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    this.file.seekSync(offset, Deno.SeekMode.Start);
    for (let at = 0; at < length;) {
      const count = this.file.readSync(bytes.subarray(at));
      if (count === null) throw new DataError(this.path, "it shrank while being read");
      at += count;
    }
    return bytes;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.file.close();
  }
}

const WINDOW = 1 << 16;
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a {@link ByteSource} front to back. Each method throws a DataError at the end of it. */
export class ByteCursor {
  private window: Uint8Array = new Uint8Array();
  private windowStart = 0;

  /** Starts at byte `at`; the property is the position of the next byte. */
  constructor(readonly source: ByteSource, public at = 0) {}

  /** Steps over `length` bytes and returns where in the window they start. */
  private advance(length: number): number {
    let start = this.at - this.windowStart;
    if (start < 0 || start + length > this.window.length) {
      const ahead = Math.max(length, Math.min(WINDOW, this.source.size - this.at));
      this.window = this.source.read(this.at, ahead);
      this.windowStart = this.at;
      start = 0;
    }
    this.at += length;
    return start;
  }

  /** The next `length` bytes. */
  bytes(length: number): Uint8Array {
    const start = this.advance(length);
    return this.window.subarray(start, start + length);
  }

  /** The next byte, 0…255. */
  uint8(): number {
    const start = this.advance(1);
    return this.window[start];
  }

  /** The next `length` bytes, for numbers wider than one. */
  view(length: number): DataView {
    const { buffer, byteOffset } = this.bytes(length);
    return new DataView(buffer, byteOffset, length);
  }

  /** The next `length` bytes as UTF-8, or null where they are none. */
  text(length: number): string | null {
    const bytes = this.bytes(length);
    try {
      return text.decode(bytes);
    } catch {
      return null;
    }
  }

  /** Text up to the next line feed (which is skipped), or null where there is none nearby. */
  line(longest: number): string | null {
    const rest = this.source.size - this.at;
    const near = this.bytes(Math.min(longest + 1, rest));
    const end = near.indexOf(10);
    this.at += (end < 0 ? 0 : end + 1) - near.length;
    return end < 0 ? null : String.fromCharCode(...near.subarray(0, end));
  }
}
