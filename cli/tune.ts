/**
 * `deno task bench tune`: which tiles are best on the adapter of this machine.
 *
 * Every tile does the work of every row that a table may have. It must agree with TensorFlow.js' kernels
 * first; then the tiles take turns at the clock, and the fastest becomes the row's. The table in use
 * with the rows of this adapter's class replaced is the file that is written.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import type { Command } from "commander";
import { fromFileUrl } from "@std/path";
import { ExitCode, ReflowError } from "../base/errors.ts";
import { requireWritable, writeFileAtomic } from "../base/files.ts";
import { Progress, type ProgressSink } from "../base/progress.ts";
import type { Contestant } from "../base/speed_case.ts";
import { difference } from "../benchmarks/speed/measure.ts";
import { summarize, takeTurns } from "../benchmarks/speed/sampler.ts";
import { adapterClassInUse } from "../nn/backend.ts";
import {
  type Operation,
  type Shape,
  tableText,
  type Tile,
  tileFor,
  type Tiles,
  tileTable,
} from "../nn/kernels/tiles.ts";
import { type Bucket, buckets, everyTile, nameOf, rowsOf } from "../nn/speed/tuning.ts";
import { time } from "../reports/format.ts";
import {
  interruptSignal,
  jsonOption,
  printResult,
  progressSink,
  quietOption,
  userPath,
  wholeNumber,
} from "./command.ts";
import { prepareBackend } from "./runs.ts";
import { textTable } from "./text_table.ts";

/** A row of the table and what was measured for it. */
export interface Tuned {
  readonly operation: Operation;
  readonly limits: Readonly<Record<string, number>>;
  /** Every tile with the seconds its work took. */
  readonly seconds: readonly { readonly tile: Tile; readonly seconds: number }[];
  readonly before: Tile;
  readonly best: Tile;
}

/** Seconds that each contestant takes, all of them in turns. */
export type Clock = (contestants: readonly Contestant[]) => Promise<number[]>;

/** Largest difference from TensorFlow.js' results, relative to the largest number. */
const TOLERANCE = 1e-4;

/** Share by which a tile must be faster than the one in use; less is taken for noise. */
const MARGIN = 0.05;

/** The fastest tile, or the one in use where that is about as fast. */
export function bestOf(seconds: Tuned["seconds"], before: Tile): Tile {
  const fastest = seconds.reduce((a, b) => b.seconds < a.seconds ? b : a);
  const own = seconds.find(({ tile }) => nameOf(tile) === nameOf(before));
  return own && own.seconds <= fastest.seconds * (1 + MARGIN) ? before : fastest.tile;
}

/**
 * Measures every tile on every bucket.
 *
 * @param before The tiles of this class so far.
 * @throws {ReflowError} When a tile's results are wrong: exit code 1.
 * @throws {Interrupted} Between two buckets, where the user asks to stop.
 */
export async function tune(
  buckets: readonly Bucket[],
  before: Tiles,
  { clock, sink, signal }: { clock: Clock; sink: ProgressSink; signal: AbortSignal },
): Promise<Tuned[]> {
  const progress = new Progress("tune", buckets.length, sink);
  const tuned: Tuned[] = [];
  const faults: string[] = [];
  try {
    for (const { operation, limits, open } of buckets) {
      signal.throwIfAborted();
      const what = `${operation}, ${limitsText(limits)}`;
      progress.update(tuned.length, what);
      const work = open();
      try {
        const contestants = everyTile.map((tile) => work.with(tile));
        const right = await work.stock.result();
        for (const contestant of contestants) {
          const apart = difference(await contestant.result(), right);
          if (!(apart <= TOLERANCE)) {
            faults.push(`${what}: ${contestant.name} is off by ${apart.toExponential(1)}`);
          }
        }
        const measured = await clock(contestants);
        const seconds = everyTile.map((tile, i) => ({ tile, seconds: measured[i] }));
        const old = tileBefore(operation, limits, before);
        tuned.push({ operation, limits, seconds, before: old, best: bestOf(seconds, old) });
      } finally {
        work.close();
      }
    }
    progress.update(tuned.length);
  } finally {
    progress.end();
  }
  if (faults.length > 0) {
    throw new ReflowError(
      `Cannot trust these tiles on this adapter:\n${faults.join("\n")}`,
      "Nothing was written. Please report this with what `deno task doctor` says.",
      ExitCode.worse,
    );
  }
  return tuned;
}

/** The tile that a table has for shapes at a bucket's limits. */
function tileBefore(operation: Operation, limits: Bucket["limits"], tiles: Tiles): Tile {
  const names = ["pixels", "channels", "inputs", "numbers", "rows"];
  const shape = { ...Object.fromEntries(names.map((name) => [name, Infinity])), ...limits };
  return tileFor(operation, shape as Shape<Operation>, tiles);
}

/** For people: "pixels ≤ 128, channels ≤ 8", or "the rest". */
const limitsText = (limits: object) =>
  Object.entries(limits).map(([name, most]) => `${name} ≤ ${most}`).join(", ") || "the rest";

/** A class' tiles with the rows that were measured. */
export function tilesFrom(tuned: readonly Tuned[], before: Tiles, measuredOn: string): Tiles {
  const rows = <T extends Operation>(operation: T) =>
    rowsOf<T>(
      tuned.filter((one) => one.operation === operation)
        .map(({ limits, best }) => ({ limits: limits as Partial<Shape<T>>, tile: best })),
    );
  return {
    ...before,
    measuredOn,
    convolution: rows("convolution"),
    filterGradient: rows("filterGradient"),
    product: rows("product"),
  };
}

/** A line for each bucket: the times, best first. */
function timesTable(tuned: readonly Tuned[]): string {
  return textTable([
    ["", "shapes", ...everyTile.map((_, i) => i === 0 ? "fastest" : "")],
    ...tuned.map(({ operation, limits, seconds }) => [
      operation,
      limitsText(limits),
      ...seconds.toSorted((a, b) => a.seconds - b.seconds)
        .map(({ tile, seconds }) => `${nameOf(tile)} ${time(seconds)}`),
    ]),
  ]);
}

/** A line for each bucket that has another tile now. */
function changesText(tuned: readonly Tuned[]): string {
  const lines = tuned.filter(({ before, best }) => nameOf(before) !== nameOf(best))
    .map(({ operation, limits, before, best }) =>
      `${operation}, ${limitsText(limits)}: ${nameOf(before)} → ${nameOf(best)}`
    );
  return lines.length > 0 ? lines.join("\n") : "No tile changes.";
}

function cpuMilliseconds(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

/** The file the kernels' tiles are read from. */
const TABLE = new URL("../nn/kernels/tiles.json", import.meta.url);

interface TuneOptions {
  json: boolean;
  quiet: boolean;
  repeats: number;
  out?: string;
}

async function tuneCommand({ json, quiet, repeats, out }: TuneOptions): Promise<void> {
  const path = out ?? fromFileUrl(TABLE);
  await requireWritable(path);
  const signal = interruptSignal();
  const { adapter } = await prepareBackend({ backend: "webgpu", kernels: "tuned" });
  const name = adapterClassInUse();
  const measuredOn = adapter!.description || `${adapter!.vendor} ${adapter!.architecture}`.trim();
  const before = tileTable[name];
  // A software adapter's work is this process' own: what others do to the machine must not count.
  const now = name === "software" ? cpuMilliseconds : () => performance.now();
  const clock: Clock = async (contestants) =>
    (await takeTurns(contestants, { repeats, now })).map((samples) => summarize(samples).median);
  const tuned = await tune(buckets, before, { clock, sink: progressSink(quiet), signal });
  const table = { ...tileTable, [name]: tilesFrom(tuned, before, measuredOn) };
  await writeFileAtomic(path, tableText(table));
  const about = `\nTiles of ${name} adapters, measured on ${measuredOn}`;
  printResult(
    json,
    { table: path, class: name, measuredOn, repeats, tuned },
    `${timesTable(tuned)}\n${about}\n${changesText(tuned)}\n\n${path}`,
  );
}

/** Adds the command to the benchmark's. */
export function addTune(program: Command): void {
  program.command("tune")
    .description("measure which tiles the kernels should use on this adapter, and write the table")
    .exitOverride()
    .addOption(jsonOption()).addOption(quietOption())
    .option("--repeats <n>", "samples of each tile", wholeNumber(1), 5)
    .option("--out <file>", "where to write the table; default the one in use", userPath)
    .addHelpText(
      "after",
      "\nTakes some minutes. The table in use is nn/kernels/tiles.json; one measured on a GPU that " +
        "has none\nis welcome: docs/decisions/0020-tiles-by-adapter-class.md says how to send it.",
    )
    .action(tuneCommand);
}
