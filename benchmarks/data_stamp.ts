/**
 * What a record keeps of a dataset's split.
 *
 * @module
 */
import { findDataset } from "../datasets/registry.ts";
import type { FlowDataset } from "../datasets/sample.ts";
import type { DataStamp } from "./record.ts";

/**
 * The stamp of a split that was opened, with the licence and homepage the registry has for its dataset.
 *
 * @throws {UsageError} For a dataset that the registry doesn't have.
 */
export function dataStamp(
  { id, split, digest, length }: Pick<FlowDataset, "id" | "split" | "digest" | "length">,
): DataStamp {
  const { licence, homepage } = findDataset(id);
  return { dataset: id, split, digest, samples: length, licence, source: homepage };
}
