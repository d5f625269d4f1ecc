/**
 * `deno task bench`: speed and memory beside the alternatives.
 *
 * Each room and each paper says what of theirs is worth timing (`speed.ts`); here the groups come
 * together, are run one after the other, and become a record and a page.
 *
 * @module
 */
import { Option } from "commander";
import { join } from "@std/path";
import { ExitCode, Interrupted, ReflowError } from "../base/errors.ts";
import { writeFileAtomic } from "../base/files.ts";
import { unknownName } from "../base/nearest.ts";
import { Progress, type ProgressSink } from "../base/progress.ts";
import type { SpeedCase, SpeedGroup } from "../base/speed_case.ts";
import { RunFolder, timeStamp } from "../benchmarks/run_folder.ts";
import { measure, measureSizes } from "../benchmarks/speed/measure.ts";
import {
  faultsIn,
  SPEED_SCHEMA,
  SpeedRecord,
  type SpeedRow,
} from "../benchmarks/speed/speed_record.ts";
import { dataGroups } from "../datasets/speed.ts";
import { kernelGroups } from "../nn/speed.ts";
import { raftGroups } from "../replications/raft/speed.ts";
import { times } from "../reports/format.ts";
import { writeSpeedPage } from "../reports/speed_page.tsx";
import { sizesTable, speedTable } from "./bench_table.ts";
import {
  createCommand,
  dataOption,
  interruptSignal,
  jsonOption,
  printResult,
  progressSink,
  quietOption,
  runCommand,
  runsOption,
  userPath,
  wholeNumber,
} from "./command.ts";
import { ensureDatasets, prepareBackend, type Setting } from "./runs.ts";
import { addTune } from "./tune.ts";

interface BenchOptions {
  data: string;
  runs: string;
  json: boolean;
  quiet: boolean;
  only?: string[];
  repeats: number;
  out?: string;
}

/** Every group, in the order of the page. */
export function allGroups(dataDir: string): readonly SpeedGroup[] {
  return [...raftGroups(dataDir), ...kernelGroups, ...dataGroups(dataDir)];
}

/**
 * The groups asked for, in the order of the page; all where none is.
 *
 * @throws {UsageError} For a name that is no group's, with the nearest one.
 */
export function chosen(groups: readonly SpeedGroup[], only?: readonly string[]): SpeedGroup[] {
  const ids = groups.map(({ id }) => id);
  for (const name of only ?? []) {
    if (!ids.includes(name)) throw unknownName("group", name, ids);
  }
  return groups.filter(({ id }) => !only || only.includes(id));
}

/** What was measured so far. */
type Measured = Pick<SpeedRecord, "rows" | "sizes">;

/**
 * Runs one group and adds what it measured.
 *
 * @throws {Interrupted} Between rows, where the user asks to stop.
 */
export async function runGroup(
  group: SpeedGroup,
  into: Measured,
  { repeats, sink, signal }: { repeats: number; sink: ProgressSink; signal: AbortSignal },
): Promise<void> {
  let progress: Progress | null = null;
  try {
    const cases = await casesOf(group);
    for (const [i, of] of cases.entries()) {
      signal.throwIfAborted();
      progress ??= new Progress(group.id, cases.length, sink);
      progress.update(i, `${of.name} ${of.shape}`);
      const row = await measure(group.id, of, { repeats });
      into.rows.push(row);
      progress.update(i + 1, noteOf(row));
    }
    if (group.sizes) {
      const { id, sizes } = group;
      signal.throwIfAborted();
      sink.write(`${id}: each size in a process of its own\n`);
      const heard = (
        { height, width, seconds }: { height: number; width: number; seconds: number },
      ) => sink.write(`${id} ${height}×${width}: ${seconds.toFixed(2)} s\n`);
      into.sizes.push(await measureSizes({ id, sizes }, heard));
    }
  } finally {
    progress?.end();
  }
}

/** A group's cases; where they cannot be made, one that says why. */
async function casesOf({ id, cases }: SpeedGroup): Promise<SpeedCase[]> {
  try {
    return await cases?.() ?? [];
  } catch (error) {
    return [{
      ...{ name: id, shape: "" },
      measure: { unit: "s", read: () => Promise.reject(error) },
    }];
  }
}

const noteOf = ({ name, shape, ratio, error, skipped }: SpeedRow) =>
  `${name} ${shape} ${error ? "WRONG" : skipped ? "skipped" : ratio ? times(ratio.value) : ""}`;

async function bench(options: BenchOptions): Promise<void> {
  const { only, repeats, json } = options;
  const groups = chosen(allGroups(options.data), only);
  const setting: Setting = {
    dataDir: options.data,
    runsDir: options.runs,
    backend: "webgpu",
    kernels: "tuned",
    sink: progressSink(options.quiet),
    signal: interruptSignal(),
    say: (text) => console.error(text),
  };
  const started = new Date();
  const environment = await prepareBackend(setting);
  await ensureDatasets(groups.flatMap(({ datasets }) => datasets ?? []), setting);
  const folder = await RunFolder.create(options.runs, `bench-${timeStamp(started)}`);
  const measured: Measured = { rows: [], sizes: [] };
  let complete = true;
  for (const group of groups) {
    const first = measured.rows.length;
    try {
      await runGroup(group, measured, { repeats, sink: setting.sink, signal: setting.signal });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      complete = false;
    }
    if (!json) {
      const rows = measured.rows.slice(first);
      if (rows.length > 0) console.log(`\n${group.title}\n${speedTable(rows)}`);
      const curve = measured.sizes.find(({ group: id }) => id === group.id);
      if (curve) console.log(`\n${group.title}\n${sizesTable(curve)}`);
    }
    if (!complete) break;
  }
  const record = SpeedRecord.parse({
    schema: SPEED_SCHEMA,
    id: folder.id,
    startedAt: started.toISOString(),
    finishedAt: new Date().toISOString(),
    complete,
    command: ["deno task bench", ...only ? ["--only", ...only] : [], "--repeats", repeats].join(
      " ",
    ),
    repeats,
    environment,
    groups: groups.map(({ id, title, about }) => ({ id, title, about })),
    ...measured,
  });
  const path = join(folder.path, "speed.json");
  await writeFileAtomic(path, JSON.stringify(record, null, 2) + "\n");
  const page = options.out ?? join(folder.path, "speed.html");
  await writeSpeedPage(record, page);
  printResult(json, { page, record: path, ...record }, `\n${page}`);
  if (!complete) throw new Interrupted("Stopped; what was measured is kept");
  const faults = faultsIn(record);
  if (faults.length > 0) {
    throw new ReflowError(
      `Cannot trust what follows:\n${faults.join("\n")}`,
      "They hold no times.",
      ExitCode.worse,
    );
  }
}

if (import.meta.main) {
  await runCommand(async () => {
    const ids = allGroups("data").map(({ id }) => id).join(", ");
    const command = createCommand("deno task bench", "Speed and memory beside the alternatives.")
      .addOption(dataOption()).addOption(runsOption()).addOption(jsonOption())
      .addOption(quietOption())
      .addOption(new Option("--only <group...>", `run these groups only: ${ids}`))
      .option("--repeats <n>", "samples of each contestant", wholeNumber(1), 5)
      .option("--out <file>", "where to write the page; default in the run's folder", userPath)
      .enablePositionalOptions()
      .action(bench);
    addTune(command);
    await command.parseAsync();
  });
}
