/**
 * The flows of a dataset's samples as a protocol wants them, from whoever predicts them.
 *
 * @module
 */
import { type FlowField, type Mask, packed, type Picture } from "../base/arrays.ts";
import { DataError, UsageError } from "../base/errors.ts";
import type { FlowDataset, FlowSample } from "../datasets/sample.ts";
import { type FlowContender, sizingOf } from "./contenders/contender.ts";
import { fillBackground } from "./protocols/background.ts";
import { pad } from "./protocols/padding.ts";
import type { FlowProtocol } from "./protocols/protocol.ts";
import { follows, forwardInterpolate } from "./protocols/warm_start.ts";

/** Asks one contender for the flows of a dataset's samples, in order, as a protocol wants them. */
export class Predictions {
  /** Of a warm start: the sample before, and by number of iterations the flow to go on from. */
  private before: { id: string; starts: Map<number, FlowField> } | null = null;

  /**
   * Asks a contender.
   *
   * @param iterations Ascending and all different.
   * @throws {UsageError} When the protocol starts pairs from flows and the contender cannot.
   */
  constructor(
    private readonly contender: FlowContender,
    private readonly dataset: FlowDataset,
    private readonly protocol: FlowProtocol,
    private readonly iterations: readonly number[],
  ) {
    const { kind, name } = contender.stamp;
    const refines = contender.predictFrom !== undefined || contender.recall !== undefined ||
      kind === "baseline";
    if (protocol.warmStart && !refines) {
      throw new UsageError(
        `Cannot score ${name} under ${protocol.id}: it cannot start from a flow it is given`,
        "Choose a protocol without warm start.",
      );
    }
  }

  /**
   * The flow after each number of iterations, of the sample's own size.
   *
   * @throws {DataError} When a flow computed elsewhere is missing, or leaves pixels out.
   */
  async flows(sample: FlowSample): Promise<FlowField[]> {
    const { contender, iterations, protocol } = this;
    const [height, width] = sample.image1.shape;
    if (contender.recall) {
      const { id } = sample, dataset = this.dataset.id;
      const { flow, valid } = await contender.recall({ dataset, id, height, width });
      const whole = this.withoutHoles(id, flow, valid);
      return iterations.map(() => whole);
    }
    const { padding, multiple } = protocol.padding === "own"
      ? sizingOf(contender, this.dataset.id)
      : { ...protocol, padding: protocol.padding };
    const { padded: image1, restore } = pad(sample.image1, padding, multiple);
    const { padded: image2 } = pad(sample.image2, padding, multiple);
    const flows = protocol.warmStart && contender.predictFrom
      ? await this.goOn(sample.id, image1, image2)
      : await contender.predict(image1, image2, iterations);
    if (flows.length !== iterations.length) {
      throw new TypeError(
        `${contender.stamp.name} gave ${flows.length} fields for ${iterations.length} requests`,
      );
    }
    return flows.map((flow) => {
      try {
        return restore(flow);
      } catch (error) {
        if (error instanceof TypeError) {
          error.message = `${contender.stamp.name} gave ${error.message}`;
        }
        throw error;
      }
    });
  }

  /** One pass for each number of iterations: each goes on from its own flow of the pair before. */
  private async goOn(id: string, image1: Picture, image2: Picture): Promise<FlowField[]> {
    const { before } = this;
    const starts = before && follows(id, before.id) ? before.starts : new Map<number, FlowField>();
    const next = new Map<number, FlowField>();
    const flows: FlowField[] = [];
    for (const count of this.iterations) {
      const start = starts.get(count) ?? null;
      const { flow, coarse } = await this.contender.predictFrom!(image1, image2, count, start);
      flows.push(flow);
      next.set(count, forwardInterpolate(coarse));
    }
    this.before = { id, starts: next };
    return flows;
  }

  /** A flow that was computed elsewhere, with what it leaves out filled in where that is the custom. */
  private withoutHoles(id: string, flow: FlowField, valid: Mask): FlowField {
    const mask = packed(valid);
    const missing = mask.reduce((count, known) => known === 0 ? count + 1 : count, 0);
    if (missing === 0) return flow;
    const { stamp: { name } } = this.contender;
    const filled = this.protocol.holes === "kitti" ? fillBackground(flow, valid) : null;
    if (filled) return filled;
    throw new DataError(
      `${name}, sample ${id}`,
      missing === mask.length
        ? "it leaves every pixel out"
        : `it leaves ${missing} of ${mask.length} pixels out, which ${this.protocol.id} doesn't allow`,
      this.protocol.holes ? "" : "Predict every pixel, or score it under kitti15-devkit.",
    );
  }
}
