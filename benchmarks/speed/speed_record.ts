/**
 * The speed record: everything the page and the table ever read about a speed benchmark.
 *
 * @module
 */
import { z } from "zod";
import { DataError } from "../../base/errors.ts";
import { parseJson, refuseLater } from "../checked_json.ts";
import { Environment } from "../record.ts";

/** Version of the schema below; a reader refuses records from a later one. */
export const SPEED_SCHEMA = 2;

const amount = z.number().nonnegative();

/** What one contestant measured. */
export const Samples = z.strictObject({
  /** For people: "ours", "TensorFlow.js". */
  name: z.string(),
  /** In the row's unit, in the order of taking; a sample is the mean of its calls. */
  values: z.array(amount).min(1),
  median: amount,
  /** First quartile. */
  lower: amount,
  /** Third quartile. */
  upper: amount,
  min: amount,
});
/** See {@link Samples}. */
export type Samples = z.infer<typeof Samples>;

/** One piece of work. */
export const SpeedRow = z.strictObject({
  /** Id of its group. */
  group: z.string(),
  name: z.string(),
  shape: z.string(),
  unit: z.enum(["s", "dispatches", "submits", "bytes"]),
  /** What one call gets done. */
  work: z.strictObject({ amount, unit: z.enum(["flop", "byte"]) }).nullable(),
  /** Null where nothing was measured: the row is skipped or in error. */
  ours: Samples.nullable(),
  alternative: Samples.nullable(),
  /** The alternative's median over ours; quartiles of the ratios of samples taken side by side. */
  ratio: z.strictObject({ value: amount, lower: amount, upper: amount }).nullable(),
  /** The ratio that is wanted, at least. */
  goal: amount.nullable(),
  /** Ours against the expected result, before anything was timed. */
  agreement: z.strictObject({
    /** Whose result was expected. */
    with: z.string(),
    /**
     * Largest difference of any part of the result (a gradient, say) relative to that part's
     * largest number; null where it is no number.
     */
    difference: amount.nullable(),
    tolerance: amount,
  }).nullable(),
  note: z.string().nullable(),
  /** Why nothing was measured here, and what mends it. */
  skipped: z.string().nullable(),
  /** What is wrong: results differ, or a device error. Nothing was timed. */
  error: z.string().nullable(),
});
/** See {@link SpeedRow}. */
export type SpeedRow = z.infer<typeof SpeedRow>;

const law = z.strictObject({ exponent: z.number(), factor: amount, explained: z.number() });

/** How time and memory grow with the picture. */
export const SizeCurve = z.strictObject({
  group: z.string(),
  points: z.array(z.strictObject({
    height: z.number().int(),
    width: z.number().int(),
    seconds: amount,
    residentBytes: amount,
    deviceBytes: amount,
  })),
  /** Against pixels; null with fewer than two sizes. */
  fits: z.strictObject({
    seconds: law.nullable(),
    residentBytes: law.nullable(),
    deviceBytes: law.nullable(),
  }),
  /** Why a size is missing. */
  error: z.string().nullable(),
});
/** See {@link SizeCurve}. */
export type SizeCurve = z.infer<typeof SizeCurve>;

/** One run of the benchmark. */
export const SpeedRecord = z.strictObject({
  /** The first knew no bytes; it reads the same. */
  schema: z.literal([1, SPEED_SCHEMA]),
  /** Folder name under `runs/`. */
  id: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** Whether everything asked for was run; false after Ctrl-C. */
  complete: z.boolean(),
  /** The command that does it again. */
  command: z.string(),
  /** Samples of each contestant, unless a row has fewer. */
  repeats: z.number().int().positive(),
  environment: Environment,
  groups: z.array(z.strictObject({ id: z.string(), title: z.string(), about: z.string() })),
  rows: z.array(SpeedRow),
  sizes: z.array(SizeCurve),
});
/** See {@link SpeedRecord}. */
export type SpeedRecord = z.infer<typeof SpeedRecord>;

/**
 * Reads a speed record.
 *
 * @throws {DataError} When it is no JSON, of a later schema, or breaks its schema.
 */
export function parseSpeedRecord(text: string, path: string): SpeedRecord {
  const nextStep = "Run the benchmark again.";
  const value = parseJson(path, text, "", nextStep);
  refuseLater(path, value, SPEED_SCHEMA);
  const result = SpeedRecord.safeParse(value);
  if (result.success) return result.data;
  const [{ path: at, message }] = result.error.issues;
  throw new DataError(path, `${at.join(".")}: ${message}`, nextStep);
}

/** Rows and sizes at fault; with any, the benchmark as a whole has failed. */
export function faultsIn({ rows, sizes }: Pick<SpeedRecord, "rows" | "sizes">): string[] {
  return [
    ...rows.flatMap(({ group, name, shape, error }) =>
      error === null ? [] : [`${group}, ${name} ${shape}: ${error}`]
    ),
    ...sizes.flatMap(({ group, error }) => error === null ? [] : [`${group}: ${error}`]),
  ];
}
