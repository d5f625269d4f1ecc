/**
 * The text header that PPM, PGM and PFM files share.
 *
 * @module
 */
import { damaged } from "./guard.ts";

const NEWLINE = 10, HASH = 35;
const MAX_FIELD = 32;

/** A header's fields and where the data after it begins. */
export interface NetpbmHeader {
  /** The magic number ("P6") and the fields after it, as text. */
  readonly fields: readonly string[];
  /** Offset of the first byte of data. */
  readonly dataAt: number;
}

/**
 * Reads white-space separated fields. A `#` where a field may begin starts a comment that runs to
 * the end of its line; exactly one white-space character stands between the last field and the data.
 *
 * @param count Number of fields, the magic number included.
 * @throws {DataError} When the header ends early or a field is overlong.
 */
export function netpbmHeader(bytes: Uint8Array, count: number, path: string): NetpbmHeader {
  const fields: string[] = [];
  let at = 0;
  while (fields.length < count) {
    while (isSpace(bytes[at]) || bytes[at] === HASH) {
      if (bytes[at++] === HASH) { while (at < bytes.length && bytes[at] !== NEWLINE) at++; }
    }
    const start = at;
    while (at < bytes.length && !isSpace(bytes[at])) at++;
    if (at === bytes.length) throw damaged(path, "its header is cut short");
    if (at - start > MAX_FIELD) throw damaged(path, "its header holds an overlong field");
    fields.push(String.fromCharCode(...bytes.subarray(start, at)));
  }
  return { fields, dataAt: at + 1 };
}

/**
 * A header field as a whole number.
 *
 * @param name For the message, for example "width".
 * @throws {DataError} When it is anything but up to nine decimal digits.
 */
export function wholeNumber(field: string, name: string, path: string): number {
  if (!/^[0-9]{1,9}$/.test(field)) {
    throw damaged(path, `its header gives ${JSON.stringify(field)} as ${name}`);
  }
  return Number(field);
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
