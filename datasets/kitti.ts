/**
 * KITTI 2015 (scene flow), the training pairs with ground truth of a driving car.
 *
 * Layout: `training/image_2/NNNNNN_10.png`, `NNNNNN_11.png`, `training/flow_occ/NNNNNN_10.png` and,
 * where it was unpacked too, `training/flow_noc/NNNNNN_10.png`. `flow_occ` has all known vectors,
 * `flow_noc` those that stay in sight: what only the first has is occluded.
 *
 * @module
 */
import { ndarray, packed } from "../base/arrays.ts";
import type { DatasetDefinition } from "./definition.ts";
import { readKittiFlow } from "./formats/kitti_flow.ts";
import { loadPair, officialDataset } from "./official_files.ts";
import type { FlowSample } from "./sample.ts";

/** KITTI 2015's 200 training pairs. */
export const kitti2015: DatasetDefinition = officialDataset({
  id: "kitti-2015",
  title: "KITTI 2015",
  licence: "CC BY-NC-SA 3.0",
  citation: "Menze and Geiger, Object Scene Flow for Autonomous Vehicles, CVPR 2015",
  homepage: "https://www.cvlibs.net/datasets/kitti/eval_scene_flow.php?benchmark=flow",
  splits: ["train"],
  sparse: true,
  motion: "Large motion of a driving car, up to some 200 pixels",
  size: { pairs: { train: 200 }, height: 375, width: 1242 },
  folders: ["training/image_2", "training/flow_occ"],
  optionalFolders: ["training/flow_noc"],
  pairsIn: (files) => {
    const hasVisible = files.names.some((name) => name.startsWith("training/flow_noc/"));
    return files.matches(/^training\/(?:image_2|flow_occ)\/(\d{6})_10\.png$/).map((id) => {
      const image1 = files.require(`training/image_2/${id}_10.png`);
      const image2 = files.require(`training/image_2/${id}_11.png`);
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
  },
});

function withOccluded(
  pair: Omit<FlowSample, "id">,
  visible: FlowSample["valid"],
): Omit<FlowSample, "id"> {
  const seen = packed(visible);
  const occluded = packed(pair.valid).map((known, i) => known && !seen[i] ? 1 : 0);
  return { ...pair, occluded: ndarray(occluded, visible.shape) };
}
