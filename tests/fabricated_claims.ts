/**
 * Made-up runs of arms and the test of their claims. No number in them was measured.
 *
 * @module
 */
import { sha256 } from "../base/files.ts";
import type { ClaimsReport, StatedClaim } from "../benchmarks/claims/claims_record.ts";
import { judgeClaims } from "../benchmarks/claims/judge_claims.ts";
import type { ComparedRun, Side } from "../benchmarks/comparison/side.ts";
import type { RunRecord } from "../benchmarks/record.ts";
import { fabricateRun } from "../reports/fabricated_run.ts";

/** Where {@link fabricateArm}'s runs were scored. */
export const FABRICATED = { dataset: "moving-shapes", split: "test", protocol: "moving-shapes" };

/** How {@link fabricateArm} makes runs up. */
export interface FabricatedArm {
  /** Samples, of which four make a scene; 60 unless told. */
  readonly samples?: number;
  /** The EPE of a sample, instead of the level times the fabricated one. */
  readonly epe?: (epe: number, sample: number) => number;
  readonly edit?: (record: RunRecord) => RunRecord;
}

/** An arm with a run for each level, which multiplies its errors. */
export function fabricateArm(
  id: string,
  levels: readonly number[],
  { samples: size = 60, epe = (value) => value, edit = (record) => record }: FabricatedArm = {},
): Side {
  const runs = levels.map((level, seed): ComparedRun => {
    const run = fabricateRun(0, { steps: 4, samples: size, pictures: 0 });
    const { ids, metrics } = run.samples.get("raft")!;
    const errors = metrics.epe.map((value, i) => level * epe(value, i));
    const within = errors.map((value) => 100 * Math.exp(-value));
    const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;
    const evaluations = run.record.evaluations.filter(({ id }) => id === "raft").map((one) => ({
      ...one,
      contender: { ...one.contender, digest: sha256(`${id} ${seed}`) },
      metrics: { ...one.metrics, epe: mean(errors), px1: mean(within) },
    }));
    const config = { model: id, learningRate: 4e-4 };
    const training = { ...run.record.training!, config };
    const record = { ...run.record, id: `raft-demo-${id}-s${seed}`, seed, evaluations, training };
    return {
      record: edit(record),
      samples: new Map([["raft", { ids, metrics: { ...metrics, epe: errors, px1: within } }]]),
    };
  });
  return { name: id, runs };
}

/** A claim that one arm is better than another. */
export function fabricateClaim(favoured: string, other: string, metric = "epe"): StatedClaim {
  const arm = (id: string) => ({ id, name: `${id} model`, published: null });
  return {
    id: `${favoured}-over-${other}`,
    statement: `The ${favoured} model is better than the ${other} one.`,
    source: "Table 5, which nobody could read",
    metric,
    favoured: arm(favoured),
    other: arm(other),
  };
}

/** Three claims, one of each verdict. */
export function fabricateClaims(): ClaimsReport {
  const sides = [
    fabricateArm("large", [1, 1.02, 0.98]),
    fabricateArm("small", [1.5, 1.52, 1.48]),
    fabricateArm("odd", [1.01, 0.97, 1.03]),
  ];
  const { paper, scale, notes } = sides[0].runs[0].record;
  return judgeClaims({
    about: {
      ...{ paper, scale, notes, recipe: "demo", steps: 4, seeds: [0, 1, 2] },
      command: "deno task raft claims --recipe demo --seeds 3",
    },
    claims: [
      fabricateClaim("large", "small"),
      fabricateClaim("small", "large"),
      fabricateClaim("odd", "large"),
    ],
    sides: new Map(sides.map((side) => [side.name, side])),
    on: FABRICATED,
  });
}
