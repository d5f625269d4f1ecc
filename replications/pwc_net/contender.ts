/**
 * PWC-Net as a contender: pictures in, flow out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { EnvironmentError } from "../../base/errors.ts";
import type { FlowContender } from "../../benchmarks/contenders/contender.ts";
import type { Sizing } from "../../benchmarks/protocols/padding.ts";
import { largestBinding } from "../../nn/backend.ts";
import { FINEST, type PwcNet } from "./model.ts";

/** A PWC-Net on the device that protocols can score. */
export class PwcNetContender implements FlowContender {
  constructor(readonly model: PwcNet, readonly stamp: FlowContender["stamp"]) {}

  /** Resized, as the released code does it; by its smallest pyramid a picture is a multiple of 64. */
  sizing(): Sizing {
    return { padding: "resize", multiple: this.model.multiple };
  }

  /**
   * Flow from the first picture to the second at a quarter of the resolution; one pass, whatever the
   * numbers of iterations.
   *
   * @throws {EnvironmentError} When the picture needs a buffer beyond the adapter's limit.
   */
  async predict(
    image1: Picture,
    image2: Picture,
    iterations: readonly number[],
  ): Promise<FlowField[]> {
    const [height, width] = image1.shape;
    this.requireRoom(height, width);
    const flow = tf.tidy(() => this.model.infer(toTensor(image1), toTensor(image2)));
    try {
      const [, h, w] = flow.shape;
      const field: FlowField = ndarray(await flow.data() as Float32Array, [h, w, 2]);
      return iterations.map(() => field);
    } finally {
      flow.dispose();
    }
  }

  /** Two maps compete for the largest: the pyramid's first, of both pictures, and the last decoder's. */
  private requireRoom(height: number, width: number): void {
    const { pyramid, radius, dense } = this.model.config;
    const first = 2 * pyramid[0] / 4;
    const widest = (2 * radius + 1) ** 2 + pyramid[FINEST - 1] + 4 +
      dense.reduce((sum, channels) => sum + channels, 0);
    const bytes = 4 * height * width * Math.max(first, widest / 4 ** FINEST);
    const limit = largestBinding();
    if (bytes > limit) {
      const mebibytes = (n: number) => Math.ceil(n / 2 ** 20);
      throw new EnvironmentError(
        `Cannot run this model on ${width}×${height} pictures: a feature map of ${
          mebibytes(bytes)
        } MiB exceeds the adapter's limit of ${mebibytes(limit)} MiB`,
        "Use smaller pictures.",
      );
    }
  }

  /** Frees the model. */
  dispose(): void {
    this.model.dispose();
  }
}

function toTensor(picture: Picture): tf.Tensor4D {
  const [height, width] = picture.shape;
  return tf.tensor4d(Float32Array.from(packed(picture)), [1, height, width, 3]);
}
