/**
 * Real data for tests, where this machine has it.
 *
 * The data may not be redistributed, so it is no part of the repository. `REFLOW_SHARED_DATA` names
 * its folder; without it, `../shared/data` beside the checkout is tried.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";

const root = fromFileUrl(new URL("..", import.meta.url));
const folder = Deno.env.get("REFLOW_SHARED_DATA") ?? join(root, "..", "shared", "data");
const said = new Set<string>();

/** The path of a shared file or folder, or null (said once on stderr) where it is absent. */
export function sharedData(relative: string): string | null {
  const path = join(folder, relative);
  try {
    Deno.statSync(path);
    return path;
  } catch {
    if (!said.has(relative)) {
      said.add(relative);
      console.error(`skipped: no shared data here (${relative})`);
    }
    return null;
  }
}
