/**
 * The sign-flip test of paired differences (Fisher, "The Design of Experiments", 1935, section 21):
 * if two sides are alike, each pair's difference might as well have had the other sign.
 *
 * It asks nothing of the differences' distribution, and is exact at any number of pairs.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";

/** Pairs up to which all signs are gone through; beyond, signs are drawn. */
const EXACT_UP_TO = 16;

/** Signs drawn at most. */
const DRAWS = 4999;

/** Draws with a sum as large after which no more are made: by then the answer is "not rare". */
const ENOUGH = 300;

/**
 * Chance of a sum of differences at least as large, if each might as well have the other sign.
 *
 * Where signs are drawn, drawing ends early once the answer is clear (Besag & Clifford, Biometrika
 * 78, 1991); the result is then coarser, and never below 0.06.
 *
 * @param differences One a pair; the pairs must not depend on each other.
 * @param random Where signs are drawn from: the same stream gives the same result.
 */
export function signFlipTest(differences: ArrayLike<number>, random: RandomStream): number {
  // Rounding must not tell apart sums that are equal.
  const slack = 1e-12 * Array.from(differences).reduce((sum, d) => sum + Math.abs(d), 0);
  const kept = Array.from(differences).filter((difference) => difference !== 0);
  const observed = kept.reduce((sum, d) => sum + d, 0) - slack;
  return kept.length <= EXACT_UP_TO ? counted(kept, observed) : drawn(kept, observed, random);
}

/** Fewest pairs with which the test can come to a chance of at most `level`. */
export function fewestPairs(level: number): number {
  return Math.ceil(Math.log2(1 / level));
}

/** All choices of signs, in an order (Gray's) in which one sign changes at a time. */
function counted(differences: readonly number[], observed: number): number {
  const n = differences.length, choices = 2 ** n;
  let sum = differences.reduce((total, d) => total + d, 0), reached = sum >= observed ? 1 : 0;
  for (let i = 1, before = 0; i < choices; i++) {
    const code = i ^ (i >> 1), changed = code ^ before, k = 31 - Math.clz32(changed);
    sum += (code & changed ? -2 : 2) * differences[k];
    if (sum >= observed) reached++;
    before = code;
  }
  return reached / choices;
}

function drawn(differences: readonly number[], observed: number, random: RandomStream): number {
  const n = differences.length;
  let reached = 1; // the signs as they are
  for (let draw = 1; draw <= DRAWS; draw++) {
    let sum = 0;
    for (let from = 0; from < n; from += 32) {
      let signs = random.integer(0, 2 ** 32);
      for (let i = from; i < Math.min(from + 32, n); i++) {
        sum += signs & 1 ? differences[i] : -differences[i];
        signs >>>= 1;
      }
    }
    if (sum >= observed) reached++;
    if (reached > ENOUGH) return reached / (draw + 1);
  }
  return reached / (DRAWS + 1);
}
