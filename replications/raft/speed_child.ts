/**
 * Work that is timed in a process of its own, so that nothing that ran before counts.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { EnvironmentError } from "../../base/errors.ts";
import type { SizePoint } from "../../base/speed_case.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** Runs a file of Reflow in a process of its own and gives what it prints. */
export async function inChild(
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--config", join(ROOT, "deno.json"), "-P=run", "--no-prompt"],
      join(ROOT, file),
      ...args,
    ],
    env,
  });
  const { code, stdout, stderr } = await command.output().catch((error) => {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new EnvironmentError(
      "Cannot start another process: there is no `deno` on the PATH, the one program allowed",
    );
  });
  if (code !== 0) {
    const reason = new TextDecoder().decode(stderr).trim().split("\n").slice(-2).join(" ");
    throw new EnvironmentError(`A process of its own ended with code ${code}: ${reason}`);
  }
  return new TextDecoder().decode(stdout);
}

/**
 * One point after another, smallest first.
 *
 * @param what Work that `speed_at_size.ts` knows.
 */
export async function* pointsOf(
  what: "inference" | "training",
  sizes: readonly (readonly [height: number, width: number])[],
): AsyncIterable<SizePoint> {
  for (const size of sizes) {
    const text = await inChild("replications/raft/speed_at_size.ts", [what, ...size.map(String)]);
    yield JSON.parse(text) as SizePoint;
  }
}
