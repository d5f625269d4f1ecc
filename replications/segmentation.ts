/**
 * What papers that segment videos share: scoring under a protocol, and baselines.
 *
 * @module
 */
import { type FlowField, ndarray, packed } from "../base/arrays.ts";
import { exists } from "../base/files.ts";
import { unknownName } from "../base/nearest.ts";
import type { SegmentationContender } from "../benchmarks/contenders/segmentation.ts";
import {
  centerBox,
  constantMotion,
  everything,
  movingPixels,
} from "../benchmarks/contenders/segmentation_baselines.ts";
import { dataStamp } from "../benchmarks/data_stamp.ts";
import { evaluateSegmentation } from "../benchmarks/evaluate_segmentation.ts";
import {
  segmentationProtocol,
  usualSegmentationProtocol,
} from "../benchmarks/protocols/segmentation.ts";
import type { MaskedVideos } from "../datasets/sample.ts";
import { openMaskedVideos } from "../datasets/registry.ts";
import { flowCachePath, openVideoFlow } from "./flow_cache.ts";
import type { EvaluationRequest, Scored } from "./replication.ts";

const makers: Readonly<Record<string, () => SegmentationContender>> = {
  "everything": everything,
  "centre-box": centerBox,
  "flow-magnitude": movingPixels,
  "constant-motion": constantMotion,
};

/** The baselines of every paper that segments. */
export const segmentationBaselines: readonly string[] = Object.keys(makers);

/**
 * A baseline by name.
 *
 * @throws {UsageError} For an unknown name, with the nearest one.
 */
export function segmentationBaseline(name: string): SegmentationContender {
  if (Object.hasOwn(makers, name)) return makers[name]();
  throw unknownName("baseline", name, segmentationBaselines);
}

/**
 * Flow of each frame to the next, to score with; undefined where there is none.
 *
 * A video's last frame has no next one. It gets the flow to the one before, turned around: what it
 * would be if everything went on moving as it did.
 *
 * @param howTo The command that computes it, for an error.
 */
export async function flowOfFrames(
  videos: MaskedVideos,
  dataDir: string,
  howTo: string,
): Promise<((index: number) => Promise<FlowField | null>) | undefined> {
  if (!videos.flow && !await exists(flowCachePath(videos, dataDir))) return undefined;
  const flow = await openVideoFlow(videos, dataDir, howTo);
  return async (index: number) => {
    const forward = await flow.read(index, 1);
    if (forward) return forward;
    const backward = await flow.read(index, -1);
    return backward && ndarray(packed(backward).map((value) => -value), backward.shape);
  };
}

/**
 * Scores a contender on a split of videos.
 *
 * @param flowCommand The command that computes the videos' flow, for an error.
 */
export async function scoreSegmentation(
  contender: SegmentationContender,
  request: EvaluationRequest,
  flowCommand: string,
): Promise<Scored> {
  const videos = await openMaskedVideos(request.dataset, request.dataDir);
  const protocol = request.protocol
    ? segmentationProtocol(request.protocol)
    : usualSegmentationProtocol(videos.id);
  const { evaluation, samples } = await evaluateSegmentation({
    contender,
    videos,
    protocol,
    flow: await flowOfFrames(videos, request.dataDir, flowCommand),
    flowCommand,
    limit: request.limit,
    signal: request.signal,
    onSample: (done, total, j) => request.onSample?.(done, total, `J ${j.toFixed(1)}`),
  });
  return { evaluation, samples, data: dataStamp(videos) };
}
