/**
 * Timing two ways of doing the same, one after the other, again and again.
 *
 * A machine's speed drifts: it heats up, others use it. Contestants therefore take turns in one
 * process, and who goes first alternates, so that drift meets both alike.
 *
 * @module
 */
import { quantile } from "../../base/quantile.ts";
import type { Rival } from "../../base/speed_case.ts";

/** Milliseconds now; tests give their own. */
export type Clock = () => number;

/**
 * Seconds that a sample should take. Waiting for a device is answered up to 10 ms late, so a short
 * piece of work is called many times before the wait.
 */
const SAMPLE = 0.15;

/** Calls of one sample at most. */
const MOST_CALLS = 1000;

/** Calls that make up a sample: four times as many until they can be timed, then in proportion. */
async function callsFor(contestant: Rival, now: Clock): Promise<number> {
  for (let calls = 1;; calls *= 4) {
    const seconds = calls * await secondsPerCall(contestant, calls, now);
    const wanted = seconds > 0 ? Math.ceil(calls * SAMPLE / seconds) : MOST_CALLS;
    if (seconds >= SAMPLE / 3 || calls * 4 > MOST_CALLS) {
      return Math.min(MOST_CALLS, Math.max(1, wanted));
    }
  }
}

/** Seconds a call takes, of several in a row and one wait for all of them. */
async function secondsPerCall(contestant: Rival, calls: number, now: Clock): Promise<number> {
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
 * @param slow Contestants that take so long that no run is spent on warming up.
 * @returns The samples of each contestant, in the order in which they were taken.
 */
export async function takeTurns(
  contestants: readonly Rival[],
  { repeats, now, slow }: { repeats: number; now: Clock; slow?: ReadonlySet<Rival> },
): Promise<number[][]> {
  const calls = new Map<Rival, number>();
  for (const contestant of contestants) {
    calls.set(contestant, slow?.has(contestant) ? 1 : await callsFor(contestant, now));
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
  const at = (share: number) => quantile(sorted, share);
  return { median: at(0.5), lower: at(0.25), upper: at(0.75), min: sorted[0] };
}
