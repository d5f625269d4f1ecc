/**
 * What the flow papers share: scoring under a protocol, baselines, predicting two pictures.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError, UsageError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { flowToColor } from "../base/flow_color.ts";
import { unknownName } from "../base/nearest.ts";
import { type FlowContender, sizingOf } from "../benchmarks/contenders/contender.ts";
import { farneback } from "../benchmarks/contenders/farneback.ts";
import { flowFolder, savePrediction } from "../benchmarks/contenders/flow_folder.ts";
import { channelOrders, onnxContender, pixelRanges } from "../benchmarks/contenders/onnx.ts";
import { zeroFlow } from "../benchmarks/contenders/zero.ts";
import { dataStamp } from "../benchmarks/data_stamp.ts";
import { evaluateFlow } from "../benchmarks/evaluate.ts";
import { pad } from "../benchmarks/protocols/padding.ts";
import {
  defaultProtocol,
  type EvaluationConvention,
  flowProtocol,
  withIterations,
} from "../benchmarks/protocols/protocol.ts";
import { writeFlo } from "../datasets/formats/flo.ts";
import { readPicture, writePng } from "../datasets/formats/picture.ts";
import { openDataset, splitVolume } from "../datasets/registry.ts";
import type {
  EvaluationRequest,
  ForeignSource,
  Prediction,
  PredictionRequest,
  Scored,
} from "./replication.ts";

/** The baselines of every flow paper. */
export const flowBaselines: readonly string[] = ["zero", "farneback"];

/**
 * A baseline by name.
 *
 * @throws {UsageError} For an unknown name, with the nearest one.
 */
export async function flowBaseline(name: string): Promise<FlowContender> {
  if (name === "zero") return zeroFlow();
  if (name === "farneback") return await farneback();
  throw unknownName("baseline", name, flowBaselines);
}

/**
 * An ONNX file or a folder of flow files as a contender.
 *
 * @throws {UsageError} For a range of pixels or an order of channels that doesn't exist.
 */
export async function foreignFlow(source: ForeignSource): Promise<FlowContender> {
  if (source.kind === "folder") return await flowFolder(source.path);
  const one = <T extends string>(value: string | undefined, choices: readonly T[]) => {
    const found = choices.find((choice) => choice === value);
    if (value === undefined || found !== undefined) return found;
    throw new UsageError(`Cannot use ${JSON.stringify(value)}: not one of ${choices.join(", ")}`);
  };
  return await onnxContender(source.path, {
    provider: source.onCpu ? "wasm" : "webgpu",
    pixels: one(source.pixels, pixelRanges),
    channels: one(source.channels, channelOrders),
  });
}

/**
 * Scores a flow contender on a dataset.
 *
 * @param convention Whose protocols are meant where the request names none; RAFT's unless told.
 */
export async function scoreFlow(
  contender: FlowContender,
  request: EvaluationRequest,
  convention?: EvaluationConvention,
): Promise<Scored> {
  const dataset = await openDataset(request.dataset, request.dataDir);
  const usual = request.protocol
    ? flowProtocol(request.protocol)
    : defaultProtocol(dataset.id, convention);
  const protocol = request.iterations ? withIterations(usual, request.iterations) : usual;
  const saveTo = request.saveTo && join(request.saveTo, dataset.id);
  if (saveTo) await requireEmpty(saveTo);
  const { evaluation, samples } = await evaluateFlow({
    contender,
    dataset,
    protocol,
    alsoAt: request.alsoAt,
    limit: request.limit,
    signal: request.signal,
    ...saveTo && { onPrediction: (id, flow) => savePrediction(saveTo, id, flow) },
    onSample: (done, total, epe) =>
      request.onSample?.(done, total, epe === null ? "" : `EPE ${epe.toFixed(3)}`),
  });
  return { evaluation, samples, data: dataStamp(dataset), notes: contender.notes };
}

/** Predictions of two models in one folder would be scored as one. */
async function requireEmpty(folder: string): Promise<void> {
  if (!await exists(folder)) return;
  for await (const _ of Deno.readDir(folder)) {
    const next = "Name another folder with --save-predictions, or delete what is in it.";
    throw new DataError(folder, "there are files in it already", next);
  }
}

/**
 * Bytes that a draw from a mix of datasets reads on average, before compression.
 *
 * @param mix Dataset names with split, and how often each of their pairs counts.
 */
export function bytesPerDraw(
  mix: readonly { readonly dataset: string; readonly repeat: number }[],
): number {
  let draws = 0, bytes = 0;
  for (const { dataset, repeat } of mix) {
    const { pairs, bytesPerPair } = splitVolume(dataset);
    draws += repeat * pairs;
    bytes += repeat * pairs * bytesPerPair;
  }
  return bytes / draws;
}

/** Iterations of a prediction where the user names none; the protocols of benchmarks have their own. */
const USUAL_ITERATIONS = 12;

/** Predicts the flow between two pictures of the user's and writes it. */
export async function predictFlow(
  contender: FlowContender,
  { pictures, out, image, iterations = USUAL_ITERATIONS }: PredictionRequest,
): Promise<Prediction> {
  const [first, second] = await Promise.all(pictures.map((path) => readPicture(path)));
  const [height, width] = first.shape;
  if (second.shape[0] !== height || second.shape[1] !== width) {
    throw new DataError(
      pictures[1],
      `it is ${second.shape[1]}×${second.shape[0]}, ${pictures[0]} is ${width}×${height}`,
      "Give two pictures of one size.",
    );
  }
  const { padding, multiple } = sizingOf(contender, "");
  const padded = [first, second].map((picture) => pad(picture, padding, multiple));
  const corner = padded.map(({ padded }) =>
    padded.hi(Math.min(64, padded.shape[0]), Math.min(64, padded.shape[1]))
  );
  await contender.predict(corner[0], corner[1], [1]); // compiles every pipeline
  const started = performance.now();
  const [flow] = await contender.predict(padded[0].padded, padded[1].padded, [iterations]);
  const seconds = (performance.now() - started) / 1000;
  const restored = padded[0].restore(flow);
  await writeFlo(out, restored);
  if (image) await writePng(image, flowToColor(restored).picture);
  return { out, image: image ?? null, width, height, iterations, seconds };
}
