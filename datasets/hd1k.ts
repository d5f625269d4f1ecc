/**
 * HD1K, the HCI benchmark's training sequences: streets seen from a car, with measured flow.
 *
 * Layout: `hd1k_input/image_2/SSSSSS_NNNN.png` and `hd1k_flow_gt/flow_occ/SSSSSS_NNNN.png` for frame
 * N of sequence S, flow in KITTI's format. Each frame makes a pair with the next one of its sequence;
 * a sequence's last flow file leads out of it and is not read. Pairing as in RAFT's
 * `core/datasets.py` (Teed and Deng, ECCV 2020).
 *
 * @module
 */
import type { DatasetDefinition } from "./definition.ts";
import { readKittiFlow } from "./formats/kitti_flow.ts";
import { loadPair, officialDataset } from "./official_files.ts";

/** HD1K's 1047 training pairs of 36 sequences. */
export const hd1k: DatasetDefinition = officialDataset({
  id: "hd1k",
  title: "HD1K",
  licence: "See the homepage",
  citation: "Kondermann et al., The HCI Benchmark Suite: Stereo and Flow Ground Truth With " +
    "Uncertainties for Urban Autonomous Driving, CVPR Workshops 2016",
  homepage: "http://hci-benchmark.iwr.uni-heidelberg.de/",
  manifest: {
    byHand: "its authors send the addresses by mail to those who register",
    files: [{
      name: "hd1k_full_package.zip",
      url: null,
      bytes: null,
      roughly: 7.8e9,
      sha256: null,
      knownFrom: null,
      archive: "zip",
      limits: { entries: 30_000, bytes: 40e9 },
    }],
    keep: /(?:^|\/)hd1k_(?:input\/image_2|flow_gt\/flow_occ)\//,
  },
  splits: ["train"],
  splitting: "all pairs with public ground truth",
  sparse: true,
  motion: "Motion of a driving car in pictures of 2560x1080 pixels",
  size: { pairs: { train: 1047 }, height: 1080, width: 2560 },
  folders: ["hd1k_input/image_2", "hd1k_flow_gt/flow_occ"],
  pairsIn: (files) => {
    const frames = files.matches(/^hd1k_\w+\/(?:image_2|flow_occ)\/(\d{6}_\d{4})\.png$/);
    const sequence = (frame: string | undefined) => frame?.slice(0, 6);
    // Frames are sorted: all but a sequence's last are followed by another of the same sequence.
    return frames.filter((id, i) => sequence(id) === sequence(frames[i + 1])).map((id) => {
      const next = `${sequence(id)}_${String(Number(id.slice(7)) + 1).padStart(4, "0")}`;
      const image1 = files.require(`hd1k_input/image_2/${id}.png`);
      const image2 = files.require(`hd1k_input/image_2/${next}.png`);
      const flow = files.require(`hd1k_flow_gt/flow_occ/${id}.png`);
      return { id, split: "train", load: () => loadPair(image1, image2, readKittiFlow(flow)) };
    });
  },
});
