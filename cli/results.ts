/**
 * `deno task results`: the records that are committed, and the tables made from them.
 *
 * `results/<paper>/<run>.json` holds pinned runs, `results/claims/<paper>-<recipe>.json` what the
 * test of claims came to. README's tables and the model zoo are made from them, from the list of
 * papers and from nothing else; a test fails where they are stale.
 *
 * @module
 */
import { dirname, fromFileUrl, join, relative } from "@std/path";
import { ExitCode, ReflowError, UsageError } from "../base/errors.ts";
import { exists, writeFileAtomic } from "../base/files.ts";
import { parseClaims } from "../benchmarks/claims/claims_record.ts";
import { loadSide, readPinned, writePinned } from "../benchmarks/comparison/side.ts";
import { papers } from "../replications/papers.ts";
import {
  claimsTable,
  type CommittedClaims,
  type CommittedRecord,
  modelZooTable,
  resultsTable,
  statusTable,
} from "../reports/results_tables.ts";
import {
  createCommand,
  jsonOption,
  printResult,
  runCommand,
  runsOption,
  userPath,
} from "./command.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

/** Documents with generated tables, and the tables' names in each. */
const DOCUMENTS: Readonly<Record<string, readonly Table[]>> = {
  "README.md": ["status", "results", "claims"],
  "docs/model-zoo.md": ["model-zoo"],
};

type Table = "status" | "results" | "claims" | "model-zoo";

/** Below `results/`, beside a folder a paper. */
const CLAIMS = "claims";

/** A document as it should read. */
export interface GeneratedDocument {
  /** Below the root. */
  readonly name: string;
  readonly text: string;
  /** Whether the file reads otherwise. */
  readonly stale: boolean;
}

/**
 * Makes the documents from the records under `results/`.
 *
 * @param root The checkout.
 */
export async function generateDocuments(root = ROOT): Promise<GeneratedDocument[]> {
  const records = await committedRecords(root);
  const claims = await committedClaims(root);
  const implemented = await implementedPapers(root);
  const documents: GeneratedDocument[] = [];
  for (const [name, tables] of Object.entries(DOCUMENTS)) {
    const path = join(root, name);
    const before = await Deno.readTextFile(path);
    const linked = <T extends { file: string }>(all: readonly T[]) =>
      all.map((one) => ({
        ...one,
        file: relative(dirname(path), one.file).replaceAll("\\", "/"),
      }));
    const made: Record<Table, string> = {
      "status": statusTable(Object.values(papers), linked(records), implemented),
      "results": resultsTable(linked(records)),
      "claims": claimsTable(linked(claims)),
      "model-zoo": modelZooTable(linked(records)),
    };
    const text = tables.reduce((text, table) => replaced(text, table, made[table], name), before);
    documents.push({ name, text, stale: text !== before });
  }
  return documents;
}

/** The text with what stands between a table's two marks replaced. */
export function replaced(text: string, table: string, content: string, document: string): string {
  const [from, to] = [`<!-- ${table}: made by deno task results -->`, `<!-- end of ${table} -->`];
  const start = text.indexOf(from), end = text.indexOf(to);
  if (start < 0 || end < start) {
    throw new ReflowError(
      `Cannot put the table ${table} into ${document}: its marks are missing`,
      `Put these lines where it belongs: ${from} ${to}`,
      ExitCode.data,
    );
  }
  return `${text.slice(0, start)}${from}\n\n${content}\n\n${text.slice(end)}`;
}

/** Newest first within a paper. */
async function committedRecords(root: string): Promise<CommittedRecord[]> {
  const records: CommittedRecord[] = [];
  const folder = join(root, "results");
  for (const file of await filesBelow(folder)) {
    if (dirname(file) === join(folder, CLAIMS)) continue;
    for (const { record } of await readPinned(file)) records.push({ file, record });
  }
  return records.sort((a, b) =>
    compareText(a.record.paper.id, b.record.paper.id) ||
    compareText(b.record.startedAt, a.record.startedAt)
  );
}

/** By the names of the files. */
async function committedClaims(root: string): Promise<CommittedClaims[]> {
  const found: CommittedClaims[] = [];
  for (const file of await filesBelow(join(root, "results", CLAIMS))) {
    found.push({ file, report: parseClaims(file, await Deno.readTextFile(file)) });
  }
  return found;
}

const compareText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

async function filesBelow(dir: string): Promise<string[]> {
  if (!await exists(dir)) return [];
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) files.push(...await filesBelow(join(dir, name)));
    else if (name.endsWith(".json")) files.push(join(dir, name));
  }
  return files.sort();
}

/** Ids of the papers whose command is there: folders of `replications/` with a `main.ts`. */
async function implementedPapers(root: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(root, "replications"))) {
    if (isDirectory && await exists(join(root, "replications", name, "main.ts"))) {
      ids.push(name.replaceAll("_", "-"));
    }
  }
  return ids;
}

async function results(
  runs: readonly string[],
  options: { runs: string; check: boolean; json: boolean },
): Promise<void> {
  if (options.check && runs.length > 0) {
    throw new UsageError("Cannot both add runs and check: --check changes nothing");
  }
  const added: string[] = [];
  for (const name of runs) {
    const path = userPath(name);
    for (const run of (await loadSide(await exists(path) ? path : name, options.runs)).runs) {
      const { id, paper } = run.record;
      const file = join("results", paper.id, `${id}.json`);
      await writePinned([run], join(ROOT, file));
      added.push(file);
    }
  }
  const documents = await generateDocuments();
  const stale = documents.filter((document) => document.stale);
  if (options.check && stale.length > 0) {
    throw new ReflowError(
      `Stale: ${stale.map(({ name }) => name).join(", ")}`,
      "Make them anew: deno task results",
      ExitCode.worse,
    );
  }
  for (const { name, text } of stale) await writeFileAtomic(join(ROOT, name), text);
  const changed = stale.map(({ name }) => name);
  const lines = [
    ...added.map((file) => `added ${file}`),
    ...changed.map((name) => `wrote ${name}`),
  ];
  printResult(options.json, { added, changed }, lines.join("\n") || "Everything is up to date.");
}

if (import.meta.main) {
  await runCommand(async () => {
    const command = createCommand(
      "deno task results",
      "Tables of README and docs from the records under results/; adds the runs named.",
    )
      .argument("[runs...]", "runs to add: ids or folders")
      .addOption(runsOption())
      .addOption(jsonOption())
      .option("--check", "change nothing; exit 1 where a table is stale", false)
      .action(results);
    await command.parseAsync();
  });
}
