/**
 * The trivial baseline: nothing moves.
 *
 * @module
 */
import { ndarray } from "../../base/arrays.ts";
import type { FlowContender } from "./contender.ts";

/** A contender whose flow is zero; its end-point error is the mean length of the true flow. */
export function zeroFlow(): FlowContender {
  return {
    stamp: { kind: "baseline", name: "zero flow", digest: null, parameters: 0 },
    predict({ shape: [height, width] }, _image2, iterations) {
      const flow = ndarray(new Float32Array(height * width * 2), [height, width, 2]);
      return Promise.resolve(iterations.map(() => flow));
    },
  };
}
