/**
 * Every dataset by name.
 *
 * @module
 */
import { join } from "@std/path";
import { DataError, UsageError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { unknownName } from "../base/nearest.ts";
import { davis2016 } from "./davis.ts";
import { type DatasetDefinition, frameBytes, pairBytes } from "./definition.ts";
import { fbms59 } from "./fbms.ts";
import { flyingChairs } from "./flying_chairs.ts";
import { flyingThingsClean, flyingThingsFinal } from "./flying_things.ts";
import { hd1k } from "./hd1k.ts";
import { kitti2012, kitti2015 } from "./kitti.ts";
import { middlebury } from "./middlebury.ts";
import { movingShapes, movingShapesLarge } from "./moving_shapes/mod.ts";
import type { FlowDataset, MaskedVideos } from "./sample.ts";
import { segTrackV2 } from "./segtrack.ts";
import { sintelClean, sintelFinal } from "./sintel.ts";

export type { DatasetDefinition, DatasetSize, Report } from "./definition.ts";

/** All datasets, the embedded ones first. */
export const datasets: readonly DatasetDefinition[] = [
  movingShapes,
  movingShapesLarge,
  flyingChairs,
  flyingThingsClean,
  flyingThingsFinal,
  sintelClean,
  sintelFinal,
  kitti2012,
  kitti2015,
  hd1k,
  middlebury,
  davis2016,
  segTrackV2,
  fbms59,
];

/**
 * The dataset of that name.
 *
 * @throws {UsageError} For an unknown name, with the nearest known one.
 */
export function findDataset(id: string): DatasetDefinition {
  const found = datasets.find((dataset) => dataset.id === id);
  if (found !== undefined) return found;
  throw unknownName("dataset", id, datasets.map((dataset) => dataset.id));
}

/**
 * The dataset and the split that `id` or `id:split` names; without a split, its first.
 *
 * @throws {UsageError} For an unknown dataset or split, with the nearest known one.
 */
export function findSplit(name: string): { dataset: DatasetDefinition; split: string } {
  const colon = name.indexOf(":");
  const dataset = findDataset(colon < 0 ? name : name.slice(0, colon));
  const split = colon < 0 ? dataset.splits[0] : name.slice(colon + 1);
  if (!dataset.splits.includes(split)) {
    throw unknownName(`split of ${dataset.id}`, split, dataset.splits);
  }
  return { dataset, split };
}

/**
 * How many pairs a complete copy of a split has, and the bytes of one before compression (see
 * `pairBytes`); frames where the dataset has no flow. Where pictures differ in size, of the usual one.
 *
 * @param name `id` or `id:split`; without a split, the dataset's first.
 * @throws {UsageError} For an unknown dataset or split, with the nearest known one.
 */
export function splitVolume(name: string): { pairs: number; bytesPerPair: number } {
  const { dataset: { size }, split } = findSplit(name);
  if (size.frames) return { pairs: size.frames[split] ?? 0, bytesPerPair: frameBytes(size) };
  return { pairs: size.pairs[split], bytesPerPair: pairBytes(size) };
}

/**
 * Opens a dataset's split for reading.
 *
 * @param name `id` or `id:split`; without a split, the dataset's first.
 * @param dataDir The folder stores live in.
 * @throws {UsageError} For an unknown dataset or split, with the nearest known one, and for a dataset
 *   without flow.
 * @throws {DataError} When the store is missing, with the command that makes it, or damaged.
 */
export async function openDataset(name: string, dataDir: string): Promise<FlowDataset> {
  const { dataset, split } = findSplit(name);
  await requireStore(dataset, dataDir);
  return await dataset.open(dataDir, split);
}

/**
 * Opens a dataset's split as videos with foreground masks; see {@link openDataset}.
 *
 * @throws {UsageError} When the dataset has no masks, with those that have.
 */
export async function openMaskedVideos(name: string, dataDir: string): Promise<MaskedVideos> {
  const { dataset, split } = findSplit(name);
  if (!dataset.openMasks) {
    const known = datasets.filter(({ openMasks }) => openMasks).map(({ id }) => id);
    throw new UsageError(
      `Cannot segment ${dataset.id}: it has no foreground masks`,
      `Datasets that have: ${known.join(", ")}`,
    );
  }
  await requireStore(dataset, dataDir);
  return await dataset.openMasks(dataDir, split);
}

/** Opens a dataset's split as whatever it holds, for its name, digest and number of samples. */
export function openSplit(
  name: string,
  dataDir: string,
): Promise<Pick<FlowDataset, "id" | "split" | "digest" | "length">> {
  const { dataset } = findSplit(name);
  return dataset.size.frames ? openMaskedVideos(name, dataDir) : openDataset(name, dataDir);
}

async function requireStore(dataset: DatasetDefinition, dataDir: string): Promise<void> {
  const path = join(dataDir, dataset.id);
  if (await exists(path)) return;
  throw new DataError(path, "the dataset is not there yet", howToGet(dataset));
}

/** The command that makes a dataset's store. */
export function commandFor({ id, build, manifest }: DatasetDefinition): string {
  const fetched = build !== undefined || manifest?.byHand === null;
  return fetched ? `deno task data fetch ${id}` : `deno task data import ${id} --from DIR`;
}

/** The command that makes a dataset's store, with the page its files come from. */
export function howToGet(dataset: DatasetDefinition): string {
  const command = commandFor(dataset);
  const { byHand = null, files = [] } = dataset.manifest ?? {};
  if (byHand === null) return command;
  const names = files.map(({ name }) => name).join(" and ");
  return `${command} (DIR holds ${names} from ${dataset.homepage}, or what it unpacks to)`;
}
