/**
 * Contenders: anything a flow protocol can score.
 *
 * @module
 */
import type { FlowField, Picture } from "../../base/arrays.ts";
import type { Evaluation } from "../record.ts";

/** A trained run, official weights, an ONNX file, or a classical or trivial baseline. */
export interface FlowContender {
  /** What a record keeps of the contender. */
  readonly stamp: Evaluation["contender"];
  /**
   * Predicts the flow from one picture to another.
   *
   * @param image1 [height, width, 3]; padded already, as the protocol says.
   * @param image2 The same shape.
   * @param iterations Numbers of update iterations, ascending and all different. One pass of the
   * largest number can serve them all; methods without iterations disregard the numbers.
   * @returns For each number, in order, the flow after that many iterations: [height, width, 2] in
   * pixels. A field may be shared between numbers but is never written to again.
   */
  predict(
    image1: Picture,
    image2: Picture,
    iterations: readonly number[],
  ): Promise<FlowField[]>;
  /** Frees what garbage collection does not reach. */
  dispose?(): void;
}
