/**
 * A file server on 127.0.0.1 that misbehaves as it is told, for the tests of fetching.
 *
 * It speaks HTTP by hand, so that it can end a connection after any byte, and counts the bytes of
 * bodies that it sends. What is tested asks for `https://data.test/…` as it would ask for the real
 * address; only the transport, {@link BadServer.request}, leads here instead.
 *
 * @module
 */
import { randomStream } from "../../base/random.ts";
import type { ArchiveKind, SourceFile } from "../manifest.ts";

/** What was asked for. */
export interface Request {
  /** Counts from 0. */
  readonly number: number;
  readonly path: string;
  readonly headers: Headers;
  /** The first byte that is wanted; null where all of the file is. */
  readonly from: number | null;
}

/** What is answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  /** Bytes of the body after which the connection ends; all of it where absent. */
  readonly cutAfter?: number;
  /** Bytes of the body after which nothing comes any more; below 0, not even the headers come. */
  readonly hangAfter?: number;
  /** Called when that many bytes of the body were sent. */
  readonly whenSent?: { readonly bytes: number; act(): void };
}

/** Decides what to answer. */
export type Behaviour = (request: Request) => Answer | Promise<Answer>;

/** The only host that the tests' manifests name. */
export const HOST = "data.test";

/** The server. */
export class BadServer implements AsyncDisposable {
  /** Bytes of bodies that were sent. */
  sent = 0;
  /** What was asked for, in order. */
  readonly requests: Request[] = [];
  private readonly listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  private readonly open = new Set<Deno.Conn>();
  private readonly serving: Promise<void>;

  constructor(public behaviour: Behaviour) {
    this.serving = this.serve();
  }

  /** Where it listens. */
  get origin(): string {
    return `http://127.0.0.1:${this.listener.addr.port}`;
  }

  /** Asks this server instead of the host of an https address. */
  readonly request: typeof fetch = (input, init) => fetch(localAddress(input, this.origin), init);

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    for (const connection of this.open) connection.close();
    await this.serving;
  }

  private async serve(): Promise<void> {
    const answers: Promise<void>[] = [];
    for await (const connection of this.listener) {
      this.open.add(connection);
      answers.push(
        this.answer(connection).catch(() => {}).finally(() => {
          if (this.open.delete(connection)) connection.close();
        }),
      );
    }
    await Promise.all(answers);
  }

  private async answer(connection: Deno.Conn): Promise<void> {
    const request = await readRequest(connection, this.requests.length);
    if (request === null) return;
    this.requests.push(request);
    const { status, headers, body, cutAfter, hangAfter, whenSent } = await this.behaviour(request);
    if (hangAfter === undefined || hangAfter >= 0) {
      const lines = Object.entries({ connection: "close", ...headers })
        .map(([name, value]) => `${name}: ${value}\r\n`).join("");
      await write(connection, new TextEncoder().encode(`HTTP/1.1 ${status} x\r\n${lines}\r\n`));
    }
    const end = Math.max(0, Math.min(cutAfter ?? body.length, hangAfter ?? body.length));
    const stops = whenSent === undefined ? [end] : [Math.min(whenSent.bytes, end), end];
    let at = 0;
    for (const stop of stops) {
      await write(connection, body.subarray(at, stop));
      this.sent += stop - at;
      at = stop;
      if (stop === whenSent?.bytes) whenSent.act();
    }
    // Until the other side gives up.
    if (hangAfter !== undefined) await connection.read(new Uint8Array(1));
  }
}

/** An https address with another origin. */
export function localAddress(input: string | URL | globalThis.Request, origin: string): string {
  const address = new URL(input instanceof globalThis.Request ? input.url : input);
  if (address.protocol !== "https:") throw new Error(`${address.href} was asked for`);
  return origin + address.pathname;
}

async function readRequest(connection: Deno.Conn, number: number): Promise<Request | null> {
  let text = "";
  const piece = new Uint8Array(4096);
  while (!text.includes("\r\n\r\n")) {
    const got = await connection.read(piece);
    if (got === null) return null;
    text += new TextDecoder().decode(piece.subarray(0, got));
  }
  const [first, ...lines] = text.trimEnd().split("\r\n");
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  const range = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1];
  const from = range === undefined ? null : Number(range);
  return { number, path: first.split(" ")[1], headers, from };
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Answers as a good server does: whole files and parts, with a tag for the version. */
export function wellBehaved(file: Uint8Array, etag = '"one"'): (request: Request) => Answer {
  return ({ from, headers }) => {
    const version = headers.get("if-range");
    const common = { etag, date: "Tue, 24 Nov 2026 12:00:00 GMT" };
    if (from === null || (version !== null && version !== etag)) {
      return {
        status: 200,
        headers: { ...common, "content-length": `${file.length}` },
        body: file,
      };
    }
    if (from >= file.length) {
      const headers = {
        ...common,
        "content-range": `bytes */${file.length}`,
        "content-length": "0",
      };
      return { status: 416, headers, body: new Uint8Array() };
    }
    const body = file.subarray(from);
    return {
      status: 206,
      headers: {
        ...common,
        "content-range": `bytes ${from}-${file.length - 1}/${file.length}`,
        "content-length": `${body.length}`,
      },
      body,
    };
  };
}

/** Bytes that start like an archive and go on at random. */
export function fakeArchive(bytes: number, name = "archive"): Uint8Array<ArrayBuffer> {
  const random = randomStream(5, name);
  const file = new Uint8Array(bytes);
  const words = new Uint32Array(file.buffer, 0, bytes >> 2);
  for (let i = 0; i < words.length; i++) words[i] = random.integer(0, 2 ** 32);
  file.set(new TextEncoder().encode("PK\x03\x04").subarray(0, bytes));
  return file;
}

/** A manifest's entry for a file of the server. */
export function sourceFile(
  about: Partial<SourceFile> = {},
  archive: ArchiveKind | null = "zip",
): SourceFile & { readonly url: string } {
  return {
    name: "toy.zip",
    bytes: null,
    roughly: null,
    sha256: null,
    knownFrom: null,
    archive,
    limits: archive && { entries: 100, bytes: 1e7 },
    ...about,
    url: about.url ?? `https://${HOST}/toy.zip`,
  };
}
