/**
 * MPI Sintel, the training sequences of an animated film, in two renderings.
 *
 * Layout: `training/{clean,final}/<sequence>/frame_NNNN.png`, `training/flow/<sequence>/
 * frame_NNNN.flo` and, where it was unpacked too, `training/occlusions/<sequence>/frame_NNNN.png`.
 * `training/invalid` is not read: published errors count every pixel, so `valid` is 1 wherever the
 * flow file has a vector.
 *
 * @module
 */
import { ndarray, packed } from "../base/arrays.ts";
import type { DatasetDefinition, Subset } from "./definition.ts";
import { readFlo } from "./formats/flo.ts";
import { readMaskPng } from "./formats/picture.ts";
import type { FlowSource } from "./flow_store.ts";
import type { Manifest } from "./manifest.ts";
import { loadPair, officialDataset, type OfficialFiles } from "./official_files.ts";

/**
 * The sequences that VCN (Yang and Ramanan, NeurIPS 2019) and later PTLFlow hold out. IRR-PWC (Hur
 * and Roth, CVPR 2019) held out others: ambush_6, market_6 and the second halves of bamboo_2, cave_4
 * and temple_2.
 */
const HELD_OUT = new Set(["ambush_2", "bamboo_2", "cave_2", "market_2", "shaman_2", "temple_2"]);
const heldOut = (id: string) => HELD_OUT.has(id.split("/")[0]);

const subsets: Readonly<Record<string, Subset>> = {
  val: {
    of: "train",
    about: `The sequences ${[...HELD_OUT].join(", ")}, which VCN and PTLFlow hold out`,
    has: heldOut,
  },
  "train-without-val": {
    of: "train",
    about: "The training sequences that are not in val",
    has: (id) => !heldOut(id),
  },
};

/** Both passes come in one archive. */
const archive: Omit<Manifest, "keep"> = {
  byHand: null,
  files: [{
    name: "MPI-Sintel-complete.zip",
    url: "https://files.is.tue.mpg.de/sintel/MPI-Sintel-complete.zip",
    bytes: 5_627_783_629,
    roughly: 5.3e9,
    sha256: null,
    knownFrom: "a public list of benchmark files, not the authors",
    archive: "zip",
    limits: { entries: 20_000, bytes: 20e9 },
  }],
};

/** Sintel's clean pass: shading and reflections, no blur, no fog. */
export const sintelClean: DatasetDefinition = sintelPass("clean");

/** Sintel's final pass: with motion blur, defocus and atmosphere. */
export const sintelFinal: DatasetDefinition = sintelPass("final");

function sintelPass(pass: "clean" | "final"): DatasetDefinition {
  return officialDataset({
    id: `sintel-${pass}`,
    title: `MPI Sintel, ${pass} pass`,
    licence: "Film: CC BY 3.0, Blender Foundation; ground truth: see the homepage",
    citation: "Butler et al., A Naturalistic Open Source Movie for Optical Flow, ECCV 2012",
    homepage: "http://sintel.is.tue.mpg.de/downloads",
    manifest: { ...archive, keep: new RegExp(`(?:^|/)training/(?:${pass}|flow|occlusions)/`) },
    splits: ["train"],
    splitting: "the training sequences",
    subsets,
    sparse: false,
    motion: "Film-like motion from none to some 400 pixels",
    size: {
      pairs: { train: 1041, val: 265, "train-without-val": 776 },
      height: 436,
      width: 1024,
    },
    folders: [`training/${pass}`, "training/flow"],
    optionalFolders: ["training/occlusions"],
    pairsIn: (files) => pairsIn(files, pass),
  });
}

function pairsIn(files: OfficialFiles, pass: string): FlowSource[] {
  const hasOccluded = files.names.some((name) => name.startsWith("training/occlusions/"));
  const frame = (folder: string, sequence: string, number: number, extension: string) =>
    `training/${folder}/${sequence}/frame_${String(number).padStart(4, "0")}.${extension}`;
  // A frame starts a pair when it has flow or a successor; then it must have both.
  const starts = files.matches(new RegExp(`^training/(?:${pass}|flow)/([^/]+/frame_\\d{4})\\.`))
    .map((name): [string, number] => [name.split("/")[0], Number(name.slice(-4))])
    .filter(([sequence, number]) =>
      files.has(frame("flow", sequence, number, "flo")) ||
      files.has(frame(pass, sequence, number + 1, "png"))
    );
  return starts.map(([sequence, number]) => {
    const image1 = files.require(frame(pass, sequence, number, "png"));
    const image2 = files.require(frame(pass, sequence, number + 1, "png"));
    const flow = files.require(frame("flow", sequence, number, "flo"));
    const mask = hasOccluded ? files.require(frame("occlusions", sequence, number, "png")) : null;
    return {
      id: `${sequence}/frame_${String(number).padStart(4, "0")}`,
      split: "train",
      load: async () => {
        const pair = await loadPair(image1, image2, readFlo(flow));
        if (mask === null) return pair;
        const grey = await readMaskPng(mask);
        return { ...pair, occluded: ndarray(packed(grey).map((g) => g ? 1 : 0), grey.shape) };
      },
    };
  });
}
