/**
 * KITTI 2012 and 2015, the training pairs with ground truth of a driving car.
 *
 * Layout: `training/image_2/NNNNNN_10.png`, `NNNNNN_11.png` (2015) or `training/colored_0/` with the
 * same names (2012), `training/flow_occ/NNNNNN_10.png` and, where it was unpacked too,
 * `training/flow_noc/NNNNNN_10.png`. `flow_occ` has all known vectors, `flow_noc` those that stay in
 * sight: what only the first has is occluded. Pictures differ in size by a few pixels.
 *
 * @module
 */
import { ndarray, packed } from "../base/arrays.ts";
import type { DatasetDefinition, DatasetSize, Subset } from "./definition.ts";
import { readKittiFlow } from "./formats/kitti_flow.ts";
import type { SourceFile } from "./manifest.ts";
import { loadPair, officialDataset, type OfficialFiles } from "./official_files.ts";
import type { FlowSource } from "./flow_store.ts";
import type { FlowSample } from "./sample.ts";

/** KITTI 2012's 194 training pairs: the street and what stands in it, seen from a moving car. */
export const kitti2012: DatasetDefinition = kitti({
  year: 2012,
  citation: "Geiger et al., Are we ready for Autonomous Driving? The KITTI Vision Benchmark " +
    "Suite, CVPR 2012",
  homepage: "https://www.cvlibs.net/datasets/kitti/eval_stereo_flow.php?benchmark=flow",
  motion: "Large motion of a driving car past a world that stands still",
  frames: "colored_0",
  archive: { name: "data_stereo_flow.zip", bytes: null, roughly: 2.0e9, knownFrom: null },
  // deno-fmt-ignore
  heldOut: [
    0, 12, 15, 16, 17, 18, 24, 30, 38, 39, 42, 50, 54, 59, 60, 61, 77, 78, 81, 89, 97, 101, 107,
    121, 124, 142, 145, 146, 152, 154, 155, 158, 159, 160, 164, 182, 183, 184, 190,
  ],
  pairs: 194,
});

/** KITTI 2015's 200 training pairs, in which other cars move too. */
export const kitti2015: DatasetDefinition = kitti({
  year: 2015,
  citation: "Menze and Geiger, Object Scene Flow for Autonomous Vehicles, CVPR 2015",
  homepage: "https://www.cvlibs.net/datasets/kitti/eval_scene_flow.php?benchmark=flow",
  motion: "Large motion of a driving car, up to some 200 pixels",
  frames: "image_2",
  archive: {
    name: "data_scene_flow.zip",
    bytes: 1_681_488_619,
    roughly: 1.7e9,
    knownFrom: "a public log of a download, not the authors",
  },
  // deno-fmt-ignore
  heldOut: [
    10, 11, 12, 25, 26, 30, 31, 40, 41, 42, 46, 52, 53, 72, 73, 74, 75, 76, 80, 81, 85, 86, 95, 96,
    97, 98, 104, 116, 117, 120, 121, 126, 127, 153, 172, 175, 183, 184, 190, 199,
  ],
  pairs: 200,
});

/** What differs between the two years. */
interface KittiYear extends Pick<DatasetDefinition, "citation" | "homepage" | "motion"> {
  readonly year: number;
  /** The folder of the left colour camera. */
  readonly frames: string;
  readonly archive: Pick<SourceFile, "name" | "bytes" | "roughly" | "knownFrom">;
  /** Pairs that IRR-PWC (Hur and Roth, CVPR 2019) and later PTLFlow hold out. */
  readonly heldOut: readonly number[];
  readonly pairs: number;
}

function kitti({ year, frames, archive, heldOut, pairs, ...about }: KittiYear): DatasetDefinition {
  const val = new Set(heldOut.map((number) => String(number).padStart(6, "0")));
  const subsets: Record<string, Subset> = {
    val: {
      of: "train",
      about: `The ${val.size} pairs that IRR-PWC and PTLFlow hold out`,
      has: (id) => val.has(id),
    },
    "train-without-val": {
      of: "train",
      about: "The training pairs that are not in val",
      has: (id) => !val.has(id),
    },
  };
  const size: DatasetSize = {
    pairs: { train: pairs, val: val.size, "train-without-val": pairs - val.size },
    height: 375,
    width: 1242,
  };
  return officialDataset({
    id: `kitti-${year}`,
    title: `KITTI ${year}`,
    licence: "CC BY-NC-SA 3.0",
    ...about,
    splits: ["train"],
    splitting: "the training pairs",
    subsets,
    sparse: true,
    size,
    manifest: {
      byHand: "its page gives the files to those who register",
      files: [{
        ...archive,
        url: null,
        sha256: null,
        archive: "zip",
        limits: { entries: 10_000, bytes: 5e9 },
      }],
      keep: new RegExp(`(?:^|/)training/(?:${frames}|flow_occ|flow_noc)/`),
    },
    folders: [`training/${frames}`, "training/flow_occ"],
    optionalFolders: ["training/flow_noc"],
    pairsIn: (files) => pairsIn(files, frames),
  });
}

function pairsIn(files: OfficialFiles, frames: string): FlowSource[] {
  const hasVisible = files.names.some((name) => name.startsWith("training/flow_noc/"));
  const name = new RegExp(`^training/(?:${frames}|flow_occ)/(\\d{6})_10\\.png$`);
  return files.matches(name).map((id) => {
    const image1 = files.require(`training/${frames}/${id}_10.png`);
    const image2 = files.require(`training/${frames}/${id}_11.png`);
    const flow = files.require(`training/flow_occ/${id}_10.png`);
    const visible = hasVisible ? files.require(`training/flow_noc/${id}_10.png`) : null;
    return {
      id,
      split: "train",
      load: async () => {
        const pair = await loadPair(image1, image2, readKittiFlow(flow));
        return visible === null ? pair : withOccluded(pair, (await readKittiFlow(visible)).valid);
      },
    };
  });
}

function withOccluded(
  pair: Omit<FlowSample, "id">,
  visible: FlowSample["valid"],
): Omit<FlowSample, "id"> {
  const seen = packed(visible);
  const occluded = packed(pair.valid).map((known, i) => known && !seen[i] ? 1 : 0);
  return { ...pair, occluded: ndarray(occluded, visible.shape) };
}
