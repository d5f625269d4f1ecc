/**
 * What metric names mean to a reader.
 *
 * A record names its metrics `epe`, `epePooled`, `flPerImage`: a quantity and, where it is not the
 * field's usual one, the averaging. A name of another kind is shown as it is spelled, without a
 * unit and without a better side.
 *
 * @module
 */
import type { Evaluation } from "./record.ts";

/** A metric: a quantity under one averaging convention. */
export interface MetricName {
  /** Name in the record. */
  readonly name: string;
  /** What is measured, for people: "EPE", "EPE occluded". Equal across conventions. */
  readonly quantity: string;
  /** How it is averaged: "per image" or "pooled"; "" where the name does not tell. */
  readonly averaging: "per image" | "pooled" | "per video" | "";
  /** Unit, or "" where unknown. */
  readonly unit: string;
  /** Which side is better, or null where unknown. */
  readonly better: "lower" | "higher" | null;
}

type Family = Omit<MetricName, "name">;

const epe = { averaging: "pooled", unit: "px", better: "lower" } as const;
const good = { averaging: "pooled", unit: "%", better: "higher" } as const;

const fit = { averaging: "per video", unit: "%", better: "higher" } as const;
const bad = { averaging: "pooled", unit: "%", better: "lower" } as const;

/** Quantities with their usual averaging, which a name may leave out. */
const FAMILIES: Readonly<Record<string, Family>> = {
  "epe": { ...epe, quantity: "EPE", averaging: "per image" },
  "epeOccluded": { ...epe, quantity: "EPE occluded" },
  "epeVisible": { ...epe, quantity: "EPE visible" },
  "s0-10": { ...epe, quantity: "EPE under 10 px" },
  "s10-40": { ...epe, quantity: "EPE 10–40 px" },
  "s40+": { ...epe, quantity: "EPE from 40 px" },
  "px1": { ...good, quantity: "within 1 px" },
  "px3": { ...good, quantity: "within 3 px" },
  "px5": { ...good, quantity: "within 5 px" },
  "fl": { ...bad, quantity: "Fl outliers" },
  "flVisible": { ...bad, quantity: "Fl outliers visible" },
  "out3": { ...bad, quantity: "over 3 px", averaging: "per image" },
  "out3Visible": { ...bad, quantity: "over 3 px visible", averaging: "per image" },
  "wauc": { ...good, quantity: "WAUC" },
  "j": { ...fit, quantity: "J of the better group" },
  "f": { ...fit, quantity: "F of the better group" },
  "jFree": { ...fit, quantity: "J without labels" },
  "fFree": { ...fit, quantity: "F without labels" },
  "aae": { quantity: "angular error", averaging: "per image", unit: "°", better: "lower" },
};

/** Reads a metric's name. */
export function metricName(name: string): MetricName {
  const [, stem, suffix] = /^(.*?)(PerImage|Pooled)?$/s.exec(name)!;
  const family: Family = Object.hasOwn(FAMILIES, stem)
    ? FAMILIES[stem]
    : { quantity: stem, averaging: "", unit: "", better: null };
  if (suffix === undefined) return { ...family, name };
  return { ...family, name, averaging: suffix === "Pooled" ? "pooled" : "per image" };
}

/** Metrics grouped by quantity, in the order they first appear. */
export function groupMetrics(names: Iterable<string>): MetricName[][] {
  const metrics = [...new Set(names)].map(metricName);
  return [...Map.groupBy(metrics, (metric) => metric.quantity).values()];
}

/** The metric to quote of an evaluation: its protocol's, else the one it is ranked by. */
export function quotedMetric(
  { protocol: { quoted }, metrics }: Pick<Evaluation, "protocol" | "metrics">,
): string | null {
  return quoted !== undefined && quoted in metrics ? quoted : mainMetric(metrics);
}

/**
 * The metric results are ranked and compared by, which every single sample has: `epe` where there is
 * one, else the first.
 */
export function mainMetric(metrics: Readonly<Record<string, unknown>>): string | null {
  return "epe" in metrics ? "epe" : Object.keys(metrics)[0] ?? null;
}

/** A quantity with its unit: "EPE (px)". */
export function withUnit({ quantity, unit }: MetricName): string {
  return unit === "" ? quantity : `${quantity} (${unit})`;
}
