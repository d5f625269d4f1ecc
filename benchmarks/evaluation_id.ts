/**
 * Names of evaluations.
 *
 * @module
 */
import type { Evaluation } from "./record.ts";

/**
 * A plain file name for an evaluation, as its group in `samples.zarr` needs: equal for the same
 * contender, data and protocol.
 */
export function evaluationId(
  stamp: Evaluation["contender"],
  dataset: { readonly id: string; readonly split: string },
  protocol: { readonly id: string },
): string {
  const weights = stamp.digest === null ? [] : [stamp.digest.slice(0, 8)];
  const parts = [stamp.name, ...weights, dataset.id, dataset.split, protocol.id];
  return parts
    .map((part) =>
      part.normalize("NFKD").toLowerCase().replaceAll(/\p{M}/gu, "")
        .replaceAll(/[^a-z0-9.@]+/g, "-").replaceAll(/^[-.@]+|[-.@]+$/g, "")
    )
    .filter((part) => part !== "")
    .join("--");
}
