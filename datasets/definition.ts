/**
 * What the registry knows about a dataset.
 *
 * @module
 */
import type { Manifest } from "./manifest.ts";
import type { FlowDataset, MaskedVideos } from "./sample.ts";
import type { BuildOptions } from "./store.ts";

/** Hears how far long work is: units done, units in all and a short note, for example a file. */
export type Report = (done: number, total: number, note: string) => void;

/** How official files become a store. */
export interface ImportOptions extends BuildOptions {
  /** What else the store is to say about its files, one sentence each. */
  readonly notes?: readonly string[];
}

/** How much a complete dataset holds. */
export interface DatasetSize {
  /** Pairs of each split, named as in {@link DatasetDefinition.splits}; none without flow. */
  readonly pairs: Readonly<Record<string, number>>;
  /** Frames of each split where the dataset has no flow; null where their number is not known. */
  readonly frames?: Readonly<Record<string, number | null>>;
  /** Rows of its pictures, or of most of them. */
  readonly height: number;
  /** Columns of its pictures, or of most of them. */
  readonly width: number;
}

/**
 * Bytes of one pair as stores hold it, before compression: two 8-bit pictures, float32 flow and the
 * mask of valid pixels.
 */
export function pairBytes({ height, width }: Pick<DatasetSize, "height" | "width">): number {
  return height * width * (2 * 3 + 2 * 4 + 1);
}

/** Bytes of one frame as stores hold it, before compression: an 8-bit picture and a mask. */
export function frameBytes({ height, width }: Pick<DatasetSize, "height" | "width">): number {
  return height * width * (3 + 1);
}

/** A part of a split that papers have agreed to score or train on. */
export interface Subset {
  /** The split it is a part of. */
  readonly of: string;
  /** Who uses it and for what, in one sentence. */
  readonly about: string;
  /** Whether a pair belongs to it. */
  has(id: string): boolean;
}

/** A named source of samples: where it comes from, how it becomes a store and how it is read. */
export interface DatasetDefinition {
  /** Registry name and folder name of the store, for example `sintel-clean`. */
  readonly id: string;
  /** Name for people, for example "MPI Sintel, clean pass". */
  readonly title: string;
  /** Terms of use, as the dataset's own page states them. */
  readonly licence: string;
  /** The publication to cite. */
  readonly citation: string;
  /** Page where the data comes from. */
  readonly homepage: string;
  /** Names of splits and subsets, the usual training split first. */
  readonly splits: readonly string[];
  /** What tells its own splits apart, or what its only one is; for `docs/datasets.md`. */
  readonly splitting: string;
  /** Those of the splits that are parts of another. */
  readonly subsets?: Readonly<Record<string, Subset>>;
  /** What a complete copy holds. */
  readonly size: DatasetSize;
  /** Whether ground truth covers only some pixels (KITTI). */
  readonly sparse: boolean;
  /** What moves and how far, in one sentence, where that helps to choose. */
  readonly motion?: string;
  /** Where the official files are; generated datasets have none. */
  readonly manifest?: Manifest;
  /**
   * Makes the store out of nothing but code; only datasets that are generated have it.
   *
   * @param storePath Final name of the store; it appears there whole or not at all.
   */
  build?(storePath: string, report: Report, options?: BuildOptions): Promise<void>;
  /**
   * Makes the store out of files the user has, in their official layout.
   *
   * @param dir The folder that was unpacked, or the one above or below it.
   * @param storePath Final name of the store; it appears there whole or not at all.
   * @throws {DataError} When files are missing, damaged or do not fit together.
   */
  importFrom?(
    dir: string,
    storePath: string,
    report: Report,
    options?: ImportOptions,
  ): Promise<void>;
  /**
   * Opens one split of the store at `<dataDir>/<id>` as pairs with flow.
   *
   * @throws {DataError} When the store is missing, incomplete or damaged.
   * @throws {UsageError} When the dataset has no flow.
   */
  open(dataDir: string, split: string): Promise<FlowDataset>;
  /**
   * Opens one split as videos with foreground masks; absent where the dataset has none.
   *
   * @throws {DataError} When the store is missing, incomplete or damaged.
   */
  openMasks?(dataDir: string, split: string): Promise<MaskedVideos>;
}
