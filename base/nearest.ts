/**
 * "Did you mean …?"
 *
 * @module
 */
import { UsageError } from "./errors.ts";

/**
 * The error for a name that is none of those there are, with the nearest of them, else with all.
 *
 * @param what What it was to name: "dataset".
 * @param place Where it was looked for, after the name: "in runs".
 */
export function unknownName(
  what: string,
  name: string,
  known: readonly string[],
  place = "",
): UsageError {
  const meant = nearest(name, known);
  return new UsageError(
    `There is no ${what} named "${name}" ${place}`.trimEnd(),
    meant === null ? `Known: ${known.join(", ")}` : `Did you mean "${meant}"?`,
  );
}

/**
 * The candidate most like a word that was probably mistyped.
 *
 * @returns The candidate with the fewest edits (letters inserted, dropped, changed or swapped with
 *   their neighbour, case ignored), the first of several; null when even that one changes more than
 *   a third of the longer word, rounded up.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let fewest = Infinity;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest && edits <= Math.ceil(Math.max(word.length, candidate.length) / 3)) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** Optimal string alignment distance (Damerau-Levenshtein without repeated swaps). */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array(b.length).fill(0)]);
  for (let j = 1; j <= b.length; j++) rows[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(
        rows[i - 1][j] + 1,
        rows[i][j - 1] + 1,
        rows[i - 1][j - 1] + changed,
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? rows[i - 2][j - 2] + 1
          : Infinity,
      );
    }
  }
  return rows[a.length][b.length];
}
