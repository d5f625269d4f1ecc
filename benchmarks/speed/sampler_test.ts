import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Contestant } from "../../base/speed_case.ts";
import { summarize, takeTurns } from "./sampler.ts";

/** A clock that only contestants move, and what they did, in order. */
function stage() {
  const log: string[] = [];
  const time = { ms: 0 };
  /** @param cost Milliseconds of each call, at the end of which the device has not finished yet. */
  const contestant = (name: string, cost: () => number): Contestant => {
    let pending = 0;
    return {
      name,
      call() {
        log.push(name);
        pending += cost();
      },
      settle() {
        time.ms += pending;
        pending = 0;
        return Promise.resolve();
      },
      result: () => Promise.resolve([]),
    };
  };
  return { log, contestant, now: () => time.ms };
}

Deno.test("contestants take turns, and who goes first alternates", async () => {
  const { log, contestant, now } = stage();
  const pair = [contestant("a", () => 150), contestant("b", () => 200)];
  const samples = await takeTurns(pair, { repeats: 3, now });
  assertEquals(log.join(""), "ab" + "ab" + "ba" + "ab");
  assertEquals(samples, [[0.15, 0.15, 0.15], [0.2, 0.2, 0.2]]);
});

Deno.test("the first run of each is thrown away, and is spared the slow ones", async () => {
  const { log, contestant, now } = stage();
  let first = true;
  const a = contestant("a", () => first ? (first = false, 900) : 300);
  const b = contestant("b", () => 9000);
  const samples = await takeTurns([a, b], { repeats: 1, now, slow: new Set([b]) });
  assertEquals(samples, [[0.3], [9]]);
  assertEquals(log.join(""), "aab");
});

Deno.test("short work is called several times a sample, and given a call", async () => {
  const { log, contestant, now } = stage();
  const samples = await takeTurns([contestant("a", () => 1)], { repeats: 2, now });
  assertEquals(log.length, (1 + 4 + 16 + 64) + 2 * 150);
  for (const value of samples[0]) assertAlmostEquals(value, 0.001);
});

Deno.test("work too short for the clock is not called without end", async () => {
  const { log, contestant, now } = stage();
  await takeTurns([contestant("a", () => 0)], { repeats: 1, now });
  assertEquals(log.length, (1 + 4 + 16 + 64 + 256) + 1000);
});

Deno.test("what a contestant left in the queue is not the next one's time", async () => {
  const { contestant, now } = stage();
  const a = contestant("a", () => 200);
  a.call();
  assertEquals(await takeTurns([a], { repeats: 1, now }), [[0.2]]);
});

Deno.test("summarize() gives median, quartiles and the smallest in any order", () => {
  assertEquals(summarize([5, 1, 3, 2, 4]), { median: 3, lower: 2, upper: 4, min: 1 });
  assertEquals(summarize([2, 1]), { median: 1.5, lower: 1.25, upper: 1.75, min: 1 });
  assertEquals(summarize([7]), { median: 7, lower: 7, upper: 7, min: 7 });
});
