/**
 * What all commands of a paper take.
 *
 * @module
 */
import type { Command } from "commander";
import { MOST_ITERATIONS } from "../../benchmarks/protocols/protocol.ts";
import type { BackendName } from "../../nn/backend.ts";
import type { KernelSet } from "../../nn/kernels/selection.ts";
import {
  backendOption,
  dataOption,
  jsonOption,
  progressSink,
  quietOption,
  runsOption,
  wholeNumber,
} from "../command.ts";
import type { Setting } from "../runs.ts";

/** Options of every command. */
export interface PaperOptions {
  data: string;
  runs: string;
  backend: BackendName;
  /** Ours where absent; a resumed run keeps those it started with. */
  kernels?: KernelSet;
  quiet: boolean;
  json: boolean;
}

/**
 * Adds the options of every command.
 *
 * @param idle Names of those that change nothing here: scripts may pass them all the same, but help
 *   does not offer them.
 */
export function addPaperOptions(command: Command, idle: readonly string[] = []): Command {
  const options = [dataOption(), runsOption(), backendOption(), quietOption(), jsonOption()];
  for (const option of options) command.addOption(option.hideHelp(idle.includes(option.name())));
  return command;
}

/** Adds a command to a paper's, with the options of every one; see {@link addPaperOptions}. */
export function addPaperCommand(
  program: Command,
  name: string,
  description: string,
  idle: readonly string[] = [],
): Command {
  return addPaperOptions(program.command(name).description(description).exitOverride(), idle);
}

/** Adds `--iterations`, where a paper's model has any to choose. */
export function addIterations(
  command: Command,
  { oneShot }: { readonly oneShot?: boolean },
  about: string,
): void {
  if (!oneShot) command.option("--iterations <n>", about, wholeNumber(1, MOST_ITERATIONS));
}

/** What the options come to. */
export function settingOf(options: PaperOptions, signal: AbortSignal): Setting {
  return {
    dataDir: options.data,
    runsDir: options.runs,
    backend: options.backend,
    kernels: options.kernels ?? "tuned",
    sink: progressSink(options.quiet),
    signal,
    say: (text) => console.error(text),
  };
}

/**
 * The signal of commands that have nothing to save: Ctrl-C ends them at once, which a signal of ours
 * could not, since a forward pass keeps JavaScript busy.
 */
export const nothingToSave = new AbortController().signal;
