/**
 * What tests of speed cases share.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import type { Contest, Result, SpeedCase } from "../../base/speed_case.ts";

/** A case's contest. */
export async function opened({ measure }: SpeedCase): Promise<Contest> {
  if (!("open" in measure)) throw new Error("no contest");
  return await measure.open();
}

/** Largest difference of two results relative to the largest number of its part. */
export function apart(a: Result, b: Result): number {
  assertEquals(a.map(({ length }) => length), b.map(({ length }) => length));
  return Math.max(...b.map((part, i) => {
    let worst = 0, largest = 0;
    for (let j = 0; j < part.length; j++) {
      worst = Math.max(worst, Math.abs(a[i][j] - part[j]));
      largest = Math.max(largest, Math.abs(part[j]));
    }
    assertGreater(largest, 0);
    return worst / largest;
  }));
}

/** Opens a case, has all its ways agree, and expects it to leave nothing behind. */
export async function assertSound(of: SpeedCase): Promise<void> {
  const before = tf.memory().numTensors;
  const { ours, alternative, expected, tolerance, close } = await opened(of);
  const own = await ours.result();
  for (const other of [alternative, expected]) {
    if (!other) continue;
    assertLessOrEqual(apart(own, await other.result!()), tolerance, `${of.name} ${of.shape}`);
  }
  ours.call();
  await ours.settle();
  await close();
  assertEquals(tf.memory().numTensors, before, `${of.name} leaves tensors behind`);
}
