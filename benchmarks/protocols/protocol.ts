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
import { unknownName } from "../../base/nearest.ts";
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
  /** How pictures are brought to size; `own` leaves it to the contender ({@link FlowContender.sizing}). */
  readonly padding: PaddingMode | "own";
  /** What heights and widths are made multiples of; 1 where the contender sees to it. */
  readonly multiple: number;
  /** Update iterations of methods that iterate; others disregard it. */
  readonly iterations: number;
  /**
   * Present where a pair starts from the flow of the pair before, moved along itself, as RAFT's
   * submission to Sintel does (`warm_start.ts`); each sequence starts from zero.
   */
  readonly warmStart?: true;
  /**
   * Which pixels count: those the dataset marks as valid, or all of them. RAFT's code scores Sintel
   * and FlyingChairs on all pixels, Sintel's occluded and out-of-frame ones included.
   */
  readonly validity: "dataset" | "all";
  /**
   * Present where predictions pass through a file format before they are scored: values outside the
   * range are clipped and what lies between two steps is cut down to the lower one. In pixels.
   */
  readonly clipping?: Clipping;
  /**
   * Present where a prediction may leave pixels out, which are then filled in as KITTI's devkit does
   * (`background.ts`). Elsewhere such a prediction is an error.
   */
  readonly holes?: "kitti";
  /** The metric to quote, and how it averages (the metric's own averaging, for people). */
  readonly headline: { readonly metric: FlowMetric; readonly averaging: "per image" | "pooled" };
}

/** The values a file format can hold, in pixels. */
export interface Clipping {
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

const EPE_POOLED = { metric: "epePooled", averaging: "pooled" } as const;
const EPE_PER_IMAGE = { metric: "epe", averaging: "per image" } as const;
const FL_POOLED = { metric: "fl", averaging: "pooled" } as const;

/** KITTI's 16-bit PNG: (0…65535 - 32768) / 64, cut down as its devkit's writer does. */
const KITTI_PNG: Clipping = { least: -512, most: 65535 / 64 - 512, step: 1 / 64 };

/** Most update iterations of a protocol or prediction; RAFT's paper goes up to 200. */
export const MOST_ITERATIONS = 1000;

/** What RAFT's `evaluate.py` does. */
const raft = { padding: "sintel", multiple: 8 } as const;
/** What PWC-Net's released code does: one pass over pictures resized to multiples of 64. */
const pwc = { padding: "resize", multiple: 64, iterations: 1 } as const;
/** A benchmark's own view of a method: what it gives for the pictures as they are. */
const own = { padding: "own", multiple: 1 } as const;

/**
 * The protocols by id. Those that end in `-raft` and `-pwc` do what these papers' code does; the
 * others score flows of the pictures' own size, however a method got there.
 */
export const FLOW_PROTOCOLS: Readonly<Record<string, FlowProtocol>> = byId([
  {
    id: "sintel-raft",
    version: 1,
    summary: "32 iterations, padding split on all sides, EPE over all pixels of all frames",
    ...raft,
    iterations: 32,
    validity: "all",
    headline: EPE_POOLED,
  },
  {
    id: "sintel-raft-warm",
    version: 1,
    summary:
      "32 iterations from the flow of the pair before, padding split on all sides, EPE over " +
      "all pixels of all frames",
    ...raft,
    iterations: 32,
    warmStart: true,
    validity: "all",
    headline: EPE_POOLED,
  },
  {
    id: "sintel-pwc",
    version: 1,
    summary: "1 iteration, resized to multiples of 64, EPE over all pixels of all frames",
    ...pwc,
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
    id: "kitti15-pwc",
    version: 1,
    summary:
      "1 iteration, resized to multiples of 64, valid pixels only, EPE averaged per image, " +
      "Fl pooled; which average the paper's EPE is isn't known",
    ...pwc,
    validity: "dataset",
    headline: EPE_PER_IMAGE,
  },
  {
    id: "kitti15-devkit",
    version: 1,
    summary:
      "24 iterations, the method's own way to any size, flow as KITTI's PNG files hold it, " +
      "pixels left out filled in along rows, Fl over all valid pixels",
    ...own,
    iterations: 24,
    validity: "dataset",
    clipping: KITTI_PNG,
    holes: "kitti",
    headline: FL_POOLED,
  },
  {
    id: "kitti12-pwc",
    version: 1,
    summary:
      "1 iteration, resized to multiples of 64, valid pixels only, EPE averaged per image; " +
      "which average the paper's EPE is isn't known",
    ...pwc,
    validity: "dataset",
    headline: EPE_PER_IMAGE,
  },
  {
    id: "kitti12-devkit",
    version: 1,
    summary:
      "24 iterations, the method's own way to any size, flow as KITTI's PNG files hold it, " +
      "pixels left out filled in along rows, valid pixels only, share of errors over 3 px averaged " +
      "per image",
    ...own,
    iterations: 24,
    validity: "dataset",
    clipping: KITTI_PNG,
    holes: "kitti",
    headline: { metric: "out3", averaging: "per image" },
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
    id: "chairs-pwc",
    version: 1,
    summary: "1 iteration, resized to multiples of 64, EPE over all pixels",
    ...pwc,
    validity: "all",
    headline: EPE_POOLED,
  },
  {
    id: "chairs-val",
    version: 1,
    summary: "24 iterations, the method's own way to any size, EPE over all pixels",
    ...own,
    iterations: 24,
    validity: "all",
    headline: EPE_POOLED,
  },
  {
    id: "things-raft",
    version: 1,
    summary: "32 iterations, padding split on all sides, EPE over all valid pixels of all pairs; " +
      "our choice, RAFT publishes no FlyingThings3D numbers",
    ...raft,
    iterations: 32,
    validity: "dataset",
    headline: EPE_POOLED,
  },
  {
    id: "things-pwc",
    version: 1,
    summary:
      "1 iteration, resized to multiples of 64, EPE over all valid pixels of all pairs; our " +
      "choice, PWC-Net publishes no FlyingThings3D numbers",
    ...pwc,
    validity: "dataset",
    headline: EPE_POOLED,
  },
  {
    id: "middlebury-raft",
    version: 1,
    summary:
      "12 iterations, padding split on all sides, valid pixels only, EPE averaged per image; " +
      "our choice, RAFT publishes no Middlebury numbers",
    ...raft,
    iterations: 12,
    validity: "dataset",
    headline: EPE_PER_IMAGE,
  },
  {
    id: "middlebury-pwc",
    version: 1,
    summary:
      "1 iteration, resized to multiples of 64, valid pixels only, EPE averaged per image; " +
      "our choice, PWC-Net publishes no Middlebury numbers",
    ...pwc,
    validity: "dataset",
    headline: EPE_PER_IMAGE,
  },
  {
    id: "middlebury",
    version: 1,
    summary:
      "12 iterations, the method's own way to any size, valid pixels only, EPE and angular " +
      "error averaged per image, as Middlebury's table does",
    ...own,
    iterations: 12,
    validity: "dataset",
    headline: EPE_PER_IMAGE,
  },
  {
    id: "moving-shapes",
    version: 1,
    summary:
      "6 iterations, padding split on all sides, valid pixels only, EPE over all pixels; our choice",
    ...raft,
    iterations: 6,
    validity: "dataset",
    headline: EPE_POOLED,
  },
  {
    id: "moving-shapes-pwc",
    version: 1,
    summary:
      "1 iteration, resized to multiples of 64, valid pixels only, EPE over all pixels; our " +
      "choice",
    ...pwc,
    validity: "dataset",
    headline: EPE_POOLED,
  },
]);

/** Whose way of scoring a dataset is meant where nobody names a protocol. */
export type EvaluationConvention = "raft" | "pwc";

/** The protocols of the datasets that RAFT's and PWC-Net's code score differently. */
const SINTEL = { raft: "sintel-raft", pwc: "sintel-pwc" };
const THINGS = { raft: "things-raft", pwc: "things-pwc" };
const MOVING_SHAPES = { raft: "moving-shapes", pwc: "moving-shapes-pwc" };
/** Sparse data of a driving car; RAFT publishes no numbers but for KITTI 2015. */
const KITTI_15 = { raft: "kitti15-raft", pwc: "kitti15-pwc" };

/** Dataset id to protocol id. */
const DEFAULTS: Readonly<Record<string, Readonly<Record<EvaluationConvention, string>>>> = {
  "sintel-clean": SINTEL,
  "sintel-final": SINTEL,
  "kitti-2012": { raft: "kitti15-raft", pwc: "kitti12-pwc" },
  "kitti-2015": KITTI_15,
  "hd1k": KITTI_15,
  "flying-chairs": { raft: "chairs-raft", pwc: "chairs-pwc" },
  "flying-things-clean": THINGS,
  "flying-things-final": THINGS,
  "middlebury": { raft: "middlebury-raft", pwc: "middlebury-pwc" },
  "moving-shapes": MOVING_SHAPES,
  "moving-shapes-large": MOVING_SHAPES,
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
    throw unknownName("protocol", base || id, Object.keys(FLOW_PROTOCOLS));
  }
  return iterations === undefined ? protocol : withIterations(protocol, Number(iterations));
}

/**
 * The protocol a dataset is usually scored under.
 *
 * @param datasetId Registry name, for example `sintel-clean`.
 * @param convention Whose way of scoring; RAFT's unless told.
 * @throws {UsageError} When the dataset has none.
 */
export function defaultProtocol(
  datasetId: string,
  convention: EvaluationConvention = "raft",
): FlowProtocol {
  if (!Object.hasOwn(DEFAULTS, datasetId)) {
    const known = Object.keys(FLOW_PROTOCOLS).join(", ");
    throw new UsageError(
      `No usual protocol for dataset ${JSON.stringify(datasetId)}`,
      `Name one with --protocol: ${known}.`,
    );
  }
  return flowProtocol(DEFAULTS[datasetId][convention]);
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
    summary: protocol.summary.replace(
      /^\d+ iterations?/,
      `${iterations} iteration${iterations === 1 ? "" : "s"}`,
    ),
    iterations,
  };
}

/** What a record keeps of a protocol. */
export function protocolStamp(protocol: FlowProtocol): ProtocolStamp {
  return stampOf(protocol, protocol.headline.metric);
}

function byId(protocols: readonly FlowProtocol[]): Record<string, FlowProtocol> {
  return Object.fromEntries(protocols.map((protocol) => [protocol.id, protocol]));
}
