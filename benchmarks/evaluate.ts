/**
 * Scores a contender on a dataset under a protocol.
 *
 * @module
 */
import { type FlowField, ndarray } from "../base/arrays.ts";
import { DataError, Interrupted, UsageError } from "../base/errors.ts";
import type { FlowDataset, FlowSample } from "../datasets/sample.ts";
import type { FlowContender } from "./contenders/contender.ts";
import { evaluationId } from "./evaluation_id.ts";
import { type Candidate, GalleryChooser } from "./gallery.ts";
import { FlowMetrics, type SampleMetrics, type ScoredFlow } from "./metrics/flow.ts";
import { Predictions } from "./predictions.ts";
import { clipped } from "./protocols/background.ts";
import { type FlowProtocol, protocolStamp } from "./protocols/protocol.ts";
import { follows } from "./protocols/warm_start.ts";
import type { Evaluation } from "./record.ts";
import type { GalleryPicture, SampleResults } from "./samples.ts";

/** What to score, on what, and how. */
export interface EvaluateOptions {
  /** Who predicts. */
  readonly contender: FlowContender;
  /** The split to score on. */
  readonly dataset: FlowDataset;
  /** How the number is made. */
  readonly protocol: FlowProtocol;
  /** Further numbers of update iterations to score at, for `byIteration`. */
  readonly alsoAt?: readonly number[];
  /** Scores only this many samples, the first ones; a published number then has no counterpart. */
  readonly limit?: number;
  /** Stops the evaluation between two samples. */
  readonly signal?: AbortSignal;
  /** Hears of each sample: samples done, samples in all, this one's EPE (null without valid pixels). */
  readonly onSample?: (done: number, total: number, epe: number | null) => void;
  /** Takes each sample's prediction, of the sample's own size, before it is scored. */
  readonly onPrediction?: (id: string, flow: FlowField) => Promise<void>;
  /** How many of the first and of the worst samples to keep whole, beside the median; usually 3. */
  readonly gallery?: number;
}

/**
 * Scores a contender on a dataset under a protocol, sample by sample.
 *
 * Memory does not grow with the dataset: per-sample numbers are kept for all samples, pictures only
 * for the gallery. The same contender and data give the same result but for what it
 * cost.
 *
 * @returns What the run record keeps, with `byIteration` in ascending order (empty without `alsoAt`,
 * else with the protocol's own iterations among them), and what `samples.zarr` keeps.
 * @throws {UsageError} When an option makes no sense, or a picture does not fit the protocol.
 * @throws {DataError} When the split is empty or a sample damaged.
 * @throws {ReflowError} When a prediction is not finite.
 * @throws {Interrupted} When `signal` says stop; nothing is kept then.
 */
export async function evaluateFlow(
  options: EvaluateOptions,
): Promise<{ evaluation: Evaluation; samples: SampleResults }> {
  const { contender, dataset, protocol, alsoAt = [], signal, onSample, onPrediction, gallery = 3 } =
    options;
  const total = sampleCount(dataset, options.limit);
  checkIterations(alsoAt);
  const iterations = [...new Set([...alsoAt, protocol.iterations])].sort((a, b) => a - b);
  const main = iterations.indexOf(protocol.iterations);

  const predictions = new Predictions(contender, dataset, protocol, iterations);
  if (dataset.ids) await contender.expect?.(dataset.id, dataset.ids.slice(0, total));
  const scores = iterations.map(() => new FlowMetrics());
  const perSample = new PerSample(total);
  const chooser = new GalleryChooser<GalleryPicture>(gallery);
  const cost = { seconds: [] as number[], residentBytes: [] as number[] };
  const started = performance.now();
  for (let index = 0; index < total; index++) {
    if (signal?.aborted) {
      throw new Interrupted(
        `Evaluation of ${contender.stamp.name} stopped after ${index} of ${total} samples`,
        "Run the same command again to start it over.",
      );
    }
    const sample = await dataset.read(index);
    const truth = truthOf(sample, protocol);
    const before = performance.now();
    const flows = await predictions.flows(sample);
    cost.seconds.push(Number(((performance.now() - before) / 1000).toPrecision(4)));
    cost.residentBytes.push(Deno.memoryUsage().rss);
    await onPrediction?.(sample.id, flows[main]);
    const scored = flows.map((flow) => asScored(flow, protocol));
    const own = scored.map((prediction, i) =>
      scores[i].add(sample.id, { prediction, ...truth })
    )[main];
    perSample.set(index, sample.id, own);
    chooser.offer(index, own.epe, candidate(sample, truth, scored[main]));
    onSample?.(index + 1, total, own.epe);
  }

  const seconds = (performance.now() - started) / 1000;

  const again = async (index: number) => {
    const predictions = new Predictions(contender, dataset, protocol, [protocol.iterations]);
    const { ids } = perSample;
    let first = index;
    while (protocol.warmStart && first > 0 && follows(ids[first], ids[first - 1])) first--;
    for (; first < index; first++) await predictions.flows(await dataset.read(first));
    const sample = await dataset.read(index);
    const [flow] = await predictions.flows(sample);
    return candidate(sample, truthOf(sample, protocol), asScored(flow, protocol));
  };
  const pictures = await chooser.choose(again);
  return {
    evaluation: {
      id: evaluationId(contender.stamp, dataset, protocol),
      contender: contender.stamp,
      dataset: dataset.id,
      split: dataset.split,
      protocol: protocolStamp(protocol),
      samples: total,
      metrics: scores[main].summary(),
      byIteration: alsoAt.length === 0 ? [] : iterations.map((iterations, i) => ({
        iterations,
        metrics: scores[i].summary(),
      })),
      seconds,
      cost,
    },
    samples: { ids: perSample.ids, metrics: perSample.metrics, gallery: pictures },
  };
}

/** A flow as the protocol's file format would hold it. */
function asScored(flow: FlowField, { clipping }: FlowProtocol): FlowField {
  return clipping ? clipped(flow, clipping) : flow;
}

type Truth = Omit<ScoredFlow, "prediction">;

function truthOf(sample: FlowSample, { validity }: FlowProtocol): Truth {
  const { flow: truth, occluded } = sample;
  const [height, width] = truth.shape;
  const valid = validity === "dataset"
    ? sample.valid
    : ndarray(new Uint8Array(height * width).fill(1), [height, width]);
  return { truth, valid, occluded };
}

function candidate(sample: FlowSample, truth: Truth, prediction: FlowField): Candidate {
  const { id, image1, image2 } = sample;
  return { id, image1, image2, truth: truth.truth, valid: truth.valid, prediction };
}

/** One array a metric, one value a sample. */
class PerSample {
  readonly ids: string[] = [];
  readonly metrics: Record<string, Float64Array> = {};

  constructor(private readonly total: number) {}

  set(index: number, id: string, values: SampleMetrics): void {
    this.ids.push(id);
    for (const [name, value] of Object.entries(values)) {
      this.metrics[name] ??= new Float64Array(this.total).fill(NaN);
      this.metrics[name][index] = value ?? NaN;
    }
  }
}

function sampleCount(dataset: FlowDataset, limit = Infinity): number {
  if (!(limit === Infinity || Number.isSafeInteger(limit)) || limit < 1) {
    throw new UsageError(`Cannot score ${limit} samples: not a positive whole number`);
  }
  if (dataset.length === 0) {
    throw new DataError(`${dataset.id}:${dataset.split}`, "the split holds no samples");
  }
  return Math.min(dataset.length, limit);
}

function checkIterations(numbers: readonly number[]): void {
  for (const n of numbers) {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new UsageError(`Cannot score at ${n} iterations: not a positive whole number`);
    }
  }
}
