/**
 * `deno task compare`: whether a candidate is worse than a base.
 *
 * @module
 */
import { InvalidArgumentError, Option } from "commander";
import { join } from "@std/path";
import { ReflowError, UsageError } from "../base/errors.ts";
import { exists, requireWritable, writeFileAtomic } from "../base/files.ts";
import { compareSides, SLOWER, TOLERANCE } from "../benchmarks/comparison/compare_sides.ts";
import { compareSpeed } from "../benchmarks/comparison/compare_speed.ts";
import type { ComparisonReport } from "../benchmarks/comparison/comparison_record.ts";
import { loadSide, type Side, writePinned } from "../benchmarks/comparison/side.ts";
import { parseSpeedRecord, type SpeedRecord } from "../benchmarks/speed/speed_record.ts";
import { writeComparison } from "../reports/comparison_page.tsx";
import { comparisonMarkdown, comparisonText } from "../reports/comparison_words.ts";
import {
  createCommand,
  jsonOption,
  outputFile,
  printResult,
  runCommand,
  runsOption,
  userPath,
} from "./command.ts";

interface CompareOptions {
  runs: string;
  out?: string;
  json: boolean;
  markdown?: string;
  tolerance?: number;
  slower: number;
  sameModel: boolean;
  pin: boolean;
}

/** Parses a percentage as a share. */
function percentage(value: string): number {
  const number = /^\d+(\.\d+)?$/.test(value.replace(/\s*%$/, "")) ? parseFloat(value) : NaN;
  if (number >= 0 && number <= 100) return number / 100;
  throw new InvalidArgumentError("It must be a percentage from 0 to 100.");
}

/** A path where one of that name exists from where the user is; else the name as it is, an id. */
function pathOrId(name: string): string {
  const path = userPath(name);
  try {
    Deno.statSync(path);
    return path;
  } catch {
    return name;
  }
}

async function compare(names: readonly string[], options: CompareOptions): Promise<void> {
  if (options.pin) return await pin(names, options);
  if (names.length !== 2) {
    throw new UsageError(
      `Cannot compare ${names.length === 1 ? "one side" : `${names.length} sides`}: ` +
        "name a base and a candidate",
      "Several runs are one side in a folder, or in a file: --pin RUN... --out baseline.json",
    );
  }
  const { out, markdown, json } = options;
  for (const path of [out, markdown]) if (path !== undefined) await requireWritable(path);
  const report = await speedReport(names, options) ?? await qualityReport(names, options);
  if (out !== undefined) await writeComparison(report, out);
  if (markdown !== undefined) await writeFileAtomic(markdown, comparisonMarkdown(report));
  printResult(
    json,
    { page: out ?? null, markdown: markdown ?? null, ...report },
    comparisonText(report) + (out === undefined ? "" : `\n${out}`),
  );
  if (report.exitCode !== 0) {
    const next = report.exitCode === 1
      ? "Look at the samples that moved; --tolerance says how much worse is no matter."
      : "Make both alike: one protocol, the same data, enough scenes or samples.";
    throw new ReflowError(
      report.exitCode === 1 ? "The candidate is worse" : "Cannot tell: the two are not comparable",
      next,
      report.exitCode,
    );
  }
}

async function qualityReport(
  names: readonly string[],
  { runs, tolerance, slower, sameModel }: CompareOptions,
): Promise<ComparisonReport> {
  const sides: Side[] = [];
  for (const name of names) sides.push(await loadSide(pathOrId(name), runs));
  return compareSides(sides[0], sides[1], { tolerance, slower, sameModel });
}

/** The comparison of two speed benchmarks, or null where neither side is one. */
async function speedReport(
  names: readonly string[],
  { runs, slower }: CompareOptions,
): Promise<ComparisonReport | null> {
  const records: (SpeedRecord | null)[] = [];
  for (const name of names) {
    const path = pathOrId(name);
    const folder = await exists(path) ? path : join(runs, name);
    const file = join(folder, "speed.json");
    const isSpeed = await exists(folder) && (await Deno.stat(folder)).isDirectory &&
      await exists(file);
    records.push(isSpeed ? parseSpeedRecord(await Deno.readTextFile(file), file) : null);
  }
  const [base, candidate] = records;
  if (base === null && candidate === null) return null;
  if (base === null || candidate === null) {
    throw new UsageError(
      `Cannot compare a speed benchmark with a run: ${names.join(" and ")}`,
      "Name two of a kind.",
    );
  }
  return compareSpeed(base, candidate, slower);
}

/** Keeps runs as one small file that can be committed. */
async function pin(names: readonly string[], options: CompareOptions): Promise<void> {
  const { out } = options;
  if (out === undefined || !out.endsWith(".json")) {
    throw new UsageError("Cannot pin runs without a file", "Name it: --out baseline.json");
  }
  await requireWritable(out);
  const sides: Side[] = [];
  for (const name of names) sides.push(await loadSide(pathOrId(name), options.runs));
  const runs = sides.flatMap((side) => side.runs);
  await writePinned(runs, out);
  const ids = runs.map(({ record }) => record.id);
  printResult(options.json, { out, runs: ids }, `Pinned ${ids.join(", ")}\n${out}`);
}

if (import.meta.main) {
  await runCommand(async () => {
    const about = "Whether a candidate is worse than a base: exit 1 if so, 2 if nobody can tell.";
    const command = createCommand("deno task compare", about)
      .usage("[options] <base> <candidate>")
      .argument("<sides...>", "each a run, a folder of runs (seeds) or a pinned file")
      .addOption(runsOption())
      .addOption(jsonOption())
      .option("--out <file>", "HTML page to write; with --pin the file", userPath)
      .option("--markdown <file>", "summary for a pull request", outputFile(".md"))
      .option(
        "--tolerance <percent>",
        `how much worse is no matter; default ${100 * TOLERANCE} %, and rounding alone for the ` +
          "same weights",
        percentage,
      )
      .addOption(
        new Option("--slower <percent>", "how much slower or larger is no matter")
          .argParser(percentage).default(SLOWER, `${100 * SLOWER} %`),
      )
      .option("--same-model", "both sides are meant to be one model", false)
      .option("--pin", "write the runs named into one small file to commit as a base", false)
      .addHelpText(
        "after",
        `
Examples:
  deno task compare raft-demo-s0-20261124-193033 raft-demo-s0-20261125-101500 --out compare.html
  deno task compare --pin raft-demo-s0-20261124-193033 --out baseline.json
  deno task compare baseline.json ${join("runs", "mine")} --markdown summary.md`,
      )
      .action(compare);
    await command.parseAsync();
  });
}
