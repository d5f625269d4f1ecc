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
import { DataError, UsageError } from "../base/errors.ts";
import { exists, readTextOrNull, writeFileAtomic } from "../base/files.ts";
import { check, parseJson, refuseLater } from "./checked_json.ts";
import { type CurvePoint, RECORD_SCHEMA, RunRecord } from "./record.ts";
import { readSampleStore, writeSampleStore } from "./sample_store.ts";
import type { SampleResults } from "./samples.ts";

/** Names that are one harmless path component on every system. */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}$/;

const NAME_RULE = "Use up to 200 letters, digits and . _ @ + -, the first a letter or digit.";

const CurveLine: z.ZodType<CurvePoint> = z.strictObject({
  step: z.int().nonnegative(),
  values: z.record(z.string(), z.number()),
});

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
    await writeSampleStore(this.samplesPath(evaluationId), results);
  }

  /**
   * Reads the per-sample results of an evaluation, or null where none were kept.
   *
   * @param pictures False leaves the gallery out.
   * @throws {DataError} When the store is damaged or holds something else.
   */
  async readSamples(evaluationId: string, pictures = true): Promise<SampleResults | null> {
    const path = this.samplesPath(evaluationId);
    return await exists(path) ? await readSampleStore(path, pictures) : null;
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
