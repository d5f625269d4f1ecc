/**
 * Textbook distributions, from jstat.
 *
 * @module
 */
// @ts-types="./jstat.d.ts"
import jstat from "jstat";

const { jStat } = jstat;

/** Probability that a standard normal number is at least `z`. */
export function normalTail(z: number): number {
  return jStat.normal.cdf(-z, 0, 1);
}

/** Probability that Student's t is at least `t`. */
export function studentTail(t: number, degreesOfFreedom: number): number {
  return jStat.studentt.cdf(-t, degreesOfFreedom);
}

/** The value that Student's t reaches or exceeds with probability `tail`. */
export function studentQuantile(tail: number, degreesOfFreedom: number): number {
  return -jStat.studentt.inv(tail, degreesOfFreedom);
}
