/**
 * Reading zip archives: every entry is looked at before the first is unpacked.
 *
 * @module
 */
import { type Entry, type FileEntry, Reader, ZipReader } from "@zip.js/zip.js";
import type { ArchiveAdmission } from "./admission.ts";

/** An entry that was admitted. */
export interface ZipFile {
  /** Its path below the folder it is unpacked into. */
  readonly path: string;
  /** Bytes of the archive that hold it. */
  readonly packed: number;
  /** Bytes it says it unpacks to. */
  readonly bytes: number;
  /** Unpacks it and checks its CRC-32. */
  extract(sink: WritableStream<Uint8Array>): Promise<void>;
}

/** Kinds of files in the upper half of Unix' external attributes. */
const KINDS: Readonly<Record<number, string>> = {
  0o010000: "a FIFO",
  0o020000: "a character device",
  0o060000: "a block device",
  0o120000: "a symbolic link",
  0o140000: "a socket",
};

const FILE = 0o100000, FOLDER = 0o040000;

/** Bytes that a local header has at least, before its name. */
const LOCAL_HEADER = 30;

/** Reads a file for zip.js. */
class FileReader extends Reader<Deno.FsFile> {
  constructor(private readonly file: Deno.FsFile, override size: number) {
    super(file);
  }

  override async readUint8Array(offset: number, length: number): Promise<Uint8Array> {
    await this.file.seek(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(Math.min(length, this.size - offset));
    for (let at = 0; at < bytes.length;) {
      const got = await this.file.read(bytes.subarray(at));
      if (got === null) throw new Error("the file became shorter");
      at += got;
    }
    return bytes;
  }
}

/**
 * Lists an archive's files, all of them admitted.
 *
 * @throws {DataError} At the first entry that may not be unpacked.
 */
export async function zipFiles(
  file: Deno.FsFile,
  size: number,
  admission: ArchiveAdmission,
): Promise<ZipFile[]> {
  const reader = new ZipReader(new FileReader(file, size), {
    checkCrc32: true,
    checkLocalDirectory: true,
    checkLocalFilename: true,
    // Names are judged by our own rules, which say which one is broken.
    filenameValidation: "tolerant",
    useWebWorkers: false,
  });
  const files: { entry: FileEntry; path: string }[] = [];
  const entries = reader.getEntriesGenerator();
  for (;;) {
    const { done, value: entry } = await guard(admission, null, () => entries.next());
    if (done) break;
    const path = admitEntry(entry, admission);
    if (!entry.directory) files.push({ entry, path });
  }
  admission.admitAll(size);
  refuseOverlaps(files.map(({ entry }) => entry), size, admission);
  return files.map(({ entry, path }) => ({
    path,
    packed: entry.compressedSize,
    bytes: entry.uncompressedSize,
    extract: (sink) => guard(admission, entry.filename, () => entry.getData(sink)).then(() => {}),
  }));
}

function admitEntry(entry: Entry, admission: ArchiveAdmission): string {
  const { filename, directory, encrypted, uncompressedSize } = entry;
  const path = admission.admit(filename, !directory, uncompressedSize);
  const refuse = (reason: string) => admission.refuse(filename, reason);
  if (encrypted) throw refuse("it is encrypted");
  if (directory && uncompressedSize > 0) throw refuse("it is a folder with content");
  const mode = (entry.externalFileAttributes >>> 16) & 0o170000;
  const unix = !entry.msDosCompatible && mode !== 0;
  if (unix && mode !== FILE && mode !== FOLDER) {
    throw refuse(`it is ${KINDS[mode] ?? "of an unknown kind"}`);
  }
  if (unix && (mode === FOLDER) !== directory) throw refuse("it is a file and a folder");
  return path;
}

/** Entries that share bytes make a small archive unpack to any size. */
function refuseOverlaps(
  entries: readonly FileEntry[],
  size: number,
  admission: ArchiveAdmission,
): void {
  let end = 0;
  for (const entry of entries.toSorted((a, b) => a.offset - b.offset)) {
    const { filename, offset, rawFilename, compressedSize } = entry;
    if (offset < end) throw admission.refuse(filename, "it shares bytes with another entry");
    end = offset + LOCAL_HEADER + rawFilename.length + compressedSize;
    if (end > size) throw admission.refuse(filename, "it reaches beyond the archive's end");
  }
}

/** Whatever zip.js throws means that the archive is damaged. */
async function guard<T>(
  admission: ArchiveAdmission,
  entry: string | null,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Errors of ours and of the system are told by their names and numbers.
    const foreign = error instanceof Error && error.name === "Error" &&
      !/\(os error \d+\)/.test(error.message);
    if (!foreign) throw error;
    throw entry === null
      ? admission.refusal(`it is no sound zip archive (${error.message})`)
      : admission.refuse(entry, `it is damaged (${error.message})`);
  }
}
