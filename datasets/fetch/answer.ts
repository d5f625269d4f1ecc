/**
 * What a server's answer means for a file of which some bytes may be there already.
 *
 * @module
 */
import { DownloadError } from "./address.ts";

/** What tells one version of a file on a server from another. */
export interface Validators {
  /** A strong entity tag; null where there is none. */
  readonly etag: string | null;
  /** The `Last-Modified` date as the server writes it; null where there is none. */
  readonly lastModified: string | null;
}

/** What a server sends of a file. */
export interface Part extends Validators {
  /** Offset of the first byte that it sends. */
  readonly from: number;
  /** Size of the whole file; null where the server does not say. */
  readonly total: number | null;
}

/** Something that may be better the next time. */
export class Passing extends Error {
  /** @param wait Milliseconds the server asks to wait; null where it asks for none. */
  constructor(reason: string, readonly wait: number | null = null) {
    super(reason);
  }
}

/** An answer that means: what is there of the file belongs to another version of it. */
export class OtherVersion extends Error {}

/** Answers that often pass: overload, a server that restarts, a proxy that waited too long. */
const PASSING_CODES = [408, 425, 429, 500, 502, 503, 504];

/** The header with which a request asks for the rest of that version of a file. */
export function rangeHeaders(offset: number, { etag, lastModified }: Validators): HeadersInit {
  // Packed on the way, lengths and offsets would count something else than the file's bytes.
  const plain = { "accept-encoding": "identity" };
  if (offset === 0) return plain;
  const version = etag ?? lastModified;
  return {
    ...plain,
    range: `bytes=${offset}-`,
    ...version !== null && { "if-range": version },
  };
}

/** The validators of an answer. A weak tag says too little: pieces of two versions may share it. */
function validatorsOf({ headers }: Response): Validators {
  const etag = headers.get("etag");
  return {
    etag: etag !== null && /^"[^"]*"$/.test(etag) ? etag : null,
    lastModified: headers.get("last-modified"),
  };
}

/**
 * Reads what an answer promises.
 *
 * @param offset Bytes that were there when it was asked for the rest; 0 for all of the file.
 * @param known What is known of the version those bytes belong to.
 * @throws {Passing} For an answer that may be better later.
 * @throws {OtherVersion} For one that does not fit the bytes that are there.
 * @throws {DownloadError} For one that will not get better.
 */
export function partOf(
  address: string,
  response: Response,
  offset: number,
  known: Validators & { readonly total: number | null },
): Part {
  const { status, headers } = response;
  const refuse = (reason: string, nextStep?: string) =>
    new DownloadError(address, reason, nextStep);
  if (PASSING_CODES.includes(status)) {
    throw new Passing(`the server answers ${status}`, retryAfter(headers));
  }
  const validators = validatorsOf(response);
  if (status === 416 && offset > 0) {
    throw new OtherVersion("the server has no such part of the file");
  }
  if (status !== 200 && status !== 206) throw refuse(`the server answers ${status}`);
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw refuse(`the server packs it as ${encoding}, so that its length cannot be checked`);
  }
  if (status === 200) {
    const length = headers.get("content-length");
    return { ...validators, from: 0, total: length === null ? null : Number(length) };
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "");
  if (range === null) throw refuse("the server sends a part and does not say which");
  const [first, last, total] = range.slice(1).map(Number);
  if (offset === 0) throw refuse("the server sends a part where all of it was asked for");
  if (first !== offset || last !== total - 1) {
    throw new OtherVersion(`the server sends bytes ${first} to ${last} of ${total}`);
  }
  if (known.total !== null && total !== known.total) {
    throw new OtherVersion(`its size on the server changed from ${known.total} to ${total} bytes`);
  }
  if (differ(validators, known)) throw new OtherVersion("it changed on the server");
  return { ...validators, from: offset, total };
}

/** Whether two sets of validators contradict each other. */
export function differ(a: Validators, b: Validators): boolean {
  if (a.etag !== null && b.etag !== null) return a.etag !== b.etag;
  return a.lastModified !== null && b.lastModified !== null && a.lastModified !== b.lastModified;
}

/** Milliseconds a server asks to wait, in its seconds form; the date form is left to our own pause. */
function retryAfter(headers: Headers): number | null {
  const seconds = /^\d{1,6}$/.exec(headers.get("retry-after") ?? "")?.[0];
  return seconds === undefined ? null : 1000 * Number(seconds);
}

/** Whether a text is a web page rather than the text file that was asked for. */
const WEB_PAGE = /^\s*(?:<!doctype|<html|<head|<\?xml|<!--)/i;

/** Bytes that {@link wrongStart} wants to see. */
export const START_BYTES = 512;

/**
 * Why a file cannot be what it should be by its first bytes, or null.
 *
 * @param start Its first {@link START_BYTES} bytes, or all of it.
 * @param kind How it should be packed; null for a text.
 */
export function wrongStart(start: Uint8Array, kind: string | null): string | null {
  const text = new TextDecoder("latin1").decode(start);
  if (WEB_PAGE.test(text)) return "it is a web page";
  const fits = kind === null
    // deno-lint-ignore no-control-regex -- a text has none of them
    ? !/[\x00-\x08\x0e-\x1f]/.test(text)
    : kind === "zip"
    ? text.startsWith("PK\x03\x04")
    : kind === "tar"
    ? text.slice(257, 262) === "ustar"
    : kind === "tar.gz"
    ? text.startsWith("\x1f\x8b\x08")
    : text.startsWith("BZh");
  return fits ? null : `it does not start like a ${kind ?? "text"} file`;
}
