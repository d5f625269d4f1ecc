/**
 * The folder of one run, `runs/<id>/`: its record, its curves and its per-sample results.
 *
 *     record.json                  one RunRecord
 *     curves.jsonl                 one CurvePoint a line, in the order of training
 *     samples.zarr/<evaluation>/   one store an evaluation: numbers a sample, and a gallery
 *
 * `record.json` and the stores are replaced whole or not at all. `curves.jsonl` grows line by
 * line; a line cut off by a crash is dropped when the curves are read.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { z } from "zod";
import { type NdArray, ndarray, packed } from "../base/arrays.ts";
import { DataError, UsageError } from "../base/errors.ts";
import { exists, readTextOrNull, writeFileAtomic } from "../base/files.ts";
import {
  buildStore,
  type DType,
  openStore,
  type Store,
  type StoreWriter,
  type TypedArray,
} from "../datasets/store.ts";
import { check, parseJson, refuseLater } from "./checked_json.ts";
import { type CurvePoint, type GalleryEntry, RECORD_SCHEMA, RunRecord } from "./record.ts";
import type { GalleryPicture, SampleResults, SegmentationPicture } from "./samples.ts";

export type { GalleryPicture, SampleResults, SegmentationPicture } from "./samples.ts";

/** Names that are one harmless path component on every system. */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}$/;

const NAME_RULE = "Use up to 200 letters, digits and . _ @ + -, the first a letter or digit.";

const CurveLine: z.ZodType<CurvePoint> = z.strictObject({
  step: z.int().nonnegative(),
  values: z.record(z.string(), z.number()),
});

const SampleAttributes = z.strictObject({
  ids: z.array(z.string()),
  metrics: z.array(z.string()),
  gallery: z.array(z.strictObject({ id: z.string(), why: z.string() })),
  /** Of segmented frames, and whether there is flow with them. */
  segmentations: z.array(z.strictObject({ id: z.string(), why: z.string(), flow: z.boolean() }))
    .optional(),
});

/** The arrays of a gallery entry: element type and dimensions. */
const PICTURE_ARRAYS = {
  image1: { dtype: "uint8", dimensionNames: ["y", "x", "channel"] },
  image2: { dtype: "uint8", dimensionNames: ["y", "x", "channel"] },
  truth: { dtype: "float32", dimensionNames: ["y", "x", "uv"] },
  valid: { dtype: "uint8", dimensionNames: ["y", "x"] },
  prediction: { dtype: "float32", dimensionNames: ["y", "x", "uv"] },
} as const satisfies Record<Exclude<keyof GalleryPicture, keyof GalleryEntry>, Layout>;

/** The arrays of a segmented frame; `flow` only where there is any. */
const FRAME_ARRAYS = {
  image: { dtype: "uint8", dimensionNames: ["y", "x", "channel"] },
  truth: { dtype: "uint8", dimensionNames: ["y", "x"] },
  prediction: { dtype: "uint8", dimensionNames: ["y", "x"] },
  segments: { dtype: "uint8", dimensionNames: ["y", "x"] },
  flow: { dtype: "float32", dimensionNames: ["y", "x", "uv"] },
} as const satisfies Record<Exclude<keyof SegmentationPicture, keyof GalleryEntry>, Layout>;

const METRICS_ARRAY = { dtype: "float64", dimensionNames: ["metric", "sample"] } as const;

/** What is fixed of a stored array; its shape follows from the data. */
type Layout = { readonly dtype: DType; readonly dimensionNames: readonly string[] };

/** One run on disk. */
export class RunFolder {
  private constructor(
    /** The folder itself. */
    readonly path: string,
    /** The run's id, which is the folder's name. */
    readonly id: string,
  ) {}

  /**
   * Fails now, rather than after preparations, where {@link create} would.
   *
   * @throws {UsageError} When the id is no plain file name or the run exists.
   */
  static async requireFree(runsDir: string, id: string): Promise<void> {
    if (!SAFE_NAME.test(id)) {
      throw new UsageError(`Cannot name a run ${JSON.stringify(id)}: no plain name`, NAME_RULE);
    }
    if (await exists(join(runsDir, id))) {
      throw new UsageError(
        `Cannot make run ${id} in ${runsDir}: a run of this name exists`,
        "Resume it, or choose another id.",
      );
    }
  }

  /**
   * Makes the folder of a new run.
   *
   * @param runsDir Where runs live; made if absent.
   * @param id The run's name, see {@link newRunId}.
   * @throws {UsageError} When the id is no plain file name or the run exists.
   */
  static async create(runsDir: string, id: string): Promise<RunFolder> {
    await RunFolder.requireFree(runsDir, id);
    const path = join(runsDir, id);
    await Deno.mkdir(runsDir, { recursive: true });
    await Deno.mkdir(path); // not recursive: of two at the same time, one fails
    return new RunFolder(path, id);
  }

  /** As {@link create}, but with `-2` and so on after an id that is taken: ids end in seconds. */
  static async createNext(runsDir: string, id: string): Promise<RunFolder> {
    let next = id;
    for (let n = 2; await exists(join(runsDir, next)); n++) next = `${id}-${n}`;
    return await RunFolder.create(runsDir, next);
  }

  /**
   * Opens the folder of a run that exists.
   *
   * @param dir The run's folder.
   * @throws {DataError} When there is no such folder.
   */
  static async open(dir: string): Promise<RunFolder> {
    if (!await exists(dir)) {
      throw new DataError(
        dir,
        "there is no such run",
        "List the runs folder for the ids it holds.",
      );
    }
    const path = await Deno.realPath(dir);
    return new RunFolder(path, basename(path));
  }

  /**
   * Replaces the record.
   *
   * @throws {DataError} When the record breaks its own schema; the old one stays.
   */
  async writeRecord(record: RunRecord): Promise<void> {
    const path = join(this.path, "record.json");
    await writeFileAtomic(path, JSON.stringify(parseRecord(path, record), null, 2) + "\n");
  }

  /**
   * Reads and checks the record.
   *
   * @throws {DataError} When it is missing, no JSON, of a later schema, or breaks its schema.
   */
  async readRecord(): Promise<RunRecord> {
    const path = join(this.path, "record.json");
    const text = await readTextOrNull(path);
    if (text === null) {
      throw new DataError(path, "the run has no record", "Name a folder under runs/.");
    }
    return parseRecord(path, parseJson(path, text));
  }

  /**
   * Adds one point to the curves.
   *
   * @throws {DataError} When a value is not finite: a broken run must not leave a tidy curve.
   */
  async appendCurve(point: CurvePoint): Promise<void> {
    const path = this.curvesPath;
    const checked = check(CurveLine, point, path, `point of step ${point.step}`);
    await Deno.writeTextFile(path, JSON.stringify(checked) + "\n", { append: true });
  }

  /**
   * Reads the curves, without a last line that a crash cut off; empty before training.
   *
   * @throws {DataError} When another line is damaged.
   */
  async readCurves(): Promise<CurvePoint[]> {
    const path = this.curvesPath;
    const lines = (await readTextOrNull(path) ?? "").split("\n");
    // What follows the last line feed is empty, or was being written when the run ended.
    return lines.slice(0, -1).map((line, i) => {
      const where = `line ${i + 1}`;
      return check(CurveLine, parseJson(path, line, `${where}: `), path, where);
    });
  }

  /** Drops the points after `step`, so that a run resumed there writes each step once. */
  async truncateCurves(step: number): Promise<void> {
    const kept = (await this.readCurves()).filter((point) => point.step <= step);
    const text = kept.map((point) => JSON.stringify(point) + "\n").join("");
    await writeFileAtomic(this.curvesPath, text);
  }

  /**
   * Replaces the per-sample results of an evaluation.
   *
   * @param evaluationId `Evaluation.id` of the record; a plain file name.
   * @throws {DataError} When the id is no plain file name.
   * @throws {RangeError} When a metric does not have one value a sample.
   */
  async writeSamples(evaluationId: string, results: SampleResults): Promise<void> {
    const { ids, metrics, gallery, segmentations } = results;
    const names = Object.keys(metrics);
    const values = new Float64Array(names.length * ids.length);
    for (const [i, name] of names.entries()) {
      if (metrics[name].length !== ids.length) {
        const counts = `${metrics[name].length} values for ${ids.length} samples`;
        throw new RangeError(`Metric ${JSON.stringify(name)} has ${counts}`);
      }
      values.set(metrics[name], i * ids.length);
    }
    const entries = gallery.map(({ id, why }) => ({ id, why }));
    const frames = segmentations?.map(({ id, why, flow }) => ({
      id,
      why,
      flow: flow !== undefined,
    }));
    const attributes = {
      ids,
      metrics: names,
      gallery: entries,
      ...frames && { segmentations: frames },
    };
    await buildStore(this.samplesPath(evaluationId), attributes, async (store) => {
      const table = ndarray(values, [names.length, ids.length]);
      await writeArray(store, "metrics", METRICS_ARRAY, table);
      for (const [i, picture] of gallery.entries()) {
        for (const [name, layout] of Object.entries(PICTURE_ARRAYS)) {
          const view = picture[name as keyof typeof PICTURE_ARRAYS];
          await writeArray(store, `gallery/${i}/${name}`, layout, view);
        }
      }
      for (const [i, picture] of segmentations?.entries() ?? []) {
        for (const [name, layout] of Object.entries(FRAME_ARRAYS)) {
          const view = picture[name as keyof typeof FRAME_ARRAYS];
          if (view) await writeArray(store, `segmentations/${i}/${name}`, layout, view);
        }
      }
    }, { replace: true });
  }

  /**
   * Reads the per-sample results of an evaluation, or null where none were kept.
   *
   * @param pictures False leaves the gallery out.
   * @throws {DataError} When the store is damaged or holds something else.
   */
  async readSamples(evaluationId: string, pictures = true): Promise<SampleResults | null> {
    const path = this.samplesPath(evaluationId);
    if (!await exists(path)) return null;
    const store = await openStore(path, "Evaluate again.");
    const { ids, metrics, gallery, segmentations } = check(
      SampleAttributes,
      store.attributes,
      path,
      "attributes",
    );
    const table = packed(await readArray(store, "metrics", METRICS_ARRAY)) as Float64Array;
    if (table.length !== metrics.length * ids.length) {
      throw new DataError(
        path,
        "its metrics and samples do not belong together",
        "Evaluate again.",
      );
    }
    const column = (i: number) => table.slice(i * ids.length, (i + 1) * ids.length);
    const arraysOf = async (folder: string, layouts: readonly (readonly [string, Layout])[]) => {
      const arrays = layouts.map(async ([name, layout]) =>
        [name, await readArray(store, `${folder}/${name}`, layout)] as const
      );
      return Object.fromEntries(await Promise.all(arrays));
    };
    const shown = (pictures ? gallery : []).map(async (entry, i) => {
      const arrays = await arraysOf(`gallery/${i}`, Object.entries(PICTURE_ARRAYS));
      return { ...entry, ...arrays } as unknown as GalleryPicture;
    });
    const frames = (pictures ? segmentations : undefined)?.map(async ({ flow, ...entry }, i) => {
      const layouts = Object.entries(FRAME_ARRAYS).filter(([name]) => flow || name !== "flow");
      const arrays = await arraysOf(`segmentations/${i}`, layouts);
      return { ...entry, ...arrays } as unknown as SegmentationPicture;
    });
    return {
      ids,
      metrics: Object.fromEntries(metrics.map((name, i) => [name, column(i)])),
      gallery: await Promise.all(shown),
      ...frames && { segmentations: await Promise.all(frames) },
    };
  }

  /** Where the curves are. */
  private get curvesPath(): string {
    return join(this.path, "curves.jsonl");
  }

  /** Where an evaluation's samples are. */
  private samplesPath(evaluationId: string): string {
    return join(this.path, "samples.zarr", safeName(evaluationId, this.path));
  }
}

/**
 * A name for a new run that sorts by paper, recipe, seed and time, such as
 * `raft-demo-s0-20261122-101530`.
 *
 * @param now Start of the run; its UTC time is used.
 */
export function newRunId(paper: string, recipe: string, seed: number, now: Date): string {
  return `${paper}-${recipe}-s${seed}-${timeStamp(now)}`;
}

/** A UTC time as part of a file's name, `20261122-101530`. */
export function timeStamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
}

/** Adds an array of one chunk to a store. */
async function writeArray(
  store: StoreWriter,
  name: string,
  { dtype, dimensionNames }: Layout,
  view: NdArray<TypedArray>,
): Promise<void> {
  const { shape } = view;
  const chunks = shape.map((n) => Math.max(n, 1));
  const array = await store.array(name, {
    dtype,
    shape,
    chunks,
    dimensionNames: [...dimensionNames],
  });
  if (view.size > 0) await array.write(shape.map(() => 0), packed(view));
}

/** Reads an array of a store, which must be laid out as this module writes it. */
async function readArray(
  store: Store,
  name: string,
  layout: Layout,
): Promise<NdArray<TypedArray>> {
  const array = store.array(name);
  const { dtype, dimensionNames } = array;
  if (dtype !== layout.dtype || dimensionNames.join() !== layout.dimensionNames.join()) {
    throw new DataError(
      store.path,
      `its array "${name}" is no per-sample result`,
      "Evaluate again.",
    );
  }
  return await array.read();
}

function safeName(name: string, path: string): string {
  if (SAFE_NAME.test(name)) return name;
  throw new DataError(path, `${JSON.stringify(name)} cannot be an evaluation id`, NAME_RULE);
}

/**
 * Checks a record.
 *
 * @param path Where it comes from, for errors.
 * @throws {DataError} When it is of a later schema or breaks its schema.
 */
export function parseRecord(path: string, value: unknown): RunRecord {
  refuseLater(path, value, RECORD_SCHEMA);
  return check(RunRecord, value, path, "record");
}
