/**
 * The part of a file that has come so far: on disk, hashed, and good for another process to go on.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { z } from "zod";
import { DataError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { differ, type Part, type Validators } from "./answer.ts";
import { type Download, readJson, removeIfThere } from "./downloads.ts";

const Version = z.strictObject({
  url: z.url(),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  total: z.int().nonnegative().nullable(),
  date: z.string().nullable(),
});

/** Which version of a file a part belongs to. */
type Version = z.infer<typeof Version>;

const PIECE = 1 << 20;

/** A file while it is fetched. One process at a time has it. */
export class PartialFile implements AsyncDisposable {
  private hash: Hash = createHash("sha256");
  private size = 0;
  private version: Version;

  private constructor(
    private readonly download: Download,
    private readonly url: string,
    private readonly file: Deno.FsFile,
  ) {
    this.version = unknownVersion(url);
  }

  /**
   * Opens what an earlier process left of a file, or a new one, and reads it through once.
   *
   * @param report Hears how many of its bytes were read.
   * @throws {DataError} While another process fetches the same file.
   */
  static async open(
    download: Download,
    url: string,
    report: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<PartialFile> {
    const path = download.partialPath;
    const file = await Deno.open(path, { read: true, write: true, create: true });
    try {
      if (!await file.tryLock(true)) {
        throw new DataError(path, "another process is fetching it", "Let that one finish");
      }
      const partial = new PartialFile(download, url, file);
      await partial.takeUp(report, signal);
      return partial;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Bytes that are there. */
  get offset(): number {
    return this.size;
  }

  /** Size of the whole file; null while nobody said. */
  get total(): number | null {
    return this.version.total;
  }

  /** When the server says it sent the file; null where it does not. */
  get date(): string | null {
    return this.version.date;
  }

  /** What tells the version that the bytes belong to from others. */
  get validators(): Validators & { readonly total: number | null } {
    return this.version;
  }

  /** SHA-256 of the bytes that are there. */
  digest(): string {
    return this.hash.copy().digest("hex");
  }

  /**
   * Prepares for the bytes of a part. One that starts at 0 replaces what is there.
   *
   * @returns Whether bytes had to be given up for it.
   */
  async begin(part: Part, date: string | null): Promise<boolean> {
    const { etag, lastModified, total } = part;
    const lost = part.from < this.size;
    if (lost) await this.clear();
    const version = { url: this.url, etag, lastModified, total, date };
    if (this.size === 0 || differ(version, this.version) || this.version.total === null) {
      await writeFileAtomic(this.versionPath, JSON.stringify(version) + "\n");
      this.version = version;
    }
    return lost;
  }

  /** Adds bytes. */
  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.file.write(bytes.subarray(at));
    this.hash.update(bytes);
    this.size += bytes.length;
  }

  /** Gives up what is there. */
  async clear(): Promise<void> {
    await this.file.truncate();
    await this.file.seek(0, Deno.SeekMode.Start);
    await removeIfThere(this.versionPath);
    this.version = unknownVersion(this.url);
    this.hash = createHash("sha256");
    this.size = 0;
  }

  /** Puts what is there on the disk itself. */
  async sync(): Promise<void> {
    await this.file.sync();
  }

  /** Moves what is there into quarantine; the download can start again. */
  async isolate(reason: string): Promise<string> {
    const { bytes, sha256, date } = { bytes: this.size, sha256: this.digest(), date: this.date };
    await this.sync();
    await removeIfThere(this.versionPath);
    const about = { url: this.url, bytes, sha256, reason, date };
    return await this.download.isolate(this.download.partialPath, about);
  }

  /** Leaves the bytes for another time, or nothing where there are none. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { partialPath } = this.download;
    const open = await sameFile(this.file, partialPath);
    if (this.size === 0 && open) await removeIfThere(partialPath);
    this.file.close();
  }

  private get versionPath(): string {
    return `${this.download.partialPath}.json`;
  }

  private async takeUp(
    report: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const version = await readJson(this.versionPath, Version).catch(() => null);
    const { size } = await this.file.stat();
    const usable = version !== null && version.url === this.url &&
      (version.total === null || size <= version.total);
    if (!usable) return await this.clear();
    this.version = version;
    const piece = new Uint8Array(PIECE);
    for (let got; (got = await this.file.read(piece)) !== null;) {
      signal?.throwIfAborted();
      this.hash.update(piece.subarray(0, got));
      this.size += got;
      report(this.size, size);
    }
  }
}

function unknownVersion(url: string): Version {
  return { url, etag: null, lastModified: null, total: null, date: null };
}

/** Whether an open file is the one a path names: it may have been renamed meanwhile. */
async function sameFile(file: Deno.FsFile, path: string): Promise<boolean> {
  try {
    const [a, b] = [await file.stat(), await Deno.stat(path)];
    return a.ino === b.ino && a.dev === b.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
