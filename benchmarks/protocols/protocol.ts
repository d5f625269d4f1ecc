/**
 * Protocols: how a flow number is made, as data.
 *
 * "I don't get the paper's EPE" is the field's most common trouble, and its usual cause is the
 * protocol rather than the model: padding, iterations, the valid mask or the averaging. So each
 * of these is a typed setting here, all of them together have one hash, and two numbers compare only
 * at equal hashes.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { FlowMetric } from "../metrics/flow.ts";
import type { ProtocolStamp } from "../record.ts";
import type { PaddingMode } from "./padding.ts";
import { stampOf } from "./stamp.ts";

/** How a flow number is made. */
export interface FlowProtocol {
  /** Registry name; people and scripts use it. */
  readonly id: string;
  /** Raised when the code behind the settings changes what comes out; old numbers then differ. */
  readonly version: number;
  /** One sentence for people. */
  readonly summary: string;
  /** Where pictures are padded. */
  readonly padding: PaddingMode;
  /** What padded heights and widths are multiples of. */
  readonly multiple: number;
  /** Update iterations of methods that iterate; others disregard it. */
  readonly iterations: number;
  /**
   * Which pixels count: those the dataset marks as valid, or all of them. RAFT's code scores Sintel
   * and FlyingChairs on all pixels, Sintel's occluded and out-of-frame ones included.
   */
  readonly validity: "dataset" | "all";
  /** The metric to quote, and how it averages (the metric's own averaging, for people). */
  readonly headline: { readonly metric: FlowMetric; readonly averaging: "per image" | "pooled" };
}

const EPE_POOLED = { metric: "epePooled", averaging: "pooled" } as const;
const EPE_PER_IMAGE = { metric: "epe", averaging: "per image" } as const;

/** Most update iterations of a protocol or prediction; RAFT's paper goes up to 200. */
export const MOST_ITERATIONS = 1000;

/** The protocols by id. Those named after RAFT do what its `evaluate.py` does. */
export const FLOW_PROTOCOLS: Readonly<Record<string, FlowProtocol>> = byId([
  {
    id: "sintel-raft",
    version: 1,
    summary: "32 iterations, padding split on all sides, EPE over all pixels of all frames",
    padding: "sintel",
    multiple: 8,
    iterations: 32,
    validity: "all",
    headline: EPE_POOLED,
  },
  {
    id: "kitti15-raft",
    version: 1,
    summary:
      "24 iterations, rows padded at the bottom, valid pixels only, EPE averaged per image, Fl pooled",
    padding: "kitti",
    multiple: 8,
    iterations: 24,
    validity: "dataset",
    headline: EPE_PER_IMAGE,
  },
  {
    id: "chairs-raft",
    version: 1,
    summary: "24 iterations, no padding, EPE over all pixels",
    padding: "none",
    multiple: 8,
    iterations: 24,
    validity: "all",
    headline: EPE_POOLED,
  },
  {
    id: "things-raft",
    version: 1,
    summary: "32 iterations, padding split on all sides, EPE over all valid pixels of all pairs; " +
      "our choice, RAFT publishes no FlyingThings3D numbers",
    padding: "sintel",
    multiple: 8,
    iterations: 32,
    validity: "dataset",
    headline: EPE_POOLED,
  },
  {
    id: "middlebury-raft",
    version: 1,
    summary:
      "12 iterations, padding split on all sides, valid pixels only, EPE averaged per image; " +
      "our choice, RAFT publishes no Middlebury numbers",
    padding: "sintel",
    multiple: 8,
    iterations: 12,
    validity: "dataset",
    headline: EPE_PER_IMAGE,
  },
  {
    id: "moving-shapes",
    version: 1,
    summary:
      "6 iterations, padding split on all sides, valid pixels only, EPE over all pixels; our choice, " +
      "as many as the demo trains with",
    padding: "sintel",
    multiple: 8,
    iterations: 6,
    validity: "dataset",
    headline: EPE_POOLED,
  },
]);

/** Dataset id to protocol id. HD1K is sparse like KITTI, and RAFT publishes no HD1K numbers. */
const DEFAULTS: Readonly<Record<string, string>> = {
  "sintel-clean": "sintel-raft",
  "sintel-final": "sintel-raft",
  "kitti-2015": "kitti15-raft",
  "hd1k": "kitti15-raft",
  "flying-chairs": "chairs-raft",
  "flying-things-clean": "things-raft",
  "flying-things-final": "things-raft",
  "middlebury": "middlebury-raft",
  "moving-shapes": "moving-shapes",
  "moving-shapes-large": "moving-shapes",
};

/**
 * Looks a protocol up by its id; `sintel-raft@12` is `sintel-raft` with 12 iterations.
 *
 * @throws {UsageError} When there is no such protocol.
 */
export function flowProtocol(id: string): FlowProtocol {
  const [, base, iterations] = /^([^@]*)(?:@(\d+))?$/.exec(id) ?? [];
  const protocol = Object.hasOwn(FLOW_PROTOCOLS, base) ? FLOW_PROTOCOLS[base] : undefined;
  if (protocol === undefined) {
    const known = Object.keys(FLOW_PROTOCOLS);
    const meant = nearest(base ?? id, known);
    throw new UsageError(
      `There is no protocol named ${JSON.stringify(id)}`,
      meant === null ? `Known: ${known.join(", ")}` : `Did you mean "${meant}"?`,
    );
  }
  return iterations === undefined ? protocol : withIterations(protocol, Number(iterations));
}

/**
 * The protocol a dataset is usually scored under.
 *
 * @param datasetId Registry name, for example `sintel-clean`.
 * @throws {UsageError} When the dataset has none.
 */
export function defaultProtocol(datasetId: string): FlowProtocol {
  if (!Object.hasOwn(DEFAULTS, datasetId)) {
    const known = Object.keys(FLOW_PROTOCOLS).join(", ");
    throw new UsageError(
      `No usual protocol for dataset ${JSON.stringify(datasetId)}`,
      `Name one with --protocol: ${known}.`,
    );
  }
  return flowProtocol(DEFAULTS[datasetId]);
}

/**
 * The protocol with another number of iterations: another id (`sintel-raft@12`), another hash.
 *
 * @throws {UsageError} When the number is no integer from 1 to {@link MOST_ITERATIONS}.
 */
export function withIterations(protocol: FlowProtocol, iterations: number): FlowProtocol {
  if (!Number.isSafeInteger(iterations) || iterations < 1 || iterations > MOST_ITERATIONS) {
    throw new UsageError(
      `Cannot run ${iterations} iterations: not a whole number from 1 to ${MOST_ITERATIONS}`,
    );
  }
  const [id] = protocol.id.split("@");
  const known = [protocol, FLOW_PROTOCOLS[id]].find((p) => p?.iterations === iterations);
  if (known !== undefined) return known;
  return {
    ...protocol,
    id: `${id}@${iterations}`,
    summary: protocol.summary.replace(/^\d+ iterations?/, `${iterations} iterations`),
    iterations,
  };
}

/** What a record keeps of a protocol. */
export function protocolStamp(protocol: FlowProtocol): ProtocolStamp {
  return stampOf(protocol);
}

function byId(protocols: readonly FlowProtocol[]): Record<string, FlowProtocol> {
  return Object.fromEntries(protocols.map((protocol) => [protocol.id, protocol]));
}
