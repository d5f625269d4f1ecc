/**
 * The classical baseline: Farnebäck's dense flow ("Two-frame motion estimation based on polynomial
 * expansion", SCIA 2003) as OpenCV computes it.
 *
 * OpenCV comes as WebAssembly, needs neither network nor permissions, and is the reference that
 * others measure against; it takes about half a second to load, which happens on first use.
 *
 * @module
 */
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import type { FlowContender } from "./contender.ts";

/** Settings of `calcOpticalFlowFarneback`: 5x5 polynomials in a Gaussian window of 31 pixels. */
const PYRAMID_SCALE = 0.5;
const LEVELS = 6;
const WINDOW = 31;
const ITERATIONS = 3;
const POLYNOMIAL_SIZE = 5;
const POLYNOMIAL_SIGMA = 1.1;

/** Loads OpenCV and makes the contender. It has no update iterations in a protocol's sense. */
export async function farneback(): Promise<FlowContender> {
  const cv = await (await import("@techstark/opencv-js")).default;

  function grey(picture: Picture) {
    const [height, width] = picture.shape;
    using colour = disposable(new cv.Mat(height, width, cv.CV_8UC3));
    colour.mat.data.set(packed(picture));
    const grey = new cv.Mat();
    cv.cvtColor(colour.mat, grey, cv.COLOR_RGB2GRAY);
    return disposable(grey);
  }

  function flowBetween(image1: Picture, image2: Picture): FlowField {
    const [height, width] = image1.shape;
    using first = grey(image1);
    using second = grey(image2);
    using flow = disposable(new cv.Mat());
    cv.calcOpticalFlowFarneback(
      first.mat,
      second.mat,
      flow.mat,
      PYRAMID_SCALE,
      LEVELS,
      WINDOW,
      ITERATIONS,
      POLYNOMIAL_SIZE,
      POLYNOMIAL_SIGMA,
      cv.OPTFLOW_FARNEBACK_GAUSSIAN,
    );
    return ndarray(Float32Array.from(flow.mat.data32F), [height, width, 2]);
  }

  return {
    stamp: { kind: "baseline", name: "Farnebäck (OpenCV 5.0)", digest: null, parameters: 0 },
    predict(image1, image2, iterations) {
      const flow = flowBetween(image1, image2);
      return Promise.resolve(iterations.map(() => flow));
    },
  };
}

/** Ties a matrix, which lives outside the garbage collector's reach, to a scope. */
function disposable<M extends { delete(): void }>(mat: M): { mat: M } & Disposable {
  return { mat, [Symbol.dispose]: () => mat.delete() };
}
