/**
 * RAFT as a contender: pictures in, flow out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type FlowField, packed, type Picture } from "../../base/arrays.ts";
import type { FlowContender } from "../../benchmarks/contenders/contender.ts";
import type { Sizing } from "../../benchmarks/protocols/padding.ts";
import { pictureTensor, requireRoom, takeFlows } from "../flow_tensors.ts";
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
    return await takeFlows(flows);
  }

  /** As {@link predict}, from a flow at 1/8 resolution (RAFT's `flow_init`). */
  async predictFrom(
    image1: Picture,
    image2: Picture,
    iterations: number,
    start: FlowField | null,
  ): Promise<{ flow: FlowField; coarse: FlowField }> {
    const { flows, coarse } = this.infer(image1, image2, [iterations], start);
    const [flow, next] = await takeFlows([...flows, coarse]);
    return { flow, coarse: next };
  }

  private infer(
    image1: Picture,
    image2: Picture,
    iterations: readonly number[],
    start: FlowField | null,
  ): ReturnType<Raft["infer"]> {
    const [height, width] = image1.shape;
    const next = "Use smaller pictures or the small model.";
    requireRoom(image1.shape, this.largestMap(height, width), next);
    this.raft.batchNormMode.batchStatistics = false;
    return tf.tidy(() => {
      const initial = start && tf.tensor4d(packed(start), [1, height / 8, width / 8, 2]);
      const [first, second] = [image1, image2].map(pictureTensor);
      return this.raft.infer(first, second, iterations, initial ?? undefined);
    });
  }

  /** Numbers in the largest tensor: the encoder's first feature map, or what is looked up. */
  private largestMap(height: number, width: number): number {
    const { encoder, levels, radius } = this.raft.config;
    const stem = height / 2 * width / 2 * encoder[0];
    const windows = height / 8 * width / 8 * levels * (2 * radius + 2) ** 2;
    return Math.max(stem, windows);
  }

  /** Frees the model. */
  dispose(): void {
    this.raft.dispose();
  }
}
