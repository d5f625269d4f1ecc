/**
 * RAFT as a contender: pictures in, flow out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { EnvironmentError } from "../../base/errors.ts";
import type { FlowContender } from "../../benchmarks/contenders/contender.ts";
import type { Sizing } from "../../benchmarks/protocols/padding.ts";
import { largestBinding } from "../../nn/backend.ts";
import type { Raft } from "./model.ts";

/** A RAFT model on the device that protocols can score. */
export class RaftContender implements FlowContender {
  constructor(readonly raft: Raft, readonly stamp: FlowContender["stamp"]) {}

  /** As RAFT's `evaluate.py` pads: KITTI's pictures (and HD1K's, alike) at the bottom. */
  sizing(dataset: string): Sizing {
    return { padding: /^(kitti|hd1k)/.test(dataset) ? "kitti" : "sintel", multiple: 8 };
  }

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
    const { flows, coarse } = this.infer(image1, image2, iterations, null);
    coarse.dispose();
    return await fields(flows);
  }

  /** As {@link predict}, from a flow at 1/8 resolution (RAFT's `flow_init`). */
  async predictFrom(
    image1: Picture,
    image2: Picture,
    iterations: number,
    start: FlowField | null,
  ): Promise<{ flow: FlowField; coarse: FlowField }> {
    const { flows, coarse } = this.infer(image1, image2, [iterations], start);
    const [flow, next] = await fields([...flows, coarse]);
    return { flow, coarse: next };
  }

  private infer(
    image1: Picture,
    image2: Picture,
    iterations: readonly number[],
    start: FlowField | null,
  ): ReturnType<Raft["infer"]> {
    const [height, width] = image1.shape;
    this.requireRoom(height, width);
    this.raft.batchNormMode.batchStatistics = false;
    return tf.tidy(() => {
      const initial = start && tf.tensor4d(packed(start), [1, height / 8, width / 8, 2]);
      return this.raft.infer(toTensor(image1), toTensor(image2), iterations, initial ?? undefined);
    });
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

/** Reads flows back to the host and frees them. */
async function fields(flows: readonly tf.Tensor4D[]): Promise<FlowField[]> {
  try {
    const read: FlowField[] = [];
    for (const flow of flows) {
      const [, height, width] = flow.shape;
      read.push(ndarray(await flow.data() as Float32Array, [height, width, 2]));
    }
    return read;
  } finally {
    tf.dispose(flows as tf.Tensor4D[]);
  }
}
