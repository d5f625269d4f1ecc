/**
 * FlyingChairs: rendered chairs before photographs, moved by affine maps.
 *
 * Layout: `FlyingChairs_release/data/NNNNN_img1.ppm`, `NNNNN_img2.ppm`, `NNNNN_flow.flo`, and the
 * official split in `FlyingChairs_train_val.txt` (a separate download), in which line N says 1 for
 * training or 2 for validation of pair N. Without that file every pair is in `train`.
 *
 * @module
 */
import { dirname, join, resolve } from "@std/path";
import { DataError } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import type { DatasetDefinition } from "./definition.ts";
import { readFlo } from "./formats/flo.ts";
import { loadPair, officialDataset } from "./official_files.ts";

const SPLIT_FILE = "FlyingChairs_train_val.txt";

/** FlyingChairs' 22,872 pairs. */
export const flyingChairs: DatasetDefinition = officialDataset({
  id: "flying-chairs",
  title: "FlyingChairs",
  licence: "Research purposes only, no commercial use",
  citation: "Dosovitskiy et al., FlowNet: Learning Optical Flow with Convolutional Networks, " +
    "ICCV 2015",
  homepage: "https://lmb.informatik.uni-freiburg.de/resources/datasets/FlyingChairs.en.html",
  manifest: {
    byHand: null,
    files: [
      {
        name: SPLIT_FILE,
        url: "https://lmb.informatik.uni-freiburg.de/resources/datasets/FlyingChairs/" + SPLIT_FILE,
        bytes: 45_744,
        roughly: 45_744,
        sha256: "9ae5000eb2caba66b4eb7464a88874330d62105fc29eb94a95f66dff91ba581e",
        knownFrom: "the copy in github.com/gengshan-y/VCN, whose lines RAFT's chairs_split.txt has",
        archive: null,
        limits: null,
      },
      {
        name: "FlyingChairs.zip",
        url: "https://lmb.informatik.uni-freiburg.de/data/FlyingChairs/FlyingChairs.zip",
        bytes: null,
        roughly: 31e9,
        sha256: null,
        knownFrom: null,
        archive: "zip",
        limits: { entries: 70_000, bytes: 70e9 },
      },
    ],
  },
  splits: ["train", "val"],
  splitting: "line N of `FlyingChairs_train_val.txt` says 1 (train) or 2 (val) for pair N",
  sparse: false,
  motion: "Affine motion of chairs and background, mostly below 30 pixels",
  size: { pairs: { train: 22232, val: 640 }, height: 384, width: 512 },
  folders: ["FlyingChairs_release/data"],
  pairsIn: async (files) => {
    const data = "FlyingChairs_release/data";
    const splitOf = await readSplit(files.root);
    if (splitOf === null) {
      files.notes.push(`${SPLIT_FILE} was not found, so every pair is in "train".`);
    }
    return files.matches(/\/(\d{5})_(?:img1\.ppm|img2\.ppm|flow\.flo)$/).map((id) => {
      const image1 = files.require(`${data}/${id}_img1.ppm`);
      const image2 = files.require(`${data}/${id}_img2.ppm`);
      const flow = files.require(`${data}/${id}_flow.flo`);
      return {
        id,
        split: splitOf === null ? "train" : splitOf(id),
        load: () => loadPair(image1, image2, readFlo(flow)),
      };
    });
  },
});

/** The official split by pair, from the file beside or above the pictures; null without one. */
async function readSplit(root: string): Promise<((id: string) => string) | null> {
  for (const folder of [join(root, "FlyingChairs_release"), root, dirname(resolve(root))]) {
    const path = join(folder, SPLIT_FILE);
    if (!await exists(path)) continue;
    const lines = (await Deno.readTextFile(path)).trimEnd().split(/\r?\n/);
    return (id) => {
      const line = lines[Number(id) - 1]?.trim();
      if (line === "1") return "train";
      if (line === "2") return "val";
      throw new DataError(path, `line ${Number(id)} is ${line ?? "missing"}, not 1 or 2`);
    };
  }
  return null;
}
