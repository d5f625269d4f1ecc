/**
 * A run as reports see it.
 *
 * @module
 */
import type { CurvePoint, RunRecord } from "../benchmarks/record.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import type { SampleResults } from "../benchmarks/samples.ts";

/** All that a report shows of a run, in memory. */
export interface LoadedRun {
  /** The run's record. */
  readonly record: RunRecord;
  /** Its curves, in the order of training; empty for a run that only evaluated. */
  readonly curves: readonly CurvePoint[];
  /** Per-sample results by evaluation id, for the evaluations that kept them. */
  readonly samples: ReadonlyMap<string, SampleResults>;
}

/**
 * Reads a run's folder.
 *
 * @param dir The folder, `runs/<id>`.
 * @throws {DataError} When the folder is missing or something in it is damaged.
 */
export async function loadRun(dir: string): Promise<LoadedRun> {
  const folder = await RunFolder.open(dir);
  const record = await folder.readRecord();
  const samples = new Map<string, SampleResults>();
  for (const { id } of record.evaluations) {
    const results = await folder.readSamples(id);
    if (results !== null) samples.set(id, results);
  }
  return { record, curves: await folder.readCurves(), samples };
}
