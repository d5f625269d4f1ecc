/**
 * The run record: everything the reports, comparisons and tables ever read about a run.
 *
 * `runs/<id>/record.json` holds one {@link RunRecord}; `runs/<id>/curves.jsonl` one
 * {@link CurvePoint} a line; `runs/<id>/samples.zarr` the per-sample results and the gallery.
 *
 * @module
 */
import { z } from "zod";

/** Version of the schema below; a reader refuses records from a later one. */
export const RECORD_SCHEMA = 1;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const finite = z.number();

/** How a number was made (see `benchmarks/protocols`). Numbers compare only at equal hashes. */
export const ProtocolStamp = z.strictObject({
  id: z.string(),
  version: z.number().int(),
  hash: digest,
  /** One sentence for people: padding, iterations, mask, averaging. */
  summary: z.string(),
  /** Name of the metric that is quoted under it; absent from records before it was kept. */
  quoted: z.string().optional(),
});
/** See {@link ProtocolStamp}. */
export type ProtocolStamp = z.infer<typeof ProtocolStamp>;

/** The data a run saw. */
export const DataStamp = z.strictObject({
  dataset: z.string(),
  split: z.string(),
  /** Digest of the store. */
  digest,
  samples: z.number().int(),
  licence: z.string(),
  source: z.string(),
});
/** See {@link DataStamp}. */
export type DataStamp = z.infer<typeof DataStamp>;

/** One contender scored on one dataset split under one protocol. */
export const Evaluation = z.strictObject({
  /** Unique within the record; names this evaluation's group in `samples.zarr`. */
  id: z.string(),
  contender: z.strictObject({
    kind: z.enum(["run", "weights", "baseline", "onnx", "folder"]),
    /** For people: "RAFT (demo recipe)", "RAFT (paper recipe, things)", "zero flow". */
    name: z.string(),
    /** SHA-256 of the weights, where there are any. */
    digest: digest.nullable(),
    parameters: z.number().int().nullable(),
    /** The stage whose last weights a run was scored with; absent where it was its own last ones. */
    stage: z.string().optional(),
  }),
  dataset: z.string(),
  split: z.string(),
  protocol: ProtocolStamp,
  samples: z.number().int(),
  /** Every metric and averaging convention by name; null where it has no value (empty mask). */
  metrics: z.record(z.string(), finite.nullable()),
  /** The main metrics after fewer or more update iterations than the protocol's. */
  byIteration: z.array(z.strictObject({
    iterations: z.number().int(),
    metrics: z.record(z.string(), finite.nullable()),
  })),
  /** Means of each video, where samples are frames of videos. */
  bySequence: z.array(z.strictObject({
    name: z.string(),
    samples: z.number().int(),
    metrics: z.record(z.string(), finite.nullable()),
  })).optional(),
  seconds: finite,
  /** What single samples cost, in the order of scoring; absent from records before it was kept. */
  cost: z.strictObject({
    /** Wall time of the predictions of each sample, at all iteration counts. */
    seconds: z.array(finite),
    /** Resident memory of the process after each sample. */
    residentBytes: z.array(finite),
  }).optional(),
  /**
   * Digest of the code that turned predictions into these numbers; absent from records before it
   * was kept, which see {@link scoringCode}.
   */
  benchmark: digest.optional(),
});
/** See {@link Evaluation}. */
export type Evaluation = z.infer<typeof Evaluation>;

/** The published "metric" that is the model's number of parameters: a fact, and no result. */
export const MODEL_SIZE = "parameters";

/** A number from the literature, with its source. */
export const PublishedNumber = z.strictObject({
  id: z.string(),
  dataset: z.string(),
  split: z.string(),
  /** Training data in the field's shorthand, for example "C+T". */
  training: z.string(),
  /** As the literature calls it, or {@link MODEL_SIZE}. */
  metric: z.string(),
  value: finite,
  unit: z.string(),
  lowerIsBetter: z.boolean(),
  source: z.string(),
  /** False: quoted from memory or a source nobody could check; shown as unverified. */
  verified: z.boolean(),
  /** Protocol it was made under, where that is not its dataset's usual one. */
  protocol: z.string().optional(),
});
/** See {@link PublishedNumber}. */
export type PublishedNumber = z.infer<typeof PublishedNumber>;

/** What a comparison with a published number came to. */
export const Verdict = z.enum([
  "reproduced",
  "better",
  "close",
  "not reproduced",
  "not comparable",
  "not run",
]);
/** See {@link Verdict}. */
export type Verdict = z.infer<typeof Verdict>;

/** A published number beside ours. */
export const PublishedComparison = z.strictObject({
  published: PublishedNumber,
  /** Our value in the same unit, or null where nothing of ours corresponds to it. */
  ours: finite.nullable(),
  /** The evaluation `ours` comes from. */
  evaluation: z.string().nullable(),
  verdict: Verdict,
  /** Why, in one sentence. */
  reason: z.string(),
  /** Bootstrap interval of `ours` over samples or videos, where their results were at hand. */
  interval: z.strictObject({
    low: finite,
    high: finite,
    /** Share of such intervals that hold the true mean, for example 0.95. */
    confidence: finite,
  }).optional(),
});
/** See {@link PublishedComparison}. */
export type PublishedComparison = z.infer<typeof PublishedComparison>;

/** The machine and the software a run used. */
export const Environment = z.strictObject({
  reflow: z.string(),
  /** Commit of the checkout, or null outside one. */
  commit: z.string().nullable(),
  /** Digest of every source file, which names the code even where the checkout is dirty. */
  code: digest,
  /**
   * Digest of the code that turned predictions into numbers when the run began; absent from records
   * before it was kept. See {@link scoringCode}.
   */
  benchmark: digest.optional(),
  deno: z.string(),
  v8: z.string(),
  os: z.string(),
  arch: z.string(),
  cores: z.number().int(),
  memoryBytes: z.number(),
  backend: z.string(),
  /** Ours, or TensorFlow.js' own to compare with; before there was a choice, ours. */
  kernels: z.enum(["tuned", "stock"]).default("tuned"),
  adapter: z.strictObject({
    vendor: z.string(),
    architecture: z.string(),
    device: z.string(),
    description: z.string(),
    maxStorageBufferBindingSize: z.number(),
    maxBufferSize: z.number(),
  }).nullable(),
  packages: z.record(z.string(), z.string()),
});
/** See {@link Environment}. */
export type Environment = z.infer<typeof Environment>;

/** What training did; absent from a run that only evaluates. */
export const Training = z.strictObject({
  recipe: z.string(),
  /** The resolved recipe, as data. */
  config: z.json(),
  configHash: digest,
  parameters: z.number().int(),
  stages: z.array(z.strictObject({
    name: z.string(),
    steps: z.number().int(),
    data: z.string(),
  })),
  /** Steps finished, of `totalSteps`. */
  steps: z.number().int(),
  totalSteps: z.number().int(),
  /** Wall time of all sessions together. */
  seconds: finite,
  /** Times the run was resumed. */
  resumed: z.number().int(),
  finalLoss: finite.nullable(),
  /** SHA-256 of the final weights file, `weights.safetensors` in the run's folder. */
  weights: digest.nullable(),
});
/** See {@link Training}. */
export type Training = z.infer<typeof Training>;

/** One execution of a replication. */
export const RunRecord = z.strictObject({
  schema: z.literal(RECORD_SCHEMA),
  /** Folder name under `runs/`. */
  id: z.string(),
  paper: z.strictObject({
    id: z.string(),
    title: z.string(),
    authors: z.string(),
    venue: z.string(),
    year: z.number().int(),
    arxiv: z.string(),
  }),
  status: z.enum(["running", "complete", "interrupted", "failed"]),
  /** What was run and at which scale, in words; the first thing a report says. */
  scale: z.string(),
  /** What a reader must know before trusting a number: shortcuts taken, settings changed. */
  notes: z.array(z.string()),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  seed: z.number().int(),
  /** Commands that redo the run. */
  commands: z.array(z.string()),
  environment: Environment,
  data: z.array(DataStamp),
  training: Training.nullable(),
  evaluations: z.array(Evaluation),
  comparisons: z.array(PublishedComparison),
});
/** See {@link RunRecord}. */
export type RunRecord = z.infer<typeof RunRecord>;

/**
 * Digest of the code that turned an evaluation's predictions into numbers, or undefined where the
 * record is older than such digests. Results under another one are history: they don't compare.
 */
export function scoringCode(
  { environment }: Pick<RunRecord, "environment">,
  evaluation: Evaluation,
): string | undefined {
  return evaluation.benchmark ?? environment.benchmark;
}

/** One point of a curve: the value of a named series at a training step. */
export interface CurvePoint {
  /** Finished training steps. */
  readonly step: number;
  /** Series and values, for example `{ loss: 1.2, "epe": 0.8, "learning rate": 1e-4 }`. */
  readonly values: Readonly<Record<string, number>>;
}

/** One gallery entry of an evaluation, as stored in `samples.zarr`. */
export interface GalleryEntry {
  /** Sample id. */
  readonly id: string;
  /** Why it is in the gallery: "first", "worst", "median". */
  readonly why: string;
}
