/**
 * The literature's names of optical flow's datasets and metrics, in ours.
 *
 * @module
 */
import type { Counterpart, Counterparts, Place } from "./counterpart.ts";
import { FLOW_METRICS, type FlowMetric } from "./metrics/flow.ts";
import {
  defaultProtocol,
  flowProtocol,
  protocolStamp,
  withIterations,
} from "./protocols/protocol.ts";
import type { PublishedNumber } from "./record.ts";

const SINTEL_CLEAN: Place = { dataset: "sintel-clean", split: "train", samples: 1041 };
const CHAIRS: Place = { dataset: "flying-chairs", split: "val", samples: 640 };
const SINTEL_FINAL: Place = { dataset: "sintel-final", split: "train", samples: 1041 };

/** The literature's dataset and split in our names. */
const PLACES = new Map<string, Place>(Object.entries({
  "MPI-Sintel clean, train": SINTEL_CLEAN,
  "MPI-Sintel clean, train (seen in training)": SINTEL_CLEAN,
  "MPI-Sintel final, train": SINTEL_FINAL,
  "MPI-Sintel final, train (seen in training)": SINTEL_FINAL,
  "KITTI-2015, train": { dataset: "kitti-2015", split: "train", samples: 200 },
  "KITTI-2012, train": { dataset: "kitti-2012", split: "train", samples: 194 },
  "FlyingChairs, validation": CHAIRS,
  "FlyingChairs, validation (640)": CHAIRS,
}));

/** What a published number measures: one of our metrics, after so many iterations if it says so. */
interface Measure {
  readonly metric: FlowMetric;
  /** What it may be as well: the source doesn't say how it averages. */
  readonly or?: FlowMetric;
  readonly iterations?: number;
}

/**
 * The literature's words for metrics. RAFT's code pools a plain "EPE" over all pixels; on pictures of
 * one size that are known throughout, as Sintel's and FlyingChairs', both averages are the same.
 */
const MEASURES = new Map<string, Measure>(Object.entries<Measure>({
  "EPE": { metric: "epePooled" },
  "EPE (pooled)": { metric: "epePooled" },
  "EPE (per-image average)": { metric: "epe" },
  "EPE (average not stated)": { metric: "epe", or: "epePooled" },
  "EPE after 1 update": { metric: "epePooled", iterations: 1 },
  "EPE after 8 updates": { metric: "epePooled", iterations: 8 },
  "EPE after 32 updates": { metric: "epePooled", iterations: 32 },
  "EPE after 200 updates": { metric: "epePooled", iterations: 200 },
  "Fl-all": { metric: "fl" },
  "Fl-all (per-image average)": { metric: "flPerImage" },
}));

/** Published numbers of optical flow. A split called test has no public ground truth. */
export const flowCounterparts: Counterparts = {
  samples: "pairs",
  hidden: ["test"],
  of: counterpartOf,
  averaged(metric, _evaluation, samples) {
    if (samples === undefined) return null;
    const { of, averaging } = FLOW_METRICS[metric as FlowMetric];
    return {
      over: "samples",
      values: samples.metrics[of],
      ...averaging === "pooled" && { weights: samples.metrics.pixels },
    };
  },
};

function counterpartOf(published: PublishedNumber): Counterpart | null {
  const place = PLACES.get(`${published.dataset}, ${published.split}`);
  const measure = MEASURES.get(published.metric);
  if (place === undefined || measure === undefined) return null;
  const usual = published.protocol === undefined
    ? defaultProtocol(place.dataset)
    : flowProtocol(published.protocol);
  const { iterations = usual.iterations, ...metrics } = measure;
  return {
    ...place,
    ...metrics,
    protocol: protocolStamp(withIterations(usual, iterations)),
    within: { protocol: protocolStamp(usual), iterations },
  };
}
