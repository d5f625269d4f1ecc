/**
 * A run full of text that tries to become markup or script, for tests.
 *
 * @module
 */
import type { LoadedRun } from "./load.ts";

/** Tries to leave text, attributes, scripts, comments and lines of script. */
export const HOSTILE =
  `"'\`</script><img src=x onerror=hacked=1></style><!--]]>\u2028&lt;javascript:`;

/** What the program itself chooses or checks, which no text from outside can be. */
const OWN = new Set(["status", "kind", "verdict", "startedAt", "finishedAt"]);

/** The value with hostile text in every string and in the names of open-ended lists. */
export function poison<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (key, inner) => {
    if (typeof inner === "string") return OWN.has(key) ? inner : inner + HOSTILE;
    if (!["metrics", "packages", "config", "values"].includes(key)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name, v]) => [name + HOSTILE, v]));
  });
}

/** The run with hostile text wherever text can come from outside. */
export function poisonedRun(run: LoadedRun): LoadedRun {
  const samples = new Map([...run.samples].map(([id, { ids, metrics, gallery }]) => [
    id + HOSTILE,
    {
      ids: poison(ids),
      metrics: Object.fromEntries(Object.entries(metrics).map(([k, v]) => [k + HOSTILE, v])),
      gallery: gallery.map((p) => ({ ...p, id: p.id + HOSTILE, why: p.why + HOSTILE })),
    },
  ]));
  return { record: poison(run.record), curves: poison(run.curves), samples };
}
