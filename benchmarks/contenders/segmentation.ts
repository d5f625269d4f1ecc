/**
 * Contenders that split a frame into what moves and what doesn't.
 *
 * @module
 */
import type { FlowField, NdArray, Picture } from "../../base/arrays.ts";
import type { Evaluation } from "../record.ts";

/** A frame to be segmented. */
export interface SegmentationInput {
  readonly image: Picture;
  /**
   * Flow to the next frame, in pixels and of the image's size. Methods that look at one picture must
   * not ask for it.
   *
   * @throws {DataError} When there is none.
   */
  flow(): Promise<FlowField>;
}

/** A frame in two groups. */
export interface Segmentation {
  /** Share of the first group at each pixel, [height, width], 0 to 1; of any size. */
  readonly first: NdArray<Float32Array>;
  /** Which group is foreground, where the method says so itself; else the protocol's rule decides. */
  readonly foreground: "first" | "second" | null;
  /** The segments the groups were made of, for pictures: shares [height, width, segments]. */
  readonly segments?: NdArray<Float32Array>;
}

/** Anything a segmentation protocol can score. */
export interface SegmentationContender {
  /** What a record keeps of the contender. */
  readonly stamp: Evaluation["contender"];
  /** Splits a frame. */
  segment(input: SegmentationInput): Promise<Segmentation>;
  /** Frees what garbage collection does not reach. */
  dispose?(): void;
}
