import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EnvironmentError, Interrupted } from "../../base/errors.ts";
import type { Contest, Contestant, SizePoint, SpeedCase } from "../../base/speed_case.ts";
import { difference, measure, measureSizes } from "./measure.ts";
import { SpeedRow } from "./speed_record.ts";

const time = { ms: 0 };
const now = () => time.ms;
let called = 0;

/** A contestant whose calls take so many milliseconds, one after the other, the last one again. */
function contestant(name: string, result: readonly number[], ...ms: number[]): Contestant {
  let n = 0;
  return {
    name,
    call() {
      called++;
      time.ms += ms[Math.min(n++, ms.length - 1)] ?? 0;
    },
    settle: () => Promise.resolve(),
    result: () => Promise.resolve([result]),
  };
}

/** A case around a contest, and whether the contest was closed. */
function caseOf(contest: Omit<Contest, "close">, about: Partial<SpeedCase> = {}) {
  const state = { closed: false };
  const open = () => Promise.resolve({ ...contest, close: () => void (state.closed = true) });
  return { state, of: { name: "work", shape: "8×8", measure: { open }, ...about } as SpeedCase };
}

/** The row of a case, which must fit its own schema and close its contest. */
async function rowOf({ of, state }: ReturnType<typeof caseOf>, repeats = 3): Promise<SpeedRow> {
  called = 0;
  const row = await measure("group", of, { repeats, now });
  assertEquals(SpeedRow.parse(JSON.parse(JSON.stringify(row))), row);
  assertEquals(state.closed, true);
  return row;
}

Deno.test("a contest gives medians, their ratio and the spread of pairs", async () => {
  const row = await rowOf(caseOf({
    ours: contestant("ours", [1, 2], 999, 250, 500, 250),
    alternative: contestant("theirs", [1, 2.0001], 999, 1000, 1000, 1000),
    tolerance: 1e-3,
  }, { goal: 3, work: { amount: 1e9, unit: "flop" } }));
  assertEquals(row.ours?.values, [0.25, 0.5, 0.25]);
  assertEquals(row.alternative?.median, 1);
  assertEquals(row.ratio, { value: 4, lower: 3, upper: 4 });
  assertEquals([row.error, row.skipped, row.goal, row.work?.amount], [null, null, 3, 1e9]);
  assertEquals(row.agreement?.with, "theirs");
});

Deno.test("results that differ are an error, and nothing is timed", async () => {
  for (const wrong of [[1, 2.1], [1, NaN], [1], [1, 2, 3]]) {
    const row = await rowOf(caseOf({
      ours: contestant("ours", wrong, 1),
      alternative: contestant("theirs", [1, 2], 1),
      tolerance: 1e-2,
    }));
    assertStringIncludes(row.error!, "differ from those of theirs");
    assertEquals([row.ours, row.alternative, row.ratio, called], [null, null, null, 0]);
  }
});

Deno.test("two that compute nothing do not agree", async () => {
  const row = await rowOf(caseOf({
    ours: contestant("ours", [0, 0], 1),
    alternative: contestant("theirs", [0, 0], 1),
    tolerance: 1,
  }));
  assertStringIncludes(row.error!, "no number");
});

Deno.test("where others know the right result, both contestants are held against it", async () => {
  const expected = contestant("the oracle", [1, 2], 1);
  const good = contestant("good", [1, 2], 250), bad = contestant("bad", [2, 2], 250);
  const tolerance = 1e-6;
  const alone = await rowOf(caseOf({ ours: good, alternative: null, expected, tolerance }));
  assertEquals([alone.error, alone.ratio, alone.ours?.median], [null, null, 0.25]);
  assertEquals(alone.agreement?.with, "the oracle");
  for (const [ours, alternative] of [[good, bad], [bad, good], [bad, null]] as const) {
    const row = await rowOf(caseOf({ ours, alternative, expected, tolerance }));
    assertStringIncludes(row.error!, "the oracle");
  }
});

Deno.test("who does less than ours is timed and held against nothing", async () => {
  const { result: _, ...alternative } = contestant("plain", [], 1000);
  const expected = contestant("the oracle", [1], 1);
  for (const [found, error] of [[1, false], [2, true]] as const) {
    const ours = contestant("ours", [found], 500);
    const row = await rowOf(caseOf({ ours, alternative, expected, tolerance: 1e-6 }));
    assertEquals([row.error !== null, row.ratio?.value], [error, error ? undefined : 2]);
  }
});

Deno.test("a case may ask for fewer repeats", async () => {
  const of = { ours: contestant("ours", [1], 250), alternative: null, tolerance: 0 };
  assertEquals((await rowOf(caseOf(of, { most: 2 }), 5)).ours?.values.length, 2);
  assertEquals((await rowOf(caseOf(of), 5)).ours?.values.length, 5);
});

Deno.test("a device error ends in the row, an interruption does not", async () => {
  const failing = (error: Error): Contest["ours"] => ({
    ...contestant("ours", [1], 1),
    settle: () => Promise.reject(error),
  });
  const contest = (error: Error) =>
    caseOf({ ours: failing(error), alternative: null, tolerance: 1 });
  const row = await rowOf(contest(new EnvironmentError("Out of memory")));
  assertEquals([row.error, row.ours], ["Out of memory", null]);
  const { of } = contest(new Interrupted("Stopped"));
  await assertRejects(() => measure("group", of, { repeats: 1, now }), Interrupted);
});

Deno.test("what cannot be had says so, and what is counted keeps its unit", async () => {
  const about = { name: "x", shape: "" };
  const options = { repeats: 2, now };
  const skipped = await measure("g", { ...about, measure: { skipped: "Run that" } }, options);
  assertEquals([skipped.skipped, skipped.ours, skipped.error], ["Run that", null, null]);
  const read = (repeats: number) =>
    Promise.resolve({
      ours: { name: "ours", values: [repeats] },
      alternative: { name: "theirs", values: [8] },
    });
  const counted = await measure("g", { ...about, measure: { unit: "submits", read } }, options);
  assertEquals([counted.unit, counted.ours?.median, counted.ratio?.value], ["submits", 2, 4]);
});

Deno.test("difference() is relative to the largest expected number of each part", () => {
  assertEquals(difference([[1, 10]], [[1, 8]]), 0.25);
  assertEquals(difference([[1, 8], [3]], [[1, 8], [3]]), 0);
  // A part of small numbers is not excused by one of large ones.
  assertEquals(difference([[1e6], [0.5]], [[1e6], [1]]), 0.5);
  for (const actual of [[[1]], [[NaN, 8]], [[1, Infinity]], [[1, 8], [1]], []]) {
    assertEquals(difference(actual, [[1, 8]]), Infinity);
  }
  assertEquals(difference([[1], [0, 0]], [[1], [0, 0]]), Infinity);
  assertEquals(difference([], []), Infinity);
});

Deno.test("sizes are fitted against pixels, and a size that fails leaves the others", async () => {
  const point = (side: number): SizePoint => ({
    ...{ height: side, width: side, seconds: side * side, residentBytes: 5, deviceBytes: side },
  });
  const heard: number[] = [];
  const curve = await measureSizes({
    id: "size",
    async *sizes() {
      yield* await Promise.resolve([point(1), point(4)]);
      throw new EnvironmentError("Too large");
    },
  }, ({ width }) => heard.push(width));
  assertEquals([heard, curve.points.length, curve.error], [[1, 4], 2, "Too large"]);
  assertEquals(curve.fits.seconds?.exponent, 1);
  assertEquals(curve.fits.deviceBytes?.exponent, 0.5);
  assertEquals(curve.fits.residentBytes?.exponent, 0);
});
