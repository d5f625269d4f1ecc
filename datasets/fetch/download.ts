/**
 * Fetching one file of a dataset: whole and verified, or not at all.
 *
 * A part that has come stays on disk and any later process goes on with it. Bytes are hashed as they
 * come. A file that is not what it should be goes into quarantine, where nothing uses it.
 *
 * @module
 */
import { dataSize } from "../../base/data_size.ts";
import { Interrupted, UsageError } from "../../base/errors.ts";
import { exists, freeBytes, sha256File } from "../../base/files.ts";
import { type RandomStream, randomStream } from "../../base/random.ts";
import type { SourceFile } from "../manifest.ts";
import { DownloadError } from "./address.ts";
import { OtherVersion, Passing } from "./answer.ts";
import { Download, type FetchedRecord } from "./downloads.ts";
import { PartialFile } from "./partial.ts";
import { type Patience, transfer, type TransferOptions, WrongFile } from "./transfer.ts";

/** How hard to try. */
export interface Persistence extends Patience {
  /** Attempts in a row that bring nothing worth mentioning before it is given up. */
  readonly attempts: number;
  /** Bytes an attempt must bring for the count to start again. */
  readonly progress: number;
  /** Milliseconds before the second attempt; each further pause is twice as long. */
  readonly pause: number;
  /** Milliseconds no pause exceeds, whatever the server asks for. */
  readonly longestPause: number;
}

/** For servers of universities on a bad day. */
export const persistence: Persistence = {
  answer: 30_000,
  stall: 60_000,
  leastBytes: 64 * 1024,
  attempts: 6,
  progress: 1 << 20,
  pause: 1000,
  longestPause: 120_000,
};

/** How often a file that changes on its server while it is fetched is begun anew. */
const RESTARTS = 3;

/** How a file is fetched. */
export interface DownloadOptions extends Partial<Omit<TransferOptions, "hosts" | "patience">> {
  /** Hosts that may be asked, redirects included. */
  readonly hosts: readonly string[];
  /** SHA-256 of a file in quarantine that the user decided to use. */
  readonly accept?: string | null;
  /** How hard to try. */
  readonly persistence?: Persistence;
}

/** A file that is there and may be used. */
export interface Downloaded {
  /** Where it is. */
  readonly path: string;
  /** What it is. */
  readonly record: FetchedRecord;
}

/**
 * Fetches a file, or goes on where an earlier attempt was cut, or finds it there already.
 *
 * @param folder The folder of downloads.
 * @throws {DownloadError} When it cannot be had, or is not what it should be.
 * @throws {DataError} While another process fetches it.
 * @throws {Interrupted} When `signal` stops it; what came so far is kept.
 */
export async function download(
  source: SourceFile,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const { url, name } = source;
  if (url === null) throw new UsageError(`Cannot fetch ${name}: its page gives no address`);
  const { hosts, accept = null, persistence: patience = persistence, request = fetch } = options;
  const { signal, report = () => {}, say = () => {} } = options;
  const file = new Download(folder, name);
  await Deno.mkdir(folder, { recursive: true });
  const accepted = accept === null ? null : await takeAccepted(file, url, accept);
  if (accepted !== null) return accepted;
  const job: Job = {
    source: { ...source, url },
    file,
    transfer: { hosts, patience, request, report, say, ...signal && { signal } },
    patience,
    random: randomStream(Deno.pid, "fetch", url),
  };
  try {
    return await fetchVerified(job);
  } catch (error) {
    throw error instanceof Interrupted ? await stopped(file) : error;
  }
}

interface Job {
  readonly source: SourceFile & { readonly url: string };
  readonly file: Download;
  readonly transfer: TransferOptions;
  readonly patience: Persistence;
  /** Spreads the pauses of processes that were cut at the same moment. */
  readonly random: RandomStream;
}

/** A file that is in quarantine. */
interface Wrong {
  readonly sha256: string;
  readonly path: string;
  readonly reason: string;
}

async function fetchVerified(job: Job): Promise<Downloaded> {
  const { source, file, transfer: { say } } = job;
  let wrong = null as Wrong | null;
  for (;;) {
    const known = await file.record();
    await using partial = await openPartial(job);
    if (await exists(file.path)) return await recheck(job, known);
    await fetchBytes(job, partial);
    await partial.sync();
    const sha256 = partial.digest();
    const reason = mismatch(source, known, partial.offset, sha256);
    const { url, name } = source;
    if (reason === null) {
      const { offset: bytes, date } = partial;
      const trust = trustIn(source, known, sha256);
      const record: FetchedRecord = { url, bytes, sha256, trust, date };
      await file.publish(record);
      return { path: file.path, record };
    }
    if (wrong?.sha256 === sha256) {
      await partial.clear();
      throw refused(job, wrong, "the server sends the same file again");
    }
    const path = await partial.isolate(reason);
    if (wrong !== null) {
      throw refused(job, { sha256, path, reason }, "so is what came at the second try");
    }
    wrong = { sha256, path, reason };
    say(`${name}: ${reason}; it is in quarantine (${path}) and fetched once more`);
  }
}

/** The error for a file that is not what it should be, with the way to use it all the same. */
function refused(
  { source: { url } }: Job,
  { sha256, path, reason }: Wrong,
  more?: string,
): DownloadError {
  return new DownloadError(
    url,
    more === undefined ? reason : `${reason}, and ${more}`,
    `It is kept in ${path} and not used. If you know that it is right, run the same command ` +
      `with --accept ${sha256}`,
  );
}

/** Why a file that {@link mismatch} found nothing against is trusted. */
function trustIn(
  source: SourceFile,
  known: FetchedRecord | null,
  sha256: string,
): FetchedRecord["trust"] {
  return source.sha256 === sha256 ? "published" : known?.trust ?? "first-use";
}

/** Why bytes are not the file that is meant, or null. */
function mismatch(
  source: SourceFile,
  known: FetchedRecord | null,
  bytes: number,
  sha256: string,
): string | null {
  if (known?.trust === "accepted" && known.sha256 === sha256) return null;
  if (source.sha256 !== null) {
    return sha256 === source.sha256 ? null : `its SHA-256 is not ${source.sha256}`;
  }
  if (source.bytes !== null && source.bytes !== bytes) {
    return `it has ${bytes} bytes where ${source.bytes} are expected`;
  }
  if (known === null || known.sha256 === sha256) return null;
  const when = known.date === null ? "" : ` (${known.date})`;
  return `it is another file than the one first fetched from there${when}, ` +
    `whose SHA-256 was ${known.sha256}`;
}

async function openPartial({ source, file, transfer: { report, signal } }: Job) {
  return await PartialFile.open(file, source.url, report, signal);
}

/** Fetches until the file is whole. */
async function fetchBytes(job: Job, partial: PartialFile): Promise<void> {
  const { source, file, transfer: options, patience } = job;
  let failures = 0, restarts = 0;
  while (partial.total === null || partial.offset < partial.total) {
    const before = partial.offset;
    try {
      await requireRoom(job, partial);
      return await transfer(source, partial, options);
    } catch (error) {
      if (error instanceof OtherVersion) {
        if (++restarts > RESTARTS) throw new DownloadError(source.url, error.message);
        options.say(`${source.name}: ${error.message}, so it is fetched from its start`);
        await partial.clear();
      } else if (error instanceof WrongFile) {
        throw await wrongFile(job, partial, error.message);
      } else if (error instanceof Passing) {
        failures = partial.offset - before >= patience.progress ? 1 : failures + 1;
        if (failures >= patience.attempts) {
          throw new DownloadError(
            source.url,
            `${error.message} (attempt ${failures} in a row without success)`,
            partial.offset === 0
              ? "Run the same command again when the server can be reached."
              : `${dataSize(partial.offset)} are kept in ${file.partialPath}; ` +
                "run the same command again to go on.",
          );
        }
        options.say(`${source.name}: ${error.message}; trying again`);
        await pause(job, failures, error.wait);
      } else throw error;
    }
  }
}

async function wrongFile(job: Job, partial: PartialFile, reason: string): Promise<DownloadError> {
  const sha256 = partial.digest();
  return refused(job, { sha256, path: await partial.isolate(reason), reason });
}

/** Waits before the next attempt: twice as long each time, less a random part. */
async function pause(
  { patience, random, transfer: { signal } }: Job,
  failures: number,
  asked: number | null,
) {
  const { pause, longestPause } = patience;
  const own = pause * 2 ** (failures - 1) * random.uniform(0.5, 1);
  const wait = Math.min(longestPause, Math.max(own, asked ?? 0));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, wait);
  const stop = () => reject(signal!.reason);
  signal?.throwIfAborted();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Fails before a byte is asked for that would not fit on the disk. */
async function requireRoom({ source, file }: Job, partial: PartialFile): Promise<void> {
  const size = partial.total ?? source.bytes ?? source.roughly;
  const free = await freeBytes(file.folder);
  if (size === null || free === null || size - partial.offset <= free) return;
  throw new DownloadError(
    source.url,
    `it needs ${dataSize(size - partial.offset)} more, and ${dataSize(free)} are free`,
    `Make room where ${file.folder} lies, or name another place with --data.`,
  );
}

/** Hashes a file that is there again: disks and people change files. */
async function recheck(job: Job, known: FetchedRecord | null): Promise<Downloaded> {
  const { source, file, transfer: { report, signal } } = job;
  const { size: bytes } = await Deno.stat(file.path);
  const progress = (done: number) => report(done, bytes);
  const sha256 = await sha256File(file.path, { report: progress, ...signal && { signal } });
  const reason = known === null
    ? "nothing is known of where it came from"
    : known.sha256 !== sha256
    ? `it changed after it was fetched: its SHA-256 was ${known.sha256}`
    : mismatch(source, known, bytes, sha256);
  if (reason === null) {
    return { path: file.path, record: { ...known!, trust: trustIn(source, known, sha256) } };
  }
  const about = { url: source.url, bytes, sha256, reason, date: known?.date ?? null };
  const path = await file.isolate(file.path, about);
  throw new DownloadError(
    source.url,
    `the file in ${file.folder} is not it: ${reason}`,
    `It is in quarantine now (${path}). Run the same command again to fetch it anew, or with ` +
      `--accept ${sha256} to use it`,
  );
}

/** Makes a file in quarantine the one that is used, as the user decided. */
async function takeAccepted(
  file: Download,
  url: string,
  accept: string,
): Promise<Downloaded | null> {
  const found = await file.isolated(accept);
  if (found === null) return null;
  const sha256 = await sha256File(found.path);
  if (sha256 !== accept) {
    throw new DownloadError(url, `${found.path} changed in quarantine: its SHA-256 is ${sha256}`);
  }
  const { bytes, date } = found.record;
  const record: FetchedRecord = { url, bytes, sha256, trust: "accepted", date };
  await file.publish(record, found.path);
  return { path: file.path, record };
}

async function stopped({ partialPath, name }: Download): Promise<Interrupted> {
  let kept = 0;
  if (await exists(partialPath)) kept = (await Deno.stat(partialPath)).size;
  return new Interrupted(
    `Stopped; ${dataSize(kept)} of ${name} are kept`,
    "Run the same command again to go on from there.",
  );
}
