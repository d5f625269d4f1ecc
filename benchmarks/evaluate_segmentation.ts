/**
 * Scores a contender's segmentation of videos under a protocol.
 *
 * @module
 */
import { type FlowField, type Mask, type NdArray, ndarray, packed } from "../base/arrays.ts";
import { DataError, Interrupted, ReflowError, UsageError } from "../base/errors.ts";
import type { MaskedFrame, MaskedVideos } from "../datasets/sample.ts";
import type { Segmentation, SegmentationContender } from "./contenders/segmentation.ts";
import { evaluationId } from "./evaluation_id.ts";
import { GalleryChooser } from "./gallery.ts";
import {
  boundaryF,
  type FrameScores,
  jaccard,
  SegmentationMetrics,
  segmentationQuantities,
} from "./metrics/segmentation.ts";
import {
  groupMasks,
  lessOfTheBorder,
  resized,
  type SegmentationProtocol,
  segmentationStamp,
} from "./protocols/segmentation.ts";
import type { Evaluation } from "./record.ts";
import type { SampleResults, SegmentationPicture } from "./samples.ts";

/** What to score, on what, and how. */
export interface EvaluateSegmentationOptions {
  /** Who segments. */
  readonly contender: SegmentationContender;
  /** The split to score on. */
  readonly videos: MaskedVideos;
  /** How the number is made. */
  readonly protocol: SegmentationProtocol;
  /** Flow from a frame to the next, for contenders that ask; null where there is none. */
  readonly flow?: (index: number) => Promise<FlowField | null>;
  /** The command that computes flow, for the error of a contender that asks in vain. */
  readonly flowCommand?: string;
  /** Scores only this many frames, the first ones; a published number then has no counterpart. */
  readonly limit?: number;
  /**
   * Takes the `limit` frames from all over the split instead, at even distances; those without a mask
   * drop out.
   */
  readonly spread?: boolean;
  /** Stops the evaluation between two frames. */
  readonly signal?: AbortSignal;
  /** Hears of each frame: frames done, frames in all, this one's label-free J. */
  readonly onSample?: (done: number, total: number, j: number) => void;
  /** How many of the first and of the worst frames to keep whole, beside the median; usually 3. */
  readonly gallery?: number;
}

type Candidate = Omit<SegmentationPicture, "why">;

/**
 * Scores a contender on a split of videos, frame by frame. Memory does not grow with the split.
 *
 * @returns What the run record keeps, and what `samples.zarr` keeps.
 * @throws {UsageError} When an option makes no sense.
 * @throws {DataError} When no frame of the split counts, or a frame is damaged.
 * @throws {ReflowError} When a segmentation is not finite.
 * @throws {Interrupted} When `signal` says stop; nothing is kept then.
 */
export async function evaluateSegmentation(
  options: EvaluateSegmentationOptions,
): Promise<{ evaluation: Evaluation; samples: SampleResults }> {
  const { contender, videos, protocol, signal, onSample, gallery = 3 } = options;
  const frames = await scoredFrames(options);
  const metrics = new SegmentationMetrics();
  const ids: string[] = [];
  const values: Record<string, Float64Array> = Object.fromEntries(
    segmentationQuantities.map((name) => [name, new Float64Array(frames.length)]),
  );
  const chooser = new GalleryChooser<SegmentationPicture>(gallery);
  const started = performance.now();
  for (const [done, { index, video }] of frames.entries()) {
    if (signal?.aborted) {
      throw new Interrupted(
        `Evaluation of ${contender.stamp.name} stopped after ${done} of ${frames.length} frames`,
        "Run the same command again to start it over.",
      );
    }
    const { scores, candidate, id } = await scoreFrame(index, options);
    metrics.add(video, scores);
    ids.push(id);
    for (const name of segmentationQuantities) values[name][done] = scores[name];
    chooser.offer(index, 100 - scores.jFree, candidate);
    onSample?.(done + 1, frames.length, scores.jFree);
  }
  const seconds = (performance.now() - started) / 1000;
  const again = async (index: number) => (await scoreFrame(index, options)).candidate;
  return {
    evaluation: {
      id: evaluationId(contender.stamp, videos, protocol),
      contender: contender.stamp,
      dataset: videos.id,
      split: videos.split,
      protocol: segmentationStamp(protocol),
      samples: frames.length,
      metrics: metrics.summary(),
      byIteration: [],
      bySequence: metrics.videos().map(({ name, frames, metrics }) => ({
        name,
        samples: frames,
        metrics: { ...metrics },
      })),
      seconds,
    },
    samples: { ids, metrics: values, gallery: [], segmentations: await chooser.choose(again) },
  };
}

/** The frames that count, in order. */
async function scoredFrames(
  { videos, protocol, limit = Infinity, spread = false }: EvaluateSegmentationOptions,
): Promise<{ index: number; video: string }[]> {
  if (!(limit === Infinity || Number.isSafeInteger(limit)) || limit < 1) {
    throw new UsageError(`Cannot score ${limit} frames: not a positive whole number`);
  }
  const counting = videos.videos.flatMap(({ name: video, first, frames }) => {
    const end = protocol.last === "left out" ? frames - 1 : frames;
    const start = protocol.last === "alone" ? frames - 1 : Math.min(protocol.skipFirst, end);
    return Array.from({ length: end - start }, (_, i) => ({ index: first + start + i, video }));
  });
  const candidates = spread ? evenly(counting, limit) : counting;
  const found: { index: number; video: string }[] = [];
  for (const frame of candidates) {
    if (found.length === limit) break;
    if ((await videos.read(frame.index)).mask !== null) found.push(frame);
  }
  if (found.length === 0) {
    throw new DataError(`${videos.id}:${videos.split}`, "no frame of it counts", protocol.summary);
  }
  return found;
}

/** So many of a list at even distances, the first among them. */
function evenly<T>(list: readonly T[], count: number): T[] {
  if (count >= list.length) return [...list];
  return Array.from({ length: count }, (_, i) => list[Math.floor(i * list.length / count)]);
}

async function scoreFrame(
  index: number,
  { contender, videos, protocol, flow, flowCommand }: EvaluateSegmentationOptions,
): Promise<{ id: string; scores: FrameScores; candidate: Candidate }> {
  const frame = await videos.read(index);
  const truth = frame.mask!;
  const [height, width] = truth.shape;
  const ofFrame = () => flow?.(index) ?? Promise.resolve(null);
  const segmentation = await contender.segment({
    image: frame.image,
    async flow() {
      const field = await ofFrame();
      if (field) return field;
      throw new DataError(
        `${videos.id} ${frame.id}`,
        `there is no flow for ${contender.stamp.name}`,
        flowCommand && `Compute it: ${flowCommand}`,
      );
    },
  });
  requireFinite(segmentation, frame.id, contender.stamp.name);
  const groups = groupMasks(segmentation.first, height, width, protocol);
  const free = segmentation.foreground ?? lessOfTheBorder(groups);
  const of = (mask: Mask) => jaccard(mask, truth, protocol.bothEmpty);
  const j = { first: of(groups.first), second: of(groups.second) };
  const best = j.first >= j.second ? "first" : "second";
  const scores = {
    j: j[best],
    f: boundaryF(groups[best], truth),
    jFree: j[free],
    fFree: boundaryF(groups[free], truth),
  };
  const shown = await ofFrame();
  const candidate = pictureOf(frame, truth, groups[free], segmentation, shown);
  return { id: frame.id, scores, candidate };
}

function requireFinite({ first }: Segmentation, id: string, name: string): void {
  if (packed(first).every(Number.isFinite)) return;
  throw new ReflowError(
    `Cannot score frame ${id}: the segmentation of ${name} is not finite`,
    "The model has diverged or its weights are damaged: use an earlier checkpoint.",
    1,
  );
}

function pictureOf(
  { id, image }: MaskedFrame,
  truth: Mask,
  prediction: Mask,
  { first, segments }: Segmentation,
  flow: FlowField | null,
): Candidate {
  const [height, width] = truth.shape;
  return {
    id,
    image,
    truth,
    prediction,
    segments: largestOf(segments ?? first, height, width),
    ...flow && { flow },
  };
}

/** Number of the largest of some shares at each pixel, resized. Of a single share, whether it is over half. */
function largestOf(shares: NdArray<Float32Array>, height: number, width: number): Mask {
  const count = shares.shape[2] ?? 1;
  const maps = Array.from({ length: count }, (_, k) => {
    const map = count === 1 && shares.shape.length === 2 ? shares : shares.pick(null, null, k);
    return packed(resized(map, height, width));
  });
  const labels = Uint8Array.from({ length: height * width }, (_, i) => {
    if (count === 1) return maps[0][i] > 0.5 ? 1 : 0;
    let most = 0;
    for (let k = 1; k < count; k++) if (maps[k][i] > maps[most][i]) most = k;
    return most;
  });
  return ndarray(labels, [height, width]);
}
