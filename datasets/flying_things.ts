/**
 * FlyingThings3D: everyday objects on random paths through space, in two renderings.
 *
 * Layout: `frames_{clean,final}pass/TRAIN/<scene>/left/NNNN.png`, `optical_flow/TRAIN/<scene>/
 * into_{future,past}/left/OpticalFlowInto{Future,Past}_NNNN_L.pfm` with scenes like `A/0000`, and the
 * same below `TEST` where it was unpacked too. Flow into the future leads from frame N to N + 1, flow
 * into the past from N to N - 1, and each makes a pair. A scene's last flow into the future and its
 * first into the past lead to frames that were not rendered and are not read, nor is the right
 * camera. Pairing as in RAFT's `core/datasets.py` (Teed and Deng, ECCV 2020).
 *
 * @module
 */
import { packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import type { DatasetDefinition } from "./definition.ts";
import type { FlowSource } from "./flow_store.ts";
import type { SourceFile } from "./manifest.ts";
import { type MaskedFlow, maskUnknown, UNKNOWN_ABOVE } from "./formats/masked_flow.ts";
import { readPfm } from "./formats/pfm.ts";
import { loadPair, officialDataset, type OfficialFiles } from "./official_files.ts";

const RELEASE = "https://lmb.informatik.uni-freiburg.de/data/SceneFlowDatasets_CVPR16/" +
  "Release_april16/data/FlyingThings3D";

/** The frames of a pass, of both cameras. */
function framesOf(pass: "clean" | "final"): SourceFile {
  const name = `flyingthings3d__frames_${pass}pass.tar`;
  return {
    name,
    url: `${RELEASE}/raw_data/${name}`,
    bytes: pass === "clean" ? 39_473_469_440 : null,
    roughly: pass === "clean" ? 37e9 : 43e9,
    sha256: null,
    knownFrom: pass === "clean" ? "a public log of a download, not the authors" : null,
    archive: "tar",
    limits: { entries: 80_000, bytes: 60e9 },
  };
}

/** The flow of all frames, in both directions and of both cameras. */
const allFlow: SourceFile = {
  name: "flyingthings3d__optical_flow.tar.bz2",
  url: `${RELEASE}/derived_data/flyingthings3d__optical_flow.tar.bz2`,
  bytes: null,
  roughly: 311e9,
  sha256: null,
  knownFrom: null,
  archive: "tar.bz2",
  limits: { entries: 160_000, bytes: 800e9 },
};

/** FlyingThings3D's clean pass: shading and reflections, no blur. */
export const flyingThingsClean: DatasetDefinition = flyingThingsPass("clean");

/** FlyingThings3D's final pass: with motion blur and defocus. */
export const flyingThingsFinal: DatasetDefinition = flyingThingsPass("final");

function flyingThingsPass(pass: "clean" | "final"): DatasetDefinition {
  const frames = `frames_${pass}pass`;
  return officialDataset({
    id: `flying-things-${pass}`,
    title: `FlyingThings3D, ${pass} pass`,
    licence: "Research purposes only, no commercial use",
    citation: "Mayer et al., A Large Dataset to Train Convolutional Networks for Disparity, " +
      "Optical Flow, and Scene Flow Estimation, CVPR 2016",
    homepage: "https://lmb.informatik.uni-freiburg.de/resources/datasets/SceneFlowDatasets.en.html",
    manifest: { byHand: null, files: [framesOf(pass), allFlow] },
    splits: ["train", "test"],
    splitting: "the folders `TRAIN` and `TEST`, left camera, both directions of time",
    sparse: false,
    motion: "Many objects in large motion, at times hundreds of pixels",
    size: { pairs: { train: 40302, test: 7866 }, height: 540, width: 960 },
    folders: [`${frames}/TRAIN`, "optical_flow/TRAIN"],
    optionalFolders: [`${frames}/TEST`, "optical_flow/TEST"],
    pairsIn: (files) => pairsIn(files, frames),
  });
}

/** Scene (`TRAIN/A/0000`) and frame number of a picture or flow of the left camera. */
const LEFT = /^\w+\/(T\w+\/\w+\/\w+)\/(?:into_\w+\/left\/\w+_(\d{4})_L\.pfm|left\/(\d{4})\.png)$/;

function pairsIn(files: OfficialFiles, frames: string): FlowSource[] {
  const found = files.names.map((name) => LEFT.exec(name)).filter((match) => match !== null);
  return [...Map.groupBy(found, ([, scene]) => scene)].flatMap(([scene, matches]) => {
    const pair = (from: number, to: number, time: "Future" | "Past"): FlowSource => {
      const folder = `into_${time.toLowerCase()}`;
      const file = `OpticalFlowInto${time}_${digits(from)}_L.pfm`;
      const image1 = files.require(`${frames}/${scene}/left/${digits(from)}.png`);
      const image2 = files.require(`${frames}/${scene}/left/${digits(to)}.png`);
      const flow = files.require(`optical_flow/${scene}/${folder}/left/${file}`);
      return {
        id: `${scene}/${folder}/${digits(from)}`,
        split: scene.startsWith("TRAIN/") ? "train" : "test",
        load: () => loadPair(image1, image2, readFlow(flow)),
      };
    };
    // From the first to the last frame that has a file, every file has to be there.
    const numbers = matches.map(([, , ofFlow, ofPicture]) => Number(ofFlow ?? ofPicture));
    const first = Math.min(...numbers), last = Math.max(...numbers);
    const starts = Array.from({ length: last - first }, (_, i) => first + i);
    return starts.flatMap((n) => [pair(n, n + 1, "Future"), pair(n + 1, n, "Past")]);
  });
}

function digits(number: number): string {
  return String(number).padStart(4, "0");
}

/** Some of the official files hold NaN or infinities (see the homepage): those are unknown. */
async function readFlow(path: string): Promise<MaskedFlow> {
  const map = await readPfm(path);
  const [height, width, channels] = map.shape;
  if (channels !== 3) throw new DataError(path, "one channel, but flow has two");
  const values = packed(map.hi(height, width, 2))
    .map((value) => Number.isFinite(value) ? value : 2 * UNKNOWN_ABOVE);
  return maskUnknown(values, height, width, path);
}
