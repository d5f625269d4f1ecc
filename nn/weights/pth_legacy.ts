/**
 * PyTorch's container before 1.6: five pickles (a magic number, the format's version, facts about
 * the machine, the data, the storage keys), then each storage as an element count and raw elements.
 *
 * It has no checksum: a flipped bit in the elements goes unseen. Compare the file's SHA-256.
 *
 * Source: `_legacy_save` and `_legacy_load` of `torch/serialization.py`.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";
import { ByteCursor, type ByteSource, FETCH_AGAIN } from "./byte_source.ts";
import { PLAIN_DATA, readPickle } from "./pickle.ts";
import { type PickleValue, quoted } from "./pickle_values.ts";
import { type PthContainer, type TorchStorage, TorchWorld } from "./torch_pickle.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/**
 * Opens a legacy container: reads its pickles and checks that its storages fill the rest exactly.
 *
 * @throws {DataError} When it is damaged, big-endian, or holds what {@link readPickle} refuses.
 */
export function openLegacy(source: ByteSource): PthContainer {
  const fail = (reason: string) => new DataError(source.path, reason, FETCH_AGAIN);
  const cursor = new ByteCursor(source);
  if (readPickle(cursor, PLAIN_DATA) !== MAGIC) {
    throw fail("it is a pickle, but not of torch.save");
  }
  const version = readPickle(cursor, PLAIN_DATA);
  if (version !== VERSION) throw fail(`it is of the unknown version ${quoted(String(version))}`);
  checkByteOrder(readPickle(cursor, PLAIN_DATA), fail);

  const world = new TorchWorld();
  const root = readPickle(cursor, world);
  const keys = readPickle(cursor, PLAIN_DATA);
  if (!Array.isArray(keys) || keys.length !== world.storages.size) {
    throw fail(`its list of storages has not the ${world.storages.size} keys its data uses`);
  }

  const places = new Map<TorchStorage, number>();
  for (const key of keys) {
    const storage = typeof key === "string" ? world.storages.get(key) : undefined;
    if (storage === undefined || places.has(storage)) {
      throw fail("its list of storages does not match its data");
    }
    const length = cursor.view(8).getBigInt64(0, true);
    if (length !== BigInt(storage.length)) {
      throw fail(`storage ${quoted(storage.key)} has ${length} elements, not ${storage.length}`);
    }
    if (storage.bytes > source.size - cursor.at) {
      throw fail(`it ends early, within storage ${quoted(storage.key)}`);
    }
    places.set(storage, cursor.at);
    cursor.at += storage.bytes;
  }
  const trailing = source.size - cursor.at;
  if (trailing > 0) throw fail(`${trailing} bytes follow the last storage`);
  return {
    root,
    read: (storage) => Promise.resolve(source.read(places.get(storage)!, storage.bytes)),
  };
}

function checkByteOrder(machine: PickleValue, fail: (reason: string) => DataError): void {
  const little = machine instanceof Map ? machine.get("little_endian") : undefined;
  if (little === false) throw fail("it was written on a big-endian machine");
  if (little !== true) throw fail("it does not say its byte order");
}
