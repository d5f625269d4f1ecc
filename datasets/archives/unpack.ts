/**
 * Unpacking archives into a folder that is whole or absent.
 *
 * An archive is somebody else's: what it holds is checked entry by entry before it touches the disk,
 * all of it goes into a new folder under another name, and that gets its name in one rename.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { dataSize } from "../../base/data_size.ts";
import { DataError } from "../../base/errors.ts";
import { freeBytes, partialName } from "../../base/files.ts";
import type { Report } from "../definition.ts";
import type { ArchiveKind, UnpackLimits } from "../manifest.ts";
import { BUILDING_NAME, claim, sweepPartials } from "../store/sweep.ts";
import { Admission, type ArchiveAdmission } from "./admission.ts";
import { bunzip2, Bzip2Error } from "./bzip2.ts";
import { readTar, TarError } from "./tar.ts";
import { zipFiles } from "./zip.ts";

/** An archive to unpack. */
export interface PackedFile {
  readonly path: string;
  readonly kind: ArchiveKind;
  readonly limits: UnpackLimits;
}

/** How archives are unpacked. */
export interface UnpackOptions {
  /** Paths that are wanted; others are checked and left out. */
  readonly keep?: RegExp;
  /** Hears of bytes of the archives that are done. */
  readonly report?: Report;
  /** Stops the work; nothing is left then. */
  readonly signal?: AbortSignal;
}

/**
 * Unpacks archives into one folder.
 *
 * @param target The folder; it appears there whole or not at all.
 * @throws {DataError} When an archive holds what it may not, is damaged, or when the disk has no room.
 */
export async function unpack(
  archives: readonly PackedFile[],
  target: string,
  { keep, report = () => {}, signal }: UnpackOptions = {},
): Promise<void> {
  await sweepPartials(target);
  const folder = partialName(target);
  await Deno.mkdir(folder, { recursive: true });
  try {
    {
      using _claim = await claim(folder);
      const admission = new Admission();
      const sizes = await Promise.all(
        archives.map(async ({ path }) => (await Deno.stat(path)).size),
      );
      const total = sizes.reduce((sum, size) => sum + size, 0);
      let done = 0;
      for (const [i, archive] of archives.entries()) {
        const before = done;
        const work: Work = {
          ...{ archive, size: sizes[i], folder, keep, signal },
          admission: admission.archive(archive.path, archive.limits),
          report: (packed, note) => report(before + packed, total, note),
        };
        const { kind } = archive;
        await (kind === "zip" ? unpackZip(work) : unpackTar(work, kind));
        done += sizes[i];
        report(done, total, archive.path);
      }
      await Deno.remove(join(folder, BUILDING_NAME));
    }
    await Deno.rename(folder, target);
  } catch (error) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
}

interface Work {
  readonly archive: PackedFile;
  readonly size: number;
  readonly folder: string;
  readonly keep: RegExp | undefined;
  readonly signal: AbortSignal | undefined;
  readonly admission: ArchiveAdmission;
  readonly report: (packed: number, note: string) => void;
}

async function unpackZip({ archive, size, folder, keep, signal, admission, report }: Work) {
  using file = await Deno.open(archive.path);
  const files = await zipFiles(file, size, admission);
  const wanted = files.filter(({ path }) => keep?.test(path) ?? true);
  const bytes = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  await requireRoom(archive.path, folder, bytes);
  let packed = 0;
  for (const { path, packed: own, extract } of wanted) {
    signal?.throwIfAborted();
    using output = await createFile(folder, path);
    await extract(
      new WritableStream({
        async write(bytes) {
          // The whole entry is read by the time its last bytes come out.
          admission.count(bytes.length, packed + own);
          await writeAll(output, bytes);
        },
      }),
    );
    packed += own;
    report(packed, path);
  }
}

async function unpackTar(work: Work, kind: Exclude<ArchiveKind, "zip">): Promise<void> {
  const { archive, folder, keep, signal, admission, report } = work;
  using file = await Deno.open(archive.path);
  let packed = 0;
  let output: Deno.FsFile | null = null;
  const counted = file.readable.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(bytes, controller) {
        packed += bytes.length;
        controller.enqueue(bytes);
      },
    }),
  );
  const stream = {
    "tar": () => counted,
    "tar.gz": () => counted.pipeThrough(new DecompressionStream("gzip")),
    "tar.bz2": () => bunzip2(counted),
  }[kind]();
  try {
    await readTar(stream, {
      async begin({ name, isFile, bytes }) {
        signal?.throwIfAborted();
        const path = admission.admit(name, isFile, bytes);
        if (!isFile || !(keep?.test(path) ?? true)) return;
        await requireRoom(archive.path, folder, bytes);
        output = await createFile(folder, path);
        report(packed, path);
      },
      async write(bytes) {
        admission.count(bytes.length, packed);
        if (output !== null) await writeAll(output, bytes);
      },
      end() {
        output?.close();
        output = null;
        return Promise.resolve();
      },
    });
  } catch (error) {
    throw asRefusal(error, admission);
  } finally {
    (output as Deno.FsFile | null)?.close();
  }
}

/** What reading a tar archive throws, for people. */
function asRefusal(error: unknown, admission: ArchiveAdmission): unknown {
  if (error instanceof TarError) {
    const { entry, message } = error;
    return entry === null ? admission.refusal(message) : admission.refuse(entry, message);
  }
  // gzip's faults reach a reader as TypeErrors.
  if (error instanceof TypeError || error instanceof Bzip2Error) {
    return admission.refusal(`it is damaged (${error.message})`);
  }
  return error;
}

/** Makes a file that was not there, in folders that are made as needed. */
async function createFile(folder: string, path: string): Promise<Deno.FsFile> {
  const full = join(folder, path);
  await Deno.mkdir(dirname(full), { recursive: true });
  return await Deno.open(full, { write: true, createNew: true });
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

async function requireRoom(path: string, folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free === null || bytes <= free) return;
  throw new DataError(
    path,
    `unpacking it needs ${dataSize(bytes)}, and ${dataSize(free)} are free`,
    `Make room where ${dirname(folder)} lies, or name another place with --data`,
  );
}
