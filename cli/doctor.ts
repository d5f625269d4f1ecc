/**
 * `deno task doctor`: what this machine has, what is missing, and the command that mends it.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError, EnvironmentError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { captureEnvironment } from "../benchmarks/environment.ts";
import type { Environment } from "../benchmarks/record.ts";
import { RunFolder } from "../benchmarks/run_folder.ts";
import { commandFor, datasets } from "../datasets/registry.ts";
import { describeAdapter, deviceProblem } from "../nn/backend.ts";
import {
  createCommand,
  dataOption,
  jsonOption,
  printResult,
  runCommand,
  runsOption,
} from "./command.ts";
import { type DatasetStatus, datasetStatus } from "./dataset_status.ts";

/** Something that is wrong, and the command that mends it. */
export interface Missing {
  readonly what: string;
  readonly command: string;
}

/** One run on disk. */
export interface RunStatus {
  readonly id: string;
  /** The record's status, or why the record cannot be read. */
  readonly status: string;
}

/** What `deno task doctor --json` prints. */
export interface Diagnosis {
  readonly environment: Environment;
  /** All limits of the adapter; null without one. */
  readonly limits: Record<string, number> | null;
  /** Why no device can be had of the adapter; null where one can, and where there is no adapter. */
  readonly problem: string | null;
  /** Optional WebGPU features of the adapter, sorted. */
  readonly features: readonly string[];
  readonly datasets: readonly DatasetStatus[];
  readonly runs: readonly RunStatus[];
  /** Empty where everything is in order. */
  readonly missing: readonly Missing[];
}

/** The version `denow` pins: the one place it is written down. */
const PINNED_DENO = /^version=(.+)$/m.exec(
  await Deno.readTextFile(new URL("../denow", import.meta.url)),
)?.[1] ?? "";

/** Orders versions: `2.10.0` comes after `2.9.6`. */
const byNumbers = new Intl.Collator("en", { numeric: true });

/** Examines the machine, the datasets and the runs. */
export async function diagnose(dataDir: string, runsDir: string): Promise<Diagnosis> {
  const adapter = await describeAdapter();
  const gpu = adapter && await navigator.gpu.requestAdapter();
  const problem = adapter && (await deviceProblem())?.message || null;
  const environment = await captureEnvironment(adapter ? "webgpu" : "cpu", adapter);
  const stores = await Promise.all(datasets.map((dataset) => datasetStatus(dataset, dataDir)));
  return {
    environment,
    limits: gpu ? limitsOf(gpu.limits) : null,
    problem,
    features: gpu ? [...gpu.features].sort() : [],
    datasets: stores,
    runs: await runsIn(runsDir),
    missing: [...missingFrom(environment, problem), ...damaged(stores, dataDir)],
  };
}

/**
 * What an environment lacks.
 *
 * @param problem Why no device can be had of its adapter, if that is so.
 */
export function missingFrom(
  { adapter, deno }: Pick<Environment, "adapter" | "deno">,
  problem: string | null = null,
): Missing[] {
  const missing: Missing[] = [];
  if (byNumbers.compare(deno, PINNED_DENO) < 0) {
    const what = `Deno ${deno} is older than ${PINNED_DENO}, with which Reflow is tested`;
    missing.push({ what, command: `deno upgrade ${PINNED_DENO}` });
  }
  if (adapter === null) {
    missing.push({
      what: "WebGPU finds no adapter: there is no GPU with a Vulkan driver, and no software one",
      command: "apt-get install -y mesa-vulkan-drivers",
    });
  }
  if (problem !== null) {
    const command = "update the adapter's driver, or add --backend cpu to commands (very slow)";
    missing.push({ what: problem, command });
  }
  return missing;
}

function damaged(stores: readonly DatasetStatus[], dataDir: string): Missing[] {
  return stores.filter(({ state }) => state === "damaged").map(({ id, reason }) => {
    const dataset = datasets.find((dataset) => dataset.id === id)!;
    return { what: reason!, command: `rm -r ${join(dataDir, id)} && ${commandFor(dataset)}` };
  });
}

function limitsOf(limits: GPUSupportedLimits): Record<string, number> {
  const names = Object.keys(Object.getOwnPropertyDescriptors(GPUSupportedLimits.prototype));
  const entries = names.map((name): [string, unknown] => [name, Reflect.get(limits, name)]);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

async function runsIn(runsDir: string): Promise<RunStatus[]> {
  const runs: RunStatus[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(runsDir)) {
      if (isDirectory) runs.push({ id: name, status: await runStatus(join(runsDir, name)) });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return runs.sort((a, b) => a.id < b.id ? -1 : 1);
}

async function runStatus(path: string): Promise<string> {
  if (await exists(join(path, "speed.json"))) return "speed benchmark";
  try {
    return (await (await RunFolder.open(path)).readRecord()).status;
  } catch (error) {
    if (error instanceof DataError) return error.reason;
    throw error;
  }
}

const GIB = 2 ** 30, MIB = 2 ** 20;

/** The packages whose versions explain most; all are in the JSON. */
const NAMED_PACKAGES = ["@tensorflow/tfjs", "zarrita", "@techstark/opencv-js", "zod", "commander"];

/** The diagnosis for people. */
export function renderDiagnosis(diagnosis: Diagnosis): string {
  const { environment, limits, datasets: stores, runs, missing } = diagnosis;
  const { adapter, packages, commit } = environment;
  const lines: string[] = [];
  const section = (title: string, facts: readonly string[]) => {
    lines.push(...facts.map((fact, i) => (i === 0 ? title : "").padEnd(10) + fact));
  };
  const code = `code ${environment.code.slice(0, 12)}`;
  const checkedOut = commit ? `commit ${commit.slice(0, 12)}, ` : "";
  section("Reflow", [`${environment.reflow}, ${checkedOut}${code}`]);
  section("Deno", [`${environment.deno}, V8 ${environment.v8}`]);
  section("Packages", [NAMED_PACKAGES.map((name) => `${name} ${packages[name]}`).join(", ")]);
  const memory = `${(environment.memoryBytes / GIB).toFixed(1)} GiB`;
  const { os, arch, cores } = environment;
  section("Machine", [`${os}, ${arch}, ${cores} cores, ${memory}`]);
  section("Adapter", [adapter ? adapter.description || adapter.device : "none"]);
  if (adapter && limits) {
    section("Limits", [
      `largest binding ${adapter.maxStorageBufferBindingSize / MIB} MiB, ` +
      `largest buffer ${Math.floor(adapter.maxBufferSize / MIB)} MiB, ` +
      `workgroup memory ${limits.maxComputeWorkgroupStorageSize / 1024} KiB`,
    ]);
  }
  const detail = ({ digest, command }: DatasetStatus) =>
    digest ? ` (${digest.slice(0, 12)})` : command ? `: ${command}` : "";
  section("Data", stores.map((store) => `${store.id} ${store.state}${detail(store)}`));
  section("Runs", runs.length > 0 ? runs.map(({ id, status }) => `${id} ${status}`) : ["none"]);
  const mends = missing.flatMap(({ what, command }) => [what, `  mend it: ${command}`]);
  section("Missing", missing.length > 0 ? mends : ["nothing"]);
  return lines.join("\n");
}

if (import.meta.main) {
  await runCommand(async () => {
    const command = createCommand("deno task doctor", "What this machine has and lacks.")
      .addOption(dataOption()).addOption(runsOption()).addOption(jsonOption());
    const { data, runs, json } = (await command.parseAsync()).opts();
    const diagnosis = await diagnose(data, runs);
    printResult(json, diagnosis, renderDiagnosis(diagnosis));
    const [first] = missingFrom(diagnosis.environment, diagnosis.problem);
    if (first) throw new EnvironmentError(first.what, first.command);
  });
}
