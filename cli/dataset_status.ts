/**
 * What there is of a dataset on this machine, for all commands that tell.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { downloadBytes } from "../datasets/manifest.ts";
import { commandFor, type DatasetDefinition } from "../datasets/registry.ts";
import { openStore } from "../datasets/store.ts";

/** What `data` says about one dataset. */
export interface DatasetStatus {
  /** Registry name. */
  readonly id: string;
  /** Name for people. */
  readonly title: string;
  /** Terms of use. */
  readonly licence: string;
  /** Page the data comes from. */
  readonly homepage: string;
  /** Whether its store is there, and whether its record and metadata are sound. */
  readonly state: "ready" | "absent" | "damaged";
  /** Bytes of its download: 0 where it is generated, null where nobody states them. */
  readonly download: number | null;
  /** Why a person has to download it; null where a command does. */
  readonly byHand: string | null;
  /** Digest of the store, where it is ready. */
  readonly digest: string | null;
  /** What is wrong with a damaged store, else null. */
  readonly reason: string | null;
  /** The command that makes the store, where there is none. */
  readonly command: string | null;
}

/** Looks a dataset's store up; chunks are not read. */
export async function datasetStatus(
  dataset: DatasetDefinition,
  dataDir: string,
): Promise<DatasetStatus> {
  const { id, title, licence, homepage, manifest } = dataset;
  const about = {
    ...{ id, title, licence, homepage },
    download: manifest ? downloadBytes(manifest) : 0,
    byHand: manifest?.byHand ?? null,
    ...{ digest: null, reason: null, command: null },
  };
  if (!await exists(join(dataDir, id))) {
    return { ...about, state: "absent", command: commandFor(dataset) };
  }
  try {
    const { digest } = await openStore(join(dataDir, id));
    return { ...about, state: "ready", digest };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { ...about, state: "damaged", reason: error.message };
  }
}
