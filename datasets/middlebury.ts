/**
 * Middlebury optical flow, the training ("other") set with public ground truth.
 *
 * Layout: `other-data/<sequence>/frame10.png`, `frame11.png` and
 * `other-gt-flow/<sequence>/flow10.flo`.
 *
 * @module
 */
import type { DatasetDefinition } from "./definition.ts";
import { readFlo } from "./formats/flo.ts";
import type { SourceFile } from "./manifest.ts";
import { loadPair, officialDataset } from "./official_files.ts";

const zip = (name: string): SourceFile => ({
  name,
  url: `https://vision.middlebury.edu/flow/data/comp/zip/${name}`,
  bytes: null,
  roughly: null,
  sha256: null,
  knownFrom: null,
  archive: "zip",
  limits: { entries: 500, bytes: 200e6 },
});

/** Middlebury's eight training pairs; sequences without public ground truth are left out. */
export const middlebury: DatasetDefinition = officialDataset({
  id: "middlebury",
  title: "Middlebury optical flow",
  licence: "No formal licence; cite the paper",
  citation:
    "Baker et al., A Database and Evaluation Methodology for Optical Flow, IJCV 92(1), 2011",
  homepage: "https://vision.middlebury.edu/flow/data/",
  manifest: {
    byHand: null,
    files: [zip("other-color-twoframes.zip"), zip("other-gt-flow.zip")],
    keep: /(?:^|\/)other-(?:data|gt-flow)\//,
  },
  splits: ["train"],
  splitting: "all pairs with public ground truth",
  sparse: false,
  motion: "Small motion, a few pixels, at sub-pixel accuracy",
  size: { pairs: { train: 8 }, height: 480, width: 640 },
  folders: ["other-data", "other-gt-flow"],
  pairsIn: (files) =>
    files.matches(/^other-gt-flow\/([^/]+)\//).map((id) => {
      const image1 = files.require(`other-data/${id}/frame10.png`);
      const image2 = files.require(`other-data/${id}/frame11.png`);
      const flow = files.require(`other-gt-flow/${id}/flow10.flo`);
      return { id, split: "train", load: () => loadPair(image1, image2, readFlo(flow)) };
    }),
});
