/**
 * One request for the rest of a file, and its bytes as they come.
 *
 * @module
 */
import type { SourceFile } from "../manifest.ts";
import { ask, DownloadError } from "./address.ts";
import { type Part, partOf, Passing, rangeHeaders, START_BYTES, wrongStart } from "./answer.ts";
import type { PartialFile } from "./partial.ts";

/** How long things may take. */
export interface Patience {
  /** Milliseconds until a server must have answered. */
  readonly answer: number;
  /** Milliseconds within which at least `leastBytes` must come. */
  readonly stall: number;
  readonly leastBytes: number;
}

/** Bytes that cannot be those of the file that was asked for. */
export class WrongFile extends Error {}

/** What a transfer needs to know. */
export interface TransferOptions {
  readonly hosts: readonly string[];
  readonly patience: Patience;
  readonly request: typeof fetch;
  readonly signal?: AbortSignal;
  /** Hears how many bytes of the file are there. */
  readonly report: (done: number, total: number | null) => void;
  /** Hears what the user has to know, a sentence at a time. */
  readonly say: (sentence: string) => void;
}

/**
 * Asks for the bytes of a file that are not there yet and adds them as they come.
 *
 * @returns When the file is whole.
 * @throws {Passing} When the rest may come at another time.
 * @throws {OtherVersion} When the rest does not belong to what is there.
 * @throws {WrongFile} When what comes is something else.
 * @throws {DownloadError} When it will not get better.
 */
export async function transfer(
  source: SourceFile & { readonly url: string },
  partial: PartialFile,
  { hosts, patience, request, signal, report, say }: TransferOptions,
): Promise<void> {
  const watch = new Watch(patience);
  const all = signal === undefined ? [watch.signal] : [watch.signal, signal];
  try {
    const response = await reach(() =>
      ask(request, source.url, hosts, {
        headers: rangeHeaders(partial.offset, partial.validators),
        signal: AbortSignal.any(all),
      }), signal);
    try {
      const part = partOf(source.url, response, partial.offset, partial.validators);
      refuseSize(source, part.total);
      watch.answered();
      await takeBytes(source, partial, part, response, { watch, report, say, signal });
    } finally {
      // Closes the connection of an answer that was not read to its end.
      await response.body?.cancel().catch(() => {});
    }
  } finally {
    watch.stop();
  }
}

/** Fails before the first byte where the server's file cannot be the one that is meant. */
function refuseSize({ url, bytes, knownFrom }: SourceFile, total: number | null): void {
  if (total === null || bytes === null || total === bytes) return;
  throw new DownloadError(
    url!,
    `it has ${total} bytes on the server where ${bytes} are expected (${knownFrom})`,
    "Where its authors have replaced it, download it yourself and import it.",
  );
}

async function takeBytes(
  source: SourceFile & { readonly url: string },
  partial: PartialFile,
  part: Part,
  response: Response,
  { watch, report, say, signal }: Pick<TransferOptions, "report" | "say" | "signal"> & {
    readonly watch: Watch;
  },
): Promise<void> {
  const total = part.total ?? source.bytes;
  const cap = total ?? 2 * (source.roughly ?? Infinity);
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  const next = async () => {
    const { value } = await reach(() => reader.read(), signal);
    watch.received(value?.length ?? 0);
    return value;
  };
  try {
    // What is there is given up, if it must be, only for something that can be the file.
    const start = part.from === 0 ? await readStart(source, next) : null;
    await beginPart(source, partial, part, response, say);
    for (let bytes = start ?? await next(); bytes !== undefined; bytes = await next()) {
      await partial.append(bytes);
      if (partial.offset > cap) throw new WrongFile(`it has more than ${cap} bytes`);
      report(partial.offset, total);
    }
  } finally {
    reader.releaseLock();
  }
  if (total !== null && partial.offset < total) {
    throw new Passing(`the connection ended after ${partial.offset} of ${total} bytes`);
  }
}

/** Reads enough of a file to see whether it can be the one that is meant. */
async function readStart(
  { url, archive }: SourceFile,
  next: () => Promise<Uint8Array | undefined>,
): Promise<Uint8Array> {
  let start = new Uint8Array();
  while (start.length < START_BYTES) {
    const bytes = await next();
    if (bytes === undefined) break;
    const longer = new Uint8Array(start.length + bytes.length);
    longer.set(start);
    longer.set(bytes, start.length);
    start = longer;
  }
  const wrong = wrongStart(start.subarray(0, START_BYTES), archive);
  if (wrong === null) return start;
  throw new DownloadError(
    url!,
    `what the server sends is not the file: ${wrong}`,
    "The page may ask for a login, or the file may be gone; look at the address in a browser.",
  );
}

async function beginPart(
  { name }: SourceFile,
  partial: PartialFile,
  part: Part,
  response: Response,
  say: (sentence: string) => void,
): Promise<void> {
  const { offset, validators: before } = partial;
  if (!await partial.begin(part, response.headers.get("date"))) return;
  const same = part.etag === before.etag && part.lastModified === before.lastModified;
  const why = same ? "the server does not send parts" : "the file changed on the server";
  say(`${name}: ${why}, so its first ${offset} bytes are fetched again`);
}

/** Does something over the network; its failures pass, unless the user or Deno stopped it. */
async function reach<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    const final = error instanceof DownloadError || error instanceof Passing ||
      error instanceof Deno.errors.NotCapable;
    if (final) throw error;
    throw new Passing(reasonOf(error));
  }
}

/** What went wrong, with its cause, which says more than "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** Gives up on a server that does not answer, or hardly sends anything. */
class Watch {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout>;
  private bytes = 0;

  constructor(private readonly patience: Patience) {
    const { answer } = patience;
    const late = () => this.giveUp(`the server did not answer within ${seconds(answer)}`);
    this.timer = setTimeout(late, answer);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The server answers; from now on bytes are watched. */
  answered(): void {
    clearTimeout(this.timer);
    const { stall, leastBytes } = this.patience;
    this.timer = setInterval(() => {
      if (this.bytes < leastBytes) {
        this.giveUp(`the server sent ${this.bytes} bytes in ${seconds(stall)}`);
      }
      this.bytes = 0;
    }, stall);
  }

  received(bytes: number): void {
    this.bytes += bytes;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private giveUp(reason: string): void {
    this.controller.abort(new Passing(reason));
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
