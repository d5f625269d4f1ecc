/**
 * What every command shares: options, exit codes, errors for people, Ctrl-C and the two kinds of
 * output.
 *
 * Results go to standard output, everything else to standard error. With `--json`, standard output
 * holds one JSON object and nothing else.
 *
 * @module
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { resolve } from "@std/path";
import { ExitCode, Interrupted, ReflowError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { Progress, type ProgressSink, silent, terminal } from "../base/progress.ts";
import { kernelSets } from "../nn/kernels/selection.ts";

/** A command whose mistakes are thrown rather than ending the process; see {@link runCommand}. */
export function createCommand(name: string, description: string): Command {
  return new Command(name).description(description).exitOverride()
    .showHelpAfterError("--help lists what there is.");
}

/**
 * A path the user gave, which is relative to where they are: `deno task` itself runs in the folder
 * of `deno.json` and keeps theirs in `INIT_CWD`.
 */
export function userPath(path: string): string {
  if (path === "") throw new InvalidArgumentError("It must not be empty.");
  const from = Deno.env.get("INIT_CWD");
  return from === undefined || from === Deno.cwd() ? path : resolve(from, path);
}

/** Parses the path of a file to write, whose name must say what it will be. */
export function outputFile(ending: string): (value: string) => string {
  return (value) => {
    if (value.toLowerCase().endsWith(ending)) return userPath(value);
    throw new InvalidArgumentError(`It must end in ${ending}.`);
  };
}

/** `--data DIR`. */
export function dataOption(): Option {
  return new Option("--data <dir>", "folder of the datasets").argParser(userPath).default("data");
}

/** `--runs DIR`. */
export function runsOption(): Option {
  return new Option("--runs <dir>", "folder of the runs").argParser(userPath).default("runs");
}

/** `--backend webgpu|cpu`. */
export function backendOption(): Option {
  return choiceOption("--backend <name>", "where tensors live", ["webgpu", "cpu"])
    .default("webgpu");
}

/** `--kernels tuned|stock`. */
export function kernelsOption(): Option {
  const about = "ours (tuned, the default) or TensorFlow.js' own (stock)";
  return choiceOption("--kernels <set>", about, kernelSets);
}

/** `--stage NAME`. */
export function stageOption(): Option {
  return new Option("--stage <name>", "of --run: the weights after this stage, not after the last");
}

/** `--json`. */
export function jsonOption(): Option {
  return new Option("--json", "print one JSON object and nothing else");
}

/** `--quiet`. */
export function quietOption(): Option {
  return new Option("--quiet", "show no progress");
}

/** An option that takes one of a few values; a mistyped one is answered with the nearest. */
export function choiceOption(flags: string, about: string, values: readonly string[]): Option {
  return new Option(flags, about).choices(values).argParser((value) => {
    if (values.includes(value)) return value;
    const meant = nearest(value, values);
    throw new InvalidArgumentError(
      meant === null ? `Allowed choices are ${values.join(", ")}.` : `Did you mean ${meant}?`,
    );
  });
}

/**
 * Parses a whole number given as an option's value.
 *
 * @param least The smallest allowed.
 * @param most The largest allowed.
 */
export function wholeNumber(least: number, most = Infinity): (value: string) => number {
  const range = most === Infinity ? `from ${least} on` : `from ${least} to ${most}`;
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (Number.isSafeInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** Runs a command to its end and leaves the process with its exit code. */
export async function runCommand(main: () => Promise<void>): Promise<never> {
  // What is thrown where nobody waits for it would end the process with 1, which means "worse".
  addEventListener("error", (event) => endWithFault(event, event.error));
  addEventListener("unhandledrejection", (event) => endWithFault(event, event.reason));
  Deno.exit(await exitCodeOf(main));
}

function endWithFault(event: Event, error: unknown): never {
  event.preventDefault();
  console.error(error);
  Deno.exit(ExitCode.fault);
}

/**
 * The exit code of a command; what went wrong is told on standard error.
 *
 * A {@link ReflowError} gives its message, its next step and its own code; a mistake on the command
 * line, which commander has explained by then, gives 2; a file or folder that the system refuses
 * gives 3. Anything else is a fault of ours: it keeps its stack trace and gives 70.
 */
export async function exitCodeOf(main: () => Promise<void>): Promise<number> {
  try {
    await main();
    return ExitCode.done;
  } catch (caught) {
    const error = refusalBySystem(caught) ?? caught;
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
    }
    if (error instanceof ReflowError) {
      console.error(error instanceof Interrupted ? error.message : `error: ${error.message}`);
      if (error.nextStep !== "") console.error(error.nextStep);
      return error.exitCode;
    }
    console.error(error);
    return ExitCode.fault;
  }
}

/** What a system call on files does, for people. */
const FILE_CALLS: Readonly<Record<string, string>> = {
  mkdir: "make the folder",
  open: "open",
  readdir: "list the folder",
  readfile: "read",
  remove: "remove",
  rename: "write",
  stat: "look up",
  writefile: "write",
};

/** The name of work in progress around the name it will have (`partialName`). */
const PARTIAL = /\.([^/\\]+)\.partial-\d+-[0-9a-f-]{36}/g;

/**
 * A full disk, a read-only folder, a file where a folder should be: what the operating system, or
 * Deno in its place, does not let us do with a path. Null for any other error.
 */
function refusalBySystem(error: unknown): ReflowError | null {
  if (!(error instanceof Error)) return null;
  const forbidden = /^Requires \S+ access to (".*"), run again/.exec(error.message);
  const [, reason, call, object] =
    /^(.*) \(os error \d+\)(?:: (\w+) (.*))?$/s.exec(error.message) ?? [];
  if (!forbidden && reason === undefined) return null;
  const what = forbidden
    ? `Cannot use ${forbidden[1]}: Deno gives no program access to it`
    : call
    ? `Cannot ${FILE_CALLS[call] ?? call} ${object.replace(PARTIAL, "$1")}: ${reason}`
    : `Cannot write or read: ${reason}`;
  return new ReflowError(what, "Name a place you may read and write.", ExitCode.data);
}

/** Signals that ask a process to stop. */
const STOP_SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Milliseconds within which a second signal is an echo of the first: on Ctrl-C both the terminal
 * and `deno task` send one.
 */
const ECHO = 250;

let interruption: AbortController | null = null;

/**
 * A signal that is aborted, with an {@link Interrupted} as its reason, when the user asks to stop.
 * Work then saves what it has; a second Ctrl-C ends the process at once.
 */
export function interruptSignal(): AbortSignal {
  if (interruption) return interruption.signal;
  const controller = interruption = new AbortController();
  let first = -Infinity;
  const stop = () => {
    const now = performance.now();
    if (!controller.signal.aborted) {
      first = now;
      console.error("\nStopping; press Ctrl-C again to stop at once.");
      const next = "Run the same command again to start it over.";
      controller.abort(new Interrupted("Stopped; nothing was kept", next));
    } else if (now - first > ECHO) {
      Deno.exit(ExitCode.interrupted);
    }
  };
  for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, stop);
  return controller.signal;
}

/** Prints a command's result: the object with `--json`, else the text. */
export function printResult(json: boolean | undefined, object: unknown, text: string): void {
  console.log(json ? JSON.stringify(object, null, 2) : text);
}

/** Where progress is shown: standard error, or nowhere with `--quiet`. */
export function progressSink(quiet: boolean | undefined): ProgressSink {
  return quiet ? silent : terminal;
}

/** Shows work that reports how far it is, as building and checking stores does. */
export function progressReport(
  label: string,
  sink: ProgressSink,
): (done: number, total: number, note: string) => void {
  let progress: Progress | null = null;
  return (done, total, note) => {
    progress ??= new Progress(label, total, sink);
    progress.update(done, note);
    if (done >= total) progress.end();
  };
}
