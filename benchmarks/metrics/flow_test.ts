import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { ndarray } from "../../base/arrays.ts";
import { DataError, ReflowError } from "../../base/errors.ts";
import {
  FLOW_METRICS,
  type FlowMetric,
  FlowMetrics,
  type FlowQuantity,
  type ScoredFlow,
} from "./flow.ts";

/** A one-row sample out of pixels `[u, v, true u, true v, valid?, occluded?]`. */
function row(...pixels: number[][]): ScoredFlow {
  const n = pixels.length;
  const column = (i: number, fallback: number) =>
    ndarray(Uint8Array.from(pixels, (p) => p[i] ?? fallback), [1, n]);
  const flow = (i: number) =>
    ndarray(Float32Array.from(pixels.flatMap((p) => [p[i], p[i + 1]])), [1, n, 2]);
  return {
    prediction: flow(0),
    truth: flow(2),
    valid: column(4, 1),
    ...(pixels.some((p) => p.length > 5) ? { occluded: column(5, 0) } : {}),
  };
}

function summarise(...samples: ScoredFlow[]): Record<FlowMetric, number | null> {
  const metrics = new FlowMetrics();
  samples.forEach((sample, i) => metrics.add(`sample ${i}`, sample));
  return metrics.summary();
}

Deno.test("FlowMetrics has null for everything without a valid pixel", () => {
  for (const summary of [summarise(), summarise(row([1, 2, 3, 4, 0, 1]))]) {
    assertEquals(Object.keys(summary), Object.keys(FLOW_METRICS));
    assert(Object.values(summary).every((value) => value === null));
  }
  const sample = new FlowMetrics().add("x", row([1, 2, 3, 4, 0]));
  assertStrictEquals(sample.epe, null);
  assertStrictEquals(sample.pixels, 0);
});

Deno.test("FlowMetrics measures one valid pixel by hand", () => {
  const summary = summarise(row([3, 4, 0, 0, 1, 1], [90, 90, 0, 0, 0, 0]));
  const measured = Object.entries(summary).filter(([, value]) => value !== null);
  const degrees = Math.atan(5) * 180 / Math.PI;
  const expected: Partial<Record<FlowQuantity, number>> = {
    epe: 5,
    px1: 0,
    px3: 0,
    px5: 0,
    fl: 100,
    out3: 100,
    wauc: 0.01 / 50.5 * 100, // the last threshold alone
    aae: degrees,
    epeOccluded: 5,
    "s0-10": 5,
  };
  assertEquals(measured.length, 2 * Object.keys(expected).length);
  for (const [name, value] of measured) {
    const { of } = FLOW_METRICS[name as FlowMetric];
    assertAlmostEquals(value!, expected[of]!, 1e-12, name);
  }
});

Deno.test("FLOW_METRICS has every quantity in both averages, the usual one under its name", () => {
  const byQuantity = Map.groupBy(Object.entries(FLOW_METRICS), ([, info]) => info.of);
  for (const [of, metrics] of byQuantity) {
    assertEquals(metrics.map(([, { averaging }]) => averaging).sort(), ["per image", "pooled"]);
    const [usual, other] = metrics;
    assertEquals(usual[0], of);
    assertEquals(other[0], of + (other[1].averaging === "pooled" ? "Pooled" : "PerImage"));
  }
});

Deno.test("FlowMetrics averages per image and over all pixels, and skips empty images", () => {
  const one = row([4, 0, 0, 0]);
  const three = row([1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 1, 0]);
  const summary = summarise(one, three, row([7, 7, 0, 0, 0]));
  assertEquals([summary.epe, summary.epePooled], [2, 1]);
  assertEquals([summary.flPerImage, summary.fl], [50, 25]);
  assertEquals([summary.px1PerImage, summary.px1], [50, 75]);
});

Deno.test("FlowMetrics counts px1, px3 and px5 as errors strictly below the threshold", () => {
  const summary = summarise(
    row([0.5, 0, 0, 0], [1, 0, 0, 0], [0, 3, 0, 0], [3, 4, 0, 0], [6, 0, 0, 0]),
  );
  assertEquals([summary.px1, summary.px3, summary.px5], [20, 40, 60]);
});

Deno.test("FlowMetrics calls a pixel an Fl outlier only above 3 px and above 5 %", () => {
  const fl = (...pixel: number[]) => summarise(row(pixel)).fl;
  const justOver = (x: number) => x + 2 ** -17;
  assertEquals(fl(3, 0, 0, 0), 0, "exactly 3 px");
  assertEquals(fl(justOver(3), 0, 0, 0), 100, "just over 3 px, no motion");
  assertEquals(fl(84, 0, 80, 0), 0, "exactly 5 %");
  assertEquals(fl(justOver(84), 0, 80, 0), 100, "just over 5 %");
  assertEquals(fl(0, 105, 0, 100), 0, "exactly 5 % of 100");
  assertEquals(fl(1003, 0, 1000, 0), 0, "3 px of 1000");
  assertEquals(fl(2, 0, 0, 0), 0, "over 5 %, but 2 px");
});

Deno.test("FlowMetrics counts KITTI 2012's outliers above 3 px, per image unless told otherwise", () => {
  const summary = summarise(
    row([3, 0, 0, 0]),
    row([84, 0, 80, 0], [0, 3.5, 0, 0], [1, 0, 0, 0], [9, 9, 0, 0, 0]),
  );
  assertAlmostEquals(summary.out3!, (0 + 200 / 3) / 2, 1e-12);
  assertEquals([summary.out3Pooled, summary.fl], [50, 25], "5 % spares one from Fl");
});

Deno.test("FlowMetrics weighs thresholds from 0.05 to 5 px in WAUC, small errors most", () => {
  const wauc = (error: number) => summarise(row([error, 0, 0, 0])).wauc!;
  const sum = 50.5; // of the weights 1, 0.99, …, 0.01
  assertAlmostEquals(wauc(0), 100, 1e-12);
  assertAlmostEquals(wauc(0.0625), 100 * (sum - 1) / sum, 1e-12, "misses the first threshold");
  assertAlmostEquals(wauc(0.5), 100 * (sum - 9 * (1 + 0.92) / 2) / sum, 1e-12, "at the tenth");
  assertAlmostEquals(wauc(5), 100 * 0.01 / sum, 1e-12, "at the last");
  assertEquals([wauc(5 + 2 ** -21), wauc(1e9)], [0, 0]);
});

Deno.test("FlowMetrics agrees with WAUC's definition for any error", () => {
  const thresholds = Array.from(
    { length: 100 },
    (_, i) => ({ at: (i + 1) / 20, weight: 1 - i / 100 }),
  );
  const total = thresholds.reduce((sum, { weight }) => sum + weight, 0);
  fc.assert(fc.property(fc.float({ min: 0, max: 6, noNaN: true }), (error) => {
    const under = thresholds.reduce((sum, { at, weight }) => sum + (error <= at ? weight : 0), 0);
    assertAlmostEquals(summarise(row([error, 0, 0, 0])).wauc!, 100 * under / total, 1e-9);
  }));
});

Deno.test("FlowMetrics sorts errors into bands by the true speed", () => {
  const summary = summarise(row([6, 9, 6, 8], [10, 2, 10, 0], [40, 3, 40, 0], [0, 4, 0, 0]));
  assertEquals([summary["s0-10"], summary["s10-40"], summary["s40+"]], [4, 1.5, 3]);
});

Deno.test("FlowMetrics splits occluded from visible pixels", () => {
  const summary = summarise(row([1, 0, 0, 0, 1, 1], [3, 0, 0, 0, 1, 0], [5, 0, 0, 0, 1, 0]));
  assertEquals([summary.epeOccluded, summary.epeVisible, summary.epePooled], [1, 4, 3]);
  const far = summarise(row([9, 0, 0, 0, 1, 1], [9, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0]));
  assertAlmostEquals(far.fl!, 200 / 3, 1e-12);
  assertEquals([far.flVisible, far.out3Visible], [50, 50]);
});

Deno.test("FlowMetrics measures small angles and huge flows without losing them", () => {
  assertAlmostEquals(summarise(row([2 ** -20, 0, 0, 0])).aae!, 2 ** -20 * 180 / Math.PI, 1e-15);
  assertEquals(summarise(row([0.1, 0.2, 0.1, 0.2])).aae, 0);
  const huge = summarise(row([3e38, 0, -3e38, 0]));
  assertAlmostEquals(huge.epe! / 6e38, 1, 1e-6);
  assertAlmostEquals(huge.aae!, 180, 1e-6);
  const unknown = summarise(row([1e9, 0, 0, 0], [0, 0, 1e9, 0, 0], [1, 0, 0, 0]));
  assertEquals(
    [unknown.epePooled, unknown.fl],
    [(1e9 + 1) / 2, 50],
    "1e9 counts where it is valid",
  );
});

Deno.test("FlowMetrics.add() refuses a prediction that is not finite, and says where", () => {
  const broken = row([0, 0, 0, 0], [0, NaN, 0, 0, 0]);
  const error = assertThrows(() => new FlowMetrics().add("alley_1/7", broken), ReflowError);
  assert(error.message.includes("alley_1/7") && error.message.includes("row 0, column 1"));
  assertThrows(() => summarise(row([-Infinity, 0, 0, 0])), ReflowError);
});

Deno.test("FlowMetrics.add() refuses a valid truth that is not finite", () => {
  assertThrows(() => summarise(row([0, 0, NaN, 0])), DataError, "row 0, column 0");
  assertEquals(summarise(row([0, 0, NaN, 0, 0], [1, 0, 0, 0])).epe, 1);
});

Deno.test("FlowMetrics.add() refuses shapes that do not fit", () => {
  const sample = row([0, 0, 0, 0], [0, 0, 0, 0]);
  const narrow = row([0, 0, 0, 0]);
  assertThrows(() => summarise({ ...sample, valid: narrow.valid }), TypeError, "valid");
  assertThrows(() => summarise({ ...sample, prediction: narrow.truth }), TypeError, "prediction");
});

Deno.test("FlowMetrics reads cropped and flipped views", () => {
  const { prediction, truth, valid } = row([0, 0, 0, 0], [1, 0, 0, 0], [5, 0, 0, 0]);
  const view = prediction.step(1, -1, 1).hi(1, 2, 2);
  assertEquals(
    summarise({ prediction: view, truth: truth.hi(1, 2, 2), valid: valid.hi(1, 2) }).epe,
    3,
  );
});

Deno.test("FlowMetrics does not depend on the order of pixels or samples", () => {
  const flow = fc.float({ min: -1000, max: 1000, noNaN: true });
  const pixel = fc.tuple(flow, flow, flow, flow, fc.constantFrom(0, 1), fc.constantFrom(0, 1));
  const samples = fc.array(fc.array(pixel, { minLength: 1, maxLength: 20 }), { minLength: 1 });
  fc.assert(
    fc.property(samples, (pixels) => {
      const forward = summarise(...pixels.map((p) => row(...p)));
      const backward = summarise(...pixels.map((p) => row(...p.toReversed())).toReversed());
      for (const key of Object.keys(forward) as FlowMetric[]) {
        if (forward[key] === null) assertStrictEquals(backward[key], null);
        else assertAlmostEquals(backward[key]!, forward[key], 1e-12 * (1 + forward[key]));
      }
    }),
    { numRuns: 50 },
  );
});
