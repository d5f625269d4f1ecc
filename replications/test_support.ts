/**
 * What tests of replications share: a model that was scored, and tiny videos.
 *
 * @module
 */
import type { Picture } from "../base/arrays.ts";
import {
  defaultProtocol,
  type EvaluationConvention,
  protocolStamp,
} from "../benchmarks/protocols/protocol.ts";
import type { MaskedVideos } from "../datasets/sample.ts";
import type { Scored } from "./replication.ts";

/** A model of so many parameters, scored on all of Sintel's clean pass. */
export function scoredOnSintel(
  parameters: number,
  epePooled: number,
  convention: EvaluationConvention,
): Scored {
  const dataset = "sintel-clean", split = "train", samples = 1041;
  return {
    evaluation: {
      id: "it",
      contender: { kind: "weights", name: "it", digest: null, parameters },
      ...{ dataset, split, samples },
      protocol: protocolStamp(defaultProtocol(dataset, convention)),
      metrics: { epePooled },
      byIteration: [],
      seconds: 1,
    },
    samples: { ids: [], metrics: { epe: new Float64Array() }, gallery: [] },
    data: { dataset, split, digest: "", samples, licence: "", source: "" },
  };
}

/**
 * Two videos without masks, `a` and `b`.
 *
 * @param frames How many each has.
 * @param picture Frame `index` of both together.
 */
export function tinyVideos(
  [a, b]: readonly [number, number],
  picture: (index: number) => Picture,
): MaskedVideos {
  return {
    id: "tiny",
    split: "val",
    digest: "a".repeat(64),
    length: a + b,
    videos: [{ name: "a", first: 0, frames: a }, { name: "b", first: a, frames: b }],
    read: (index) => Promise.resolve({ id: `${index}`, image: picture(index), mask: null }),
  };
}
