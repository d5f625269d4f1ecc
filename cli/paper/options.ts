/**
 * What all commands of a paper take.
 *
 * @module
 */
import type { Command } from "commander";
import type { BackendName } from "../../nn/backend.ts";
import type { KernelSet } from "../../nn/kernels/selection.ts";
import {
  backendOption,
  dataOption,
  jsonOption,
  progressSink,
  quietOption,
  runsOption,
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

/** Adds the options of every command. */
export function addPaperOptions(command: Command): Command {
  return command.addOption(dataOption()).addOption(runsOption()).addOption(backendOption())
    .addOption(quietOption()).addOption(jsonOption());
}

/** Adds a command to a paper's, with the options of every one. */
export function addPaperCommand(program: Command, name: string, description: string): Command {
  return addPaperOptions(program.command(name).description(description).exitOverride());
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
