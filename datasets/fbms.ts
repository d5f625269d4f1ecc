/**
 * FBMS-59: 59 videos of which every twentieth frame or so is annotated, by object.
 *
 * Two layouts are read. `Trainingset/<sequence>/*.jpg` with `GroundTruth/` inside (and `Testset`
 * likewise), as the archives have it: a label map is a `.pgm` whose name ends in the frame's number,
 * or a `.ppm` with the number after the first underscore; labels are told from the background by
 * their grey level. And `JPEGImages/<sequence>/NNNNN.jpg` with `Annotations/<sequence>/NNNNN.png`, as
 * Motion Grouping's tools leave it, whose thresholds are the ones used here.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { type Mask, ndarray, packed } from "../base/arrays.ts";
import type { DatasetDefinition } from "./definition.ts";
import { readPicture } from "./formats/picture.ts";
import type { OfficialFiles } from "./official_files.ts";
import { downloadedByHand, officialVideos, pairedFrames } from "./official_videos.ts";
import type { FrameSource } from "./video_store.ts";

const TEST = new Set(
  ("camel01 cars1 cars10 cars4 cars5 cats01 cats03 cats06 dogs01 dogs02 farm01 giraffes01 goats01 " +
    "horses02 horses04 horses05 lion01 marple12 marple2 marple4 marple6 marple7 marple9 people03 " +
    "people1 people2 rabbits02 rabbits03 rabbits04 tennis").split(" "),
);

const splitOf = (video: string) => TEST.has(video) ? "test" : "train";

/** FBMS-59: 29 training and 30 test sequences. */
export const fbms59: DatasetDefinition = officialVideos({
  id: "fbms-59",
  title: "FBMS-59",
  licence: "Research use; see the homepage",
  citation: "Ochs, Malik and Brox, Segmentation of Moving Objects by Long Term Video Analysis, " +
    "TPAMI 36(6), 2014",
  homepage: "https://lmb.informatik.uni-freiburg.de/resources/datasets/moseg.en.html",
  manifest: downloadedByHand(["FBMS_Trainingset.zip", "FBMS_Testset.zip"]),
  splits: ["train", "test"],
  splitting: "the 29 training and 30 test sequences, by their names",
  motion: "One to several objects a video, which may rest for a while",
  size: { pairs: {}, frames: { train: null, test: null }, height: 540, width: 960 },
  videos: { train: 29, test: 30 },
  layouts: [
    { folders: ["Trainingset", "Testset"], framesIn: archived },
    {
      folders: ["JPEGImages", "Annotations"],
      framesIn: (files) => pairedFrames(files, "JPEGImages", "Annotations", splitOf, false),
    },
  ],
});

/** Frames as the archives have them, numbered from 1 in the order of their names. */
function archived(files: OfficialFiles): FrameSource[] {
  const videos = files.matches(/^(?:Trainingset|Testset)\/([^/]+)\/[^/]+\.jpg$/);
  return videos.flatMap((video) => {
    const folder = `${splitOf(video) === "test" ? "Testset" : "Trainingset"}/${video}`;
    const images = files.names.filter((name) =>
      name.startsWith(`${folder}/`) && /^[^/]+\.jpg$/.test(name.slice(folder.length + 1))
    );
    const labels = labelsIn(files, `${folder}/GroundTruth/`);
    return images.map((image, i): FrameSource => {
      const frame = String(i + 1).padStart(5, "0");
      const label = labels.get(i + 1) ?? null;
      return {
        video,
        frame,
        split: splitOf(video),
        load: async () => ({
          image: await readPicture(join(files.root, image)),
          mask: label === null ? null : await readLabels(join(files.root, label), video),
        }),
      };
    });
  });
}

/** Label maps of a video by the number of their frame. */
function labelsIn(files: OfficialFiles, folder: string): Map<number, string> {
  const all = files.names.filter((name) => name.startsWith(folder));
  const colored = all.filter((name) => name.endsWith(".ppm") && !name.includes("PROB"));
  if (colored.length > 0) {
    return new Map(colored.map((name) => [Number(basename(name).split("_")[1]), name]));
  }
  return new Map(
    all.filter((name) => name.endsWith(".pgm")).flatMap((name) => {
      const stem = basename(name, ".pgm");
      const number = /(\d+)$/.exec(stem.split("_").at(-1)!) ?? /\d+/.exec(stem);
      return number ? [[Number(number[0]), name] as const] : [];
    }),
  );
}

/** Grey level, from 0 to 1, above which a label is an object. */
const thresholdOf = (video: string) => ({ marple7: 0.05, marple2: 0.4 })[video] ?? 0.1;

/** Foreground of a label map; in coloured ones white is background too. */
async function readLabels(path: string, video: string): Promise<Mask> {
  const picture = await readPicture(path);
  const [height, width] = picture.shape;
  const rgb = packed(picture);
  const threshold = thresholdOf(video), colored = path.endsWith(".ppm");
  const mask = Uint8Array.from({ length: height * width }, (_, i) => {
    const [r, g, b] = rgb.subarray(3 * i, 3 * i + 3);
    const grey = Math.round(0.299 * r + 0.587 * g + 0.114 * b) / 255;
    return grey > threshold && !(colored && grey > 0.99) ? 1 : 0;
  });
  return ndarray(mask, [height, width]);
}
