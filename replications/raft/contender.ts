/**
 * RAFT as a contender: pictures in, flow out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { EnvironmentError } from "../../base/errors.ts";
import type { FlowContender } from "../../benchmarks/contenders/contender.ts";
import { largestBinding } from "../../nn/backend.ts";
import type { Raft } from "./model.ts";

/** A RAFT model on the device that protocols can score. */
export class RaftContender implements FlowContender {
  constructor(readonly raft: Raft, readonly stamp: FlowContender["stamp"]) {}

  /**
   * Flow from the first picture to the second, one field an iteration count.
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
    const { raft } = this;
    raft.batchNormMode.batchStatistics = false;
    const { flows, coarse } = tf.tidy(() =>
      raft.infer(toTensor(image1), toTensor(image2), iterations)
    );
    try {
      const fields: FlowField[] = [];
      for (const flow of flows) {
        fields.push(ndarray(await flow.data() as Float32Array, [height, width, 2]));
      }
      return fields;
    } finally {
      tf.dispose([flows, coarse]);
    }
  }

  /** The encoder's first feature map is the model's largest tensor. */
  private requireRoom(height: number, width: number): void {
    const { encoder, levels, radius } = this.raft.config;
    const stem = height / 2 * width / 2 * encoder[0];
    const windows = height / 8 * width / 8 * levels * (2 * radius + 2) ** 2;
    const bytes = 4 * Math.max(stem, windows);
    const limit = largestBinding();
    if (bytes > limit) {
      const mebibytes = (n: number) => Math.ceil(n / 2 ** 20);
      throw new EnvironmentError(
        `Cannot run this model on ${width}×${height} pictures: a feature map of ${
          mebibytes(bytes)
        } MiB exceeds the adapter's limit of ${mebibytes(limit)} MiB`,
        "Use smaller pictures or the small model.",
      );
    }
  }

  /** Frees the model. */
  dispose(): void {
    this.raft.dispose();
  }
}

function toTensor(picture: Picture): tf.Tensor4D {
  const [height, width] = picture.shape;
  return tf.tensor4d(Float32Array.from(packed(picture)), [1, height, width, 3]);
}
