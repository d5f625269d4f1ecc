/**
 * Contenders: anything a flow protocol can score.
 *
 * @module
 */
import type { FlowField, Picture } from "../../base/arrays.ts";
import type { MaskedFlow } from "../../datasets/formats/masked_flow.ts";
import type { Sizing } from "../protocols/padding.ts";
import type { Evaluation } from "../record.ts";

/** A trained run, official weights, an ONNX file, finished flow files, or a baseline. */
export interface FlowContender {
  /** What a record keeps of the contender. */
  readonly stamp: Evaluation["contender"];
  /**
   * What a reader must know of how this contender came to its flows, one sentence each; complete
   * once everything is scored.
   */
  readonly notes?: readonly string[];
  /**
   * How the contender's authors bring pictures of a dataset to size, for protocols that leave it to
   * the contender and for pictures of the user's (dataset ""). Absent where any size will do.
   */
  sizing?(dataset: string): Sizing;
  /**
   * Predicts the flow from one picture to another.
   *
   * @param image1 [height, width, 3]; brought to size already, as the protocol says.
   * @param image2 The same shape.
   * @param iterations Numbers of update iterations, ascending and all different. One pass of the
   * largest number can serve them all; methods without iterations disregard the numbers.
   * @returns For each number, in order, the flow after that many iterations: [height, width, 2] in
   * pixels, or coarser by a whole factor (and still in pixels of the pictures given), which is then
   * interpolated bilinearly. A field may be shared between numbers but is never written to again.
   */
  predict(
    image1: Picture,
    image2: Picture,
    iterations: readonly number[],
  ): Promise<FlowField[]>;
  /**
   * As {@link predict}, from a first guess; only methods that refine one have it.
   *
   * @param start Flow to start from, of the resolution and in the pixels that the method iterates
   * in; null for none.
   * @returns The flow, and the same flow at the resolution and in the pixels of `start`.
   */
  predictFrom?(
    image1: Picture,
    image2: Picture,
    iterations: number,
    start: FlowField | null,
  ): Promise<{ flow: FlowField; coarse: FlowField }>;
  /**
   * Told before anything is scored which samples will be asked for, in order.
   *
   * @throws {DataError} When it cannot serve them all; names those it cannot.
   */
  expect?(dataset: string, ids: readonly string[]): Promise<void>;
  /**
   * The flow of a sample that was computed elsewhere; a contender that has this is never asked to
   * predict.
   *
   * @throws {DataError} When there is no flow for it, or one of another size.
   */
  recall?(sample: RecalledSample): Promise<MaskedFlow>;
  /** Frees what garbage collection does not reach. */
  dispose?(): void;
}

/** A sample whose flow was computed elsewhere. */
export interface RecalledSample {
  /** Registry name of its dataset. */
  readonly dataset: string;
  /** Its id within the dataset. */
  readonly id: string;
  /** Rows of its pictures. */
  readonly height: number;
  /** Columns of its pictures. */
  readonly width: number;
}

/** How a contender wants a dataset's pictures where no protocol says it. */
export function sizingOf(contender: FlowContender, dataset: string): Sizing {
  return contender.sizing?.(dataset) ?? { padding: "none", multiple: 1 };
}
