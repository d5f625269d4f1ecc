/**
 * Timing two ways of doing the same, one after the other, again and again.
 *
 * A machine's speed drifts: it heats up, others use it. Contestants therefore take turns in one
 * process, and who goes first alternates, so that drift meets both alike.
 *
 * @module
 */
import type { Contestant } from "../../base/speed_case.ts";

/** Milliseconds now; tests give their own. */
export type Clock = () => number;

/** Seconds below which a sample would be made of the clock's and the queue's noise. */
const SHORTEST_SAMPLE = 0.02;

/** Calls of one sample: a short piece of work is repeated, up to what a queue should hold. */
function callsFor(seconds: number): number {
  return Math.min(100, Math.max(1, Math.ceil(SHORTEST_SAMPLE / Math.max(seconds, 1e-6))));
}

/** Seconds a call takes, of several in a row and one wait for all of them. */
async function secondsPerCall(contestant: Contestant, calls: number, now: Clock): Promise<number> {
  await contestant.settle();
  const started = now();
  for (let i = 0; i < calls; i++) await contestant.call();
  await contestant.settle();
  return (now() - started) / 1000 / calls;
}

/**
 * Seconds a call takes, sample after sample.
 *
 * @param contestants They take turns. Each must have run before, so that it is compiled.
 * @param repeats Samples of each.
 * @param slow Contestants whose first run, not timed, may be left out because a run takes so long
 * that it hardly matters.
 * @returns The samples of each contestant, in the order in which they were taken.
 */
export async function takeTurns(
  contestants: readonly Contestant[],
  { repeats, now, slow }: { repeats: number; now: Clock; slow?: ReadonlySet<Contestant> },
): Promise<number[][]> {
  const calls = new Map<Contestant, number>();
  for (const contestant of contestants) {
    const warm = slow?.has(contestant) ? Infinity : await secondsPerCall(contestant, 1, now);
    calls.set(contestant, callsFor(warm));
  }
  const samples = contestants.map((): number[] => []);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const order = [...contestants.entries()];
    if (repeat % 2 === 1) order.reverse();
    for (const [i, contestant] of order) {
      samples[i].push(await secondsPerCall(contestant, calls.get(contestant)!, now));
    }
  }
  return samples;
}

/** Median, quartiles and the smallest of some numbers. */
export interface Summary {
  readonly median: number;
  /** First quartile. */
  readonly lower: number;
  /** Third quartile. */
  readonly upper: number;
  readonly min: number;
}

/** Summarises at least one number; quartiles are interpolated linearly between ranks. */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const rank = share * (sorted.length - 1);
    const below = Math.floor(rank), above = Math.ceil(rank);
    return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
  };
  return { median: at(0.5), lower: at(0.25), upper: at(0.75), min: sorted[0] };
}
