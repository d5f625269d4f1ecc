/**
 * Protocols of motion segmentation: which frames count, how they are averaged, and which of two groups
 * is the foreground.
 *
 * Guess What Moves takes, frame by frame, whichever group fits the ground truth better. That asks the
 * labels, so a choice without them is scored beside it: the group that covers less of the picture's
 * border, unless the contender says itself.
 *
 * @module
 */
import { type Mask, type NdArray, ndarray, packed } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import { unknownName } from "../../base/nearest.ts";
import type { SegmentationMetric } from "../metrics/segmentation.ts";
import type { ProtocolStamp } from "../record.ts";
import { stampOf } from "./stamp.ts";

/** How a segmentation number is made. */
export interface SegmentationProtocol {
  /** Registry name; people and scripts use it. */
  readonly id: string;
  /** Raised when the code behind the settings changes what comes out; old numbers then differ. */
  readonly version: number;
  /** One sentence for people. */
  readonly summary: string;
  /** Frames of each video that are left out at its beginning. */
  readonly skipFirst: number;
  /** Whether a video's last frame is left out (it has no flow to a successor), or alone counts. */
  readonly last: "counts" | "left out" | "alone";
  /** Share of a group above which a pixel belongs to it, after bilinear upsampling. */
  readonly threshold: number;
  /** How the label-free foreground is chosen where the contender does not say. */
  readonly rule: "less of the border";
  /** J where neither the truth nor the group has a pixel; DAVIS' 100 unless told. */
  readonly bothEmpty?: number;
  /** The metric to quote. */
  readonly headline: SegmentationMetric;
}

const shared = { version: 1, threshold: 0.5, rule: "less of the border" } as const;
/** What the official evaluation has in common on all datasets. */
const official = { ...shared, version: 2, last: "left out", bothEmpty: 0 } as const;
const BEST = "the better of two groups in each frame; a label-free choice beside it";

/** The protocols by id. Those named after Guess What Moves do what its evaluation does. */
export const SEGMENTATION_PROTOCOLS: Readonly<Record<string, SegmentationProtocol>> = byId([
  {
    ...official,
    id: "davis16-gwm",
    summary:
      `J and F of ${BEST}; each video without its first two frames and its last, mean of the ` +
      "videos' means",
    skipFirst: 2,
    headline: "j",
  },
  {
    ...official,
    id: "frames-gwm",
    summary: `J and F of ${BEST}; all annotated frames but each video's last, mean of all frames`,
    skipFirst: 0,
    headline: "jPerImage",
  },
  {
    ...shared,
    id: "moving-shapes-segments",
    summary: `J and F of ${BEST}; all frames, mean of the videos' means; our choice`,
    skipFirst: 0,
    last: "counts",
    headline: "j",
  },
  {
    ...shared,
    id: "moving-shapes-last-frames",
    summary: `J and F of ${BEST}; the last frame of each video; our choice, training leaves it out`,
    skipFirst: 0,
    last: "alone",
    headline: "j",
  },
]);

const DEFAULTS: Readonly<Record<string, string>> = {
  "davis-2016": "davis16-gwm",
  "segtrack-v2": "frames-gwm",
  "fbms-59": "frames-gwm",
  "moving-shapes": "moving-shapes-segments",
  "moving-shapes-large": "moving-shapes-segments",
};

/**
 * Looks a protocol up by its id.
 *
 * @throws {UsageError} When there is no such protocol.
 */
export function segmentationProtocol(id: string): SegmentationProtocol {
  if (Object.hasOwn(SEGMENTATION_PROTOCOLS, id)) return SEGMENTATION_PROTOCOLS[id];
  throw unknownName("segmentation protocol", id, Object.keys(SEGMENTATION_PROTOCOLS));
}

/**
 * The protocol a dataset is usually scored under.
 *
 * @throws {UsageError} When the dataset has none.
 */
export function usualSegmentationProtocol(datasetId: string): SegmentationProtocol {
  if (Object.hasOwn(DEFAULTS, datasetId)) return segmentationProtocol(DEFAULTS[datasetId]);
  throw new UsageError(
    `No usual segmentation protocol for dataset ${JSON.stringify(datasetId)}`,
    `Name one with --protocol: ${Object.keys(SEGMENTATION_PROTOCOLS).join(", ")}.`,
  );
}

/** What a record keeps of the protocol. */
export function segmentationStamp(protocol: SegmentationProtocol): ProtocolStamp {
  return stampOf(protocol, protocol.headline);
}

/** Both groups as masks of the asked size: bilinear upsampling, then the protocol's threshold. */
export function groupMasks(
  first: NdArray<Float32Array>,
  height: number,
  width: number,
  { threshold }: SegmentationProtocol,
): { first: Mask; second: Mask } {
  const shares = packed(resized(first, height, width));
  const mask = (test: (share: number) => boolean): Mask =>
    ndarray(Uint8Array.from(shares, (share) => test(share) ? 1 : 0), [height, width]);
  return {
    first: mask((share) => share > threshold),
    second: mask((share) => 1 - share > threshold),
  };
}

/** The group that covers less of the picture's border; of equals, the one that covers less in all. */
export function lessOfTheBorder({ first, second }: { first: Mask; second: Mask }) {
  const [a, b] = [first, second].map((mask) => ({
    border: countOf(mask, true),
    all: countOf(mask, false),
  }));
  return a.border < b.border || (a.border === b.border && a.all <= b.all) ? "first" : "second";
}

function countOf(mask: Mask, borderOnly: boolean): number {
  const [height, width] = mask.shape;
  const values = packed(mask);
  return values.reduce((sum, value, at) => {
    const y = Math.floor(at / width), x = at % width;
    const outer = y === 0 || x === 0 || y === height - 1 || x === width - 1;
    return sum + (outer || !borderOnly ? value : 0);
  }, 0);
}

/** Bilinear resizing with pixel centres at halves, as PyTorch's without aligned corners. */
export function resized(
  map: NdArray<Float32Array>,
  height: number,
  width: number,
): NdArray<Float32Array> {
  const [h, w] = map.shape;
  if (h === height && w === width) return map;
  const values = packed(map);
  const axis = (from: number, to: number) =>
    Array.from({ length: to }, (_, i) => {
      const place = Math.max(0, (i + 0.5) * from / to - 0.5);
      const low = Math.min(from - 1, Math.floor(place));
      return { low, high: Math.min(from - 1, low + 1), t: place - low };
    });
  const rows = axis(h, height), columns = axis(w, width);
  const out = new Float32Array(height * width);
  for (let y = 0, at = 0; y < height; y++) {
    const above = rows[y].low * w, below = rows[y].high * w, down = rows[y].t;
    for (const { low, high, t } of columns) {
      const top = values[above + low] * (1 - t) + values[above + high] * t;
      const bottom = values[below + low] * (1 - t) + values[below + high] * t;
      out[at++] = top * (1 - down) + bottom * down;
    }
  }
  return ndarray(out, [height, width]);
}

function byId(protocols: readonly SegmentationProtocol[]): Record<string, SegmentationProtocol> {
  return Object.fromEntries(protocols.map((protocol) => [protocol.id, protocol]));
}
