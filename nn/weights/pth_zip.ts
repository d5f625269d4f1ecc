/**
 * PyTorch's container since 1.6: a zip archive of `<prefix>/data.pkl` and `<prefix>/data/<key>`, each
 * storage's elements; `<prefix>/byteorder` since 2.0. Every entry that is used has its CRC checked.
 *
 * Source: `_save` and `_load` of `torch/serialization.py`, `caffe2/serialize/inline_container.cc`.
 *
 * @module
 */
import {
  type FileEntry,
  Reader,
  WARNING_TRAILING_CENTRAL_DIRECTORY_DATA,
  ZipReader,
} from "@zip.js/zip.js";
import { DataError } from "../../base/errors.ts";
import { ByteCursor, type ByteSource, bytesSource, FETCH_AGAIN } from "./byte_source.ts";
import { EXPORT_WEIGHTS, readPickle } from "./pickle.ts";
import { quoted } from "./pickle_values.ts";
import { type PthContainer, TorchWorld } from "./torch_pickle.ts";

const DATA = "data.pkl";

/** Up to `kMaxSupportedFileFormatVersion`; torch.save has written 2 and 3 so far. */
const VERSION = /^([1-9]|10)$/;

/** torch.save never deflates, and weights deflate badly: a file that grows more is a zip bomb. */
const MAX_RATIO = 200;

/**
 * Opens a zip container: reads its pickle and checks the size of each storage the pickle mentions.
 *
 * @throws {DataError} When the archive is damaged, ambiguous or no checkpoint, when sizes disagree,
 *   and when the pickle holds what {@link readPickle} refuses.
 */
export async function openZip(source: ByteSource): Promise<PthContainer> {
  const fail = (reason: string, nextStep = FETCH_AGAIN) =>
    new DataError(source.path, reason, nextStep);
  const entries = await listEntries(source);
  const prefix = findPrefix([...entries.keys()], fail);
  const open = (name: string): FileEntry => {
    const entry = entries.get(prefix + name);
    if (entry === undefined) throw fail(`its archive has no ${quoted(prefix + name)}`);
    return entry;
  };

  const text = async (name: string) =>
    new TextDecoder().decode(await extract(source, open(name))).trim();

  const version = await text("version");
  if (!VERSION.test(version)) throw fail(`it is of the unknown version ${quoted(version)}`);
  if (entries.has(`${prefix}byteorder`)) {
    const order = await text("byteorder");
    if (order !== "little") throw fail(`it is of the byte order ${quoted(order)}, not little`);
  }
  const pickle = bytesSource(source.path, await extract(source, open(DATA)));
  const world = new TorchWorld();
  const root = readPickle(new ByteCursor(pickle), world);
  let total = 0;
  for (const { key, bytes } of world.storages.values()) {
    const { uncompressedSize } = open(`data/${key}`);
    if (uncompressedSize !== bytes) {
      throw fail(`storage ${quoted(key)} has ${uncompressedSize} bytes, not ${bytes}`);
    }
    total += bytes;
  }
  if (total > source.size * MAX_RATIO) throw fail(`its archive unfolds to ${total} bytes`);
  return { root, read: (storage) => extract(source, open(`data/${storage.key}`)) };
}

/** Reads for zip.js. */
class SourceReader extends Reader<ByteSource> {
  constructor(private readonly source: ByteSource) {
    super(source);
    this.size = source.size;
  }

  override readUint8Array(offset: number, length: number): Promise<Uint8Array> {
    return Promise.try(() => this.source.read(offset, length));
  }
}

async function listEntries(source: ByteSource): Promise<Map<string, FileEntry>> {
  const reader = new ZipReader(new SourceReader(source), {
    checkCrc32: true,
    checkLocalDirectory: true,
    checkOverlappingEntry: true,
    useWebWorkers: false,
  });
  const entries = await guard(source, () => reader.getEntries());
  // PyTorch's writer (miniz) adds a zip64 record where none is needed, which counts as trailing data.
  const warning = reader.warnings?.find(({ reason }) =>
    reason !== WARNING_TRAILING_CENTRAL_DIRECTORY_DATA
  );
  if (warning !== undefined) {
    const reason = `its zip archive can be read in two ways (${warning.reason})`;
    throw new DataError(source.path, reason, FETCH_AGAIN);
  }
  return new Map(
    entries.flatMap((entry) => entry.directory ? [] : [[entry.filename, entry]]),
  );
}

/** The folder, with its slash, that holds the one `data.pkl`. */
function findPrefix(
  names: readonly string[],
  fail: (reason: string, nextStep?: string) => DataError,
): string {
  const pickles = names.filter((name) => name === DATA || name.endsWith(`/${DATA}`));
  if (pickles.length === 0) throw fail("it is a zip archive, but not of torch.save");
  if (pickles.length > 1) throw fail(`its archive has ${pickles.length} files ${DATA}`);
  const prefix = pickles[0].slice(0, -DATA.length);
  if (names.includes(`${prefix}constants.pkl`)) {
    throw fail("it is a TorchScript program, not a state dict", EXPORT_WEIGHTS);
  }
  return prefix;
}

async function extract(source: ByteSource, entry: FileEntry): Promise<Uint8Array> {
  const { filename, uncompressedSize } = entry;
  if (uncompressedSize > source.size * MAX_RATIO) {
    const reason = `its archive's ${quoted(filename)} unfolds to ${uncompressedSize} bytes`;
    throw new DataError(source.path, reason, FETCH_AGAIN);
  }
  const bytes = new Uint8Array(uncompressedSize);
  let at = 0;
  const sink = new WritableStream<Uint8Array>({
    write(piece) {
      bytes.set(piece, at);
      at += piece.length;
    },
  });
  await guard(source, () => entry.getData(sink));
  return bytes;
}

/** Whatever zip.js throws means that the archive is damaged. */
async function guard<T>(source: ByteSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DataError) throw error;
    const reason = `its zip archive is damaged (${(error as Error).message})`;
    throw new DataError(source.path, reason, FETCH_AGAIN);
  }
}
