import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  bytes,
  count,
  decimal,
  duration,
  integer,
  moment,
  percent,
  rate,
  time,
  timeRange,
  times,
  timesRange,
  verbatim,
} from "./format.ts";

Deno.test("decimal() keeps the digits that carry meaning", () => {
  const cases: [number | null, string][] = [
    [0, "0"],
    [1.43, "1.430"],
    [27.123, "27.12"],
    [204.56, "204.6"],
    [5257536, "5,257,536"],
    [-0.03125, "−0.0313"],
    [4.2e-8, "4.20e-8"],
    [-4.2e-8, "−4.20e-8"],
    [null, "–"],
    [NaN, "–"],
    [Infinity, "–"],
  ];
  for (const [value, text] of cases) assertEquals(decimal(value), text);
});

Deno.test("times of work have three digits and the unit that suits them", () => {
  assertEquals(
    [0.00005, 0.0123456, 0.745, 1.3579, 17.2, 1234.5].map(time),
    ["0.0500 ms", "12.3 ms", "745 ms", "1.36 s", "17.2 s", "1,235 s"],
  );
  assertEquals(timeRange(0.0115, 0.0126), "11.5–12.6 ms");
  assertEquals(timeRange(0.9, 1.25), "0.900–1.25 s");
});

Deno.test("rates and ratios", () => {
  assertEquals(rate({ amount: 2e9, unit: "flop" }, 0.5), "4.00 GFLOP/s");
  assertEquals(rate({ amount: 3e6, unit: "byte" }, 0.01), "300 MB/s");
  assertEquals([0.094, 3.44, 12.4].map(times), ["0.09×", "3.4×", "12×"]);
  assertEquals(timesRange(3.14, 12.4), "3.1–12×");
});

Deno.test("decimal() stays within half a per cent of any number", () => {
  const anySize = fc.double({ noNaN: true, min: -1e15, max: 1e15 });
  const nearOne = fc.double({ noNaN: true, min: 1e-4, max: 1e4 }); // every number of digits
  fc.assert(fc.property(fc.oneof(anySize, nearOne), (value) => {
    const back = Number(decimal(value).replace("−", "-").replaceAll(",", ""));
    return Math.abs(back - value) <= 5.001e-3 * Math.abs(value);
  }));
});

Deno.test("the other formats", () => {
  assertEquals(verbatim(1.43), "1.43");
  assertEquals(verbatim(2700000), "2,700,000");
  assertEquals(integer(-1234), "−1,234");
  assertEquals(percent(0.2204), "22.0 %");
  assertEquals(duration(3.21), "3.210 s");
  assertEquals(duration(38.4), "38 s");
  assertEquals(duration(3661), "1:01:01");
  assertEquals(bytes(2 ** 27), "128 MiB");
  assertEquals(bytes(1023), "1023 B");
  assertEquals(moment("2026-11-22T10:15:30.000Z"), "2026-11-22 10:15 UTC");
  assertEquals([count(1, "sample"), count(1500, "sample")], ["1 sample", "1,500 samples"]);
});
