/**
 * What a speed benchmark is made of: pieces of work that can be done in two ways.
 *
 * Networks, data and papers each know what is worth timing of theirs and say it in these words;
 * `benchmarks/speed` holds the clock.
 *
 * @module
 */

/**
 * The result of a piece of work, in parts: each is compared by itself, so that the small numbers of
 * one are not lost in the large ones of another.
 */
export type Result = readonly ArrayLike<number>[];

/** One way of doing a piece of work. */
export interface Contestant {
  /** For people: "ours", "TensorFlow.js", "onnxruntime-web, WASM". */
  readonly name: string;
  /** Does the work once. It may return before the device has finished. */
  call(): unknown;
  /**
   * Waits until all that was called is done.
   *
   * @throws When what was done cannot be trusted.
   */
  settle(): Promise<void>;
  /** Does the work once more and gives its result, to compare. */
  result(): Promise<Result>;
}

/** Somebody else's way. */
export type Rival = Omit<Contestant, "result"> & Partial<Pick<Contestant, "result">>;

/** Two ways of doing the same, ready to run. */
export interface Contest {
  readonly ours: Contestant;
  /**
   * Null where nobody else does it. Without a result where it does less than ours, as one who reads
   * the same files without a look at what is in them.
   */
  readonly alternative: Rival | null;
  /** The right numbers, from somebody who is not timed; where absent, the alternative's. */
  readonly expected?: Pick<Contestant, "name" | "result">;
  /** Largest difference allowed, relative to the largest of the expected numbers of its part. */
  readonly tolerance: number;
  /** Frees what the contest holds. */
  close(): void | Promise<void>;
}

/** What is counted or timed by a case itself rather than in a contest. */
export interface Reading {
  readonly name: string;
  /** At least one, all in the case's unit. */
  readonly values: readonly number[];
}

/** One row of the benchmark. */
export interface SpeedCase {
  /** What is done, for example "forward 3×3, 64→64". */
  readonly name: string;
  /** At which size, for example "64×128". */
  readonly shape: string;
  /** What one call gets done, to show as a rate. */
  readonly work?: { readonly amount: number; readonly unit: "flop" | "byte" };
  /** Ours is meant to be at least so many times as fast, or as small. */
  readonly goal?: number;
  /** What a reader must know. */
  readonly note?: string;
  /** Repeats at most, where one takes very long. */
  readonly most?: number;
  /** What is measured, or why nothing can be here and what mends that. */
  readonly measure:
    | { readonly open: () => Promise<Contest> }
    | {
      readonly unit: SpeedUnit;
      readonly read: (repeats: number) => Promise<{ ours: Reading; alternative: Reading | null }>;
    }
    | { readonly skipped: string };
}

/** What a row's numbers count; less is better in all of them. */
export type SpeedUnit = "s" | "dispatches" | "submits" | "bytes";

/** What a picture of one size takes. */
export interface SizePoint {
  readonly height: number;
  readonly width: number;
  readonly seconds: number;
  /** Peak resident memory of the process. */
  readonly residentBytes: number;
  /** Peak memory on the device, buffers and textures; of what, its group says. */
  readonly deviceBytes: number;
}

/** Rows that belong together. */
export interface SpeedGroup {
  /** What `--only` takes. */
  readonly id: string;
  /** Generated datasets that must be there. */
  readonly datasets?: readonly string[];
  readonly title: string;
  /** What is compared and how, in a sentence or two. */
  readonly about: string;
  /** Its rows. May take a moment: the device must be ready. */
  cases?(): Promise<SpeedCase[]> | SpeedCase[];
  /** How time and memory grow with the picture, smallest first. */
  sizes?(): AsyncIterable<SizePoint>;
}
