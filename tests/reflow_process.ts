/**
 * Reflow as a user runs it: a child process with the command's own permission set.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

const root = fromFileUrl(new URL("..", import.meta.url));

function command(
  entry: string,
  args: readonly string[],
  cwd: string,
  output: "piped" | "null",
  permissions: string,
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--config",
      `${root}deno.json`,
      `-P=${permissions}`,
      "--no-prompt",
      `${root}${entry}`,
      ...args,
    ],
    cwd,
    env: { INIT_CWD: cwd }, // `deno task test` leaves its own folder in it
    stdout: output,
    stderr: output,
  });
}

/** Starts a command in the background; what it prints is discarded. */
export function start(entry: string, args: readonly string[], cwd: string): Deno.ChildProcess {
  return command(entry, args, cwd, "null", "run").spawn();
}

/** A finished command. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end.
 *
 * @param permissions The set of `deno.json` that its task has.
 */
export async function run(
  entry: string,
  args: readonly string[],
  cwd: string,
  permissions = "run",
): Promise<Finished> {
  const { code, stdout, stderr } = await command(entry, args, cwd, "piped", permissions).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
