/**
 * PWC-Net as a contender: pictures in, flow out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { FlowField, Picture } from "../../base/arrays.ts";
import type { FlowContender } from "../../benchmarks/contenders/contender.ts";
import type { Sizing } from "../../benchmarks/protocols/padding.ts";
import { FLOW_PROTOCOLS } from "../../benchmarks/protocols/protocol.ts";
import { pictureTensor, requireRoom, takeFlows } from "../flow_tensors.ts";
import { FINEST, type PwcNet } from "./model.ts";

/** How to get pictures of a size that fits: the protocols that see to it. */
function nextStepTo(multiple: number): string {
  const fitting = Object.values(FLOW_PROTOCOLS).filter((protocol) =>
    protocol.padding === "own" || protocol.multiple % multiple === 0
  );
  return `Choose a protocol that sees to it: ${fitting.map(({ id }) => id).join(", ")}.`;
}

/** A PWC-Net on the device that protocols can score. */
export class PwcNetContender implements FlowContender {
  constructor(readonly model: PwcNet, readonly stamp: FlowContender["stamp"]) {}

  /** Resized, as the released code does it, to multiples of 2 to the number of levels: 64 there. */
  sizing(): Sizing {
    return { padding: "resize", multiple: this.model.multiple };
  }

  /**
   * Flow from the first picture to the second at a quarter of the resolution; one pass, whatever the
   * numbers of iterations.
   *
   * @throws {UsageError} When the pictures' size is no multiple of the model's.
   * @throws {EnvironmentError} When the picture needs a buffer beyond the adapter's limit.
   */
  async predict(
    image1: Picture,
    image2: Picture,
    iterations: readonly number[],
  ): Promise<FlowField[]> {
    const [height, width] = image1.shape;
    this.model.requireMultiple(height, width, nextStepTo(this.model.multiple));
    requireRoom(image1.shape, this.largestMap(image1.shape), "Use smaller pictures.");
    const flow = tf.tidy(() => this.model.infer(pictureTensor(image1), pictureTensor(image2)));
    const [field] = await takeFlows([flow]);
    return iterations.map(() => field);
  }

  /**
   * Numbers in the largest map. Two compete: the pyramid's first, of both pictures, and the last
   * decoder's.
   */
  private largestMap([height, width]: readonly number[]): number {
    const { pyramid, radius, dense } = this.model.config;
    const first = 2 * pyramid[0] / 4;
    const widest = (2 * radius + 1) ** 2 + pyramid[FINEST - 1] + 4 +
      dense.reduce((sum, channels) => sum + channels, 0);
    return height * width * Math.max(first, widest / 4 ** FINEST);
  }

  /** Frees the model. */
  dispose(): void {
    this.model.dispose();
  }
}
