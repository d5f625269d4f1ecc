/**
 * Numbers, times and sizes as people read them. Independent of the machine's locale and time zone.
 *
 * @module
 */
import { clock } from "../base/progress.ts";

/** What stands for a missing value. */
export const NO_VALUE = "–";

/** A measurement with the digits that carry meaning: `0.0312`, `1.432`, `27.1`, `1,204`. */
export function decimal(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_VALUE;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1000) return integer(value);
  if (size < 1e-3) return value.toExponential(2).replace("-", "−").replace("e−", "e-");
  const digits = size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 ? 3 : size >= 0.01 ? 4 : 5;
  return signed(value.toFixed(digits));
}

/** A number with the digits it was published with; whole ones with thousands separators. */
export function verbatim(value: number): string {
  return Number.isInteger(value) ? integer(value) : signed(String(value));
}

/** A share as a percentage: `22.0 %`. */
export function percent(share: number): string {
  return `${signed((100 * share).toFixed(1))} %`;
}

/** A count with thousands separators: `5,257,536`. */
export function integer(value: number): string {
  return signed(Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ","));
}

/** A length of time: `38 s`, or `h:mm:ss` from a minute on. */
export function duration(seconds: number): string {
  if (seconds >= 60) return clock(seconds);
  return `${seconds < 10 ? decimal(seconds) : Math.round(seconds)} s`;
}

/** A short time in the unit that suits it: `0.231 ms`, `12.3 ms`, `1.52 s`. */
export function time(seconds: number): string {
  return `${inUnitOf(seconds, seconds)} ${unitOf(seconds)}`;
}

/** Two times in the unit of the second: `11.5–12.6 ms`. */
export function timeRange(from: number, to: number): string {
  return `${inUnitOf(from, to)}–${inUnitOf(to, to)} ${unitOf(to)}`;
}

const unitOf = (seconds: number) => seconds >= 1 ? "s" : "ms";

const inUnitOf = (seconds: number, unit: number) =>
  threeDigits(unit >= 1 ? seconds : 1000 * seconds);

/** At least three digits, and all of them before the point. */
const threeDigits = (value: number) =>
  value >= 100 ? integer(value) : value === 0 ? "0" : value.toPrecision(3);

/** Work done in a second: `5.21 GFLOP/s`, `312 MB/s`. */
export function rate(work: { amount: number; unit: "flop" | "byte" }, seconds: number): string {
  const perSecond = work.amount / seconds;
  const [value, unit] = work.unit === "byte"
    ? [perSecond / 1e6, "MB/s"]
    : [perSecond / 1e9, "GFLOP/s"];
  return `${threeDigits(value)} ${unit}`;
}

/** How many times as fast: `0.87×`, `3.4×`, `12×`. */
export function times(ratio: number): string {
  return `${ratio.toFixed(ratio >= 10 ? 0 : ratio >= 1 ? 1 : 2)}×`;
}

/** Two ratios: `3.1–3.4×`. */
export function timesRange(from: number, to: number): string {
  return `${times(from).slice(0, -1)}–${times(to)}`;
}

/** Bytes in binary units: `128 MiB`. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; count >= 1024 && unit < units.length - 1; unit++) count /= 1024;
  return `${Number(count.toFixed(1))} ${units[unit]}`;
}

/** A cost: times and bytes in the unit that suits them, counts as such. */
export function measurement(value: number, unit: string): string {
  return unit === "s" ? time(value) : unit === "bytes" ? bytes(value) : integer(value);
}

/** An ISO time as `2026-11-22 10:15 UTC`. */
export function moment(iso: string): string {
  return new Date(iso).toISOString().slice(0, 16).replace("T", " ") + " UTC";
}

/** `1 sample`, `3 samples`. */
export function count(n: number, noun: string): string {
  return `${integer(n)} ${noun}${n === 1 ? "" : "s"}`;
}

function signed(text: string): string {
  return text.replace("-", "−");
}
