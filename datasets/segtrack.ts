/**
 * SegTrack v2: fourteen short videos with masks of one or more objects.
 *
 * Layout: `JPEGImages/<sequence>/<frame>.*` and masks in `GroundTruth/<sequence>/<frame>.*`, or one
 * folder an object, `GroundTruth/<sequence>/<number>/<frame>.*`, as the archive has it; or
 * `Annotations/<sequence>/<frame>.png`, as Motion Grouping's tools leave it. Objects are merged: the
 * literature on motion segmentation asks for the foreground.
 *
 * @module
 */
import { join } from "@std/path";
import { type Mask, ndarray, packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import type { DatasetDefinition } from "./definition.ts";
import { readPicture } from "./formats/picture.ts";
import type { OfficialFiles } from "./official_files.ts";
import {
  downloadedByHand,
  officialVideos,
  pairedFrames,
  readForeground,
} from "./official_videos.ts";
import type { FrameSource } from "./video_store.ts";

/** SegTrack v2, all of which both trains and tests. */
export const segTrackV2: DatasetDefinition = officialVideos({
  id: "segtrack-v2",
  title: "SegTrack v2",
  licence: "No formal licence; cite the paper",
  citation: "Li et al., Video Segmentation by Tracking Many Figure-Ground Segments, ICCV 2013",
  homepage: "https://web.engr.oregonstate.edu/~lif/SegTrack2/dataset.html",
  manifest: downloadedByHand(["SegTrackv2.zip"]),
  splits: ["all"],
  splitting: "all 14 sequences, which papers both train on and score",
  motion: "One to six objects a video; low resolution, blur and fast motion",
  size: { pairs: {}, frames: { all: 1066 }, height: 360, width: 640 },
  videos: { all: 14 },
  layouts: [
    { folders: ["JPEGImages", "GroundTruth"], framesIn: mergedObjects },
    {
      folders: ["JPEGImages", "Annotations"],
      framesIn: (files) => pairedFrames(files, "JPEGImages", "Annotations", () => "all", true),
    },
  ],
});

/** Frames with the masks of all their objects. */
function mergedObjects(files: OfficialFiles): FrameSource[] {
  const masks = Map.groupBy(
    files.names.filter((name) => name.startsWith("GroundTruth/")),
    (name) => {
      const parts = name.split("/");
      return `${parts[1]}/${parts.at(-1)!.replace(/\.[^.]+$/, "")}`;
    },
  );
  return pairedFrames(files, "JPEGImages", "GroundTruth", () => "all", false).map((source) => {
    const stem = `${source.video}/${source.frame}`;
    const own = masks.get(stem);
    if (!own) files.require(`GroundTruth/${stem}.png`);
    const image = files.names.find((name) => name.startsWith(`JPEGImages/${stem}.`))!;
    const paths = (own ?? []).map((name) => join(files.root, name));
    return {
      ...source,
      load: async () => ({
        image: await readPicture(join(files.root, image)),
        mask: union(await Promise.all(paths.map(readForeground)), stem),
      }),
    };
  });
}

/** 1 where any of the masks is. */
export function union(masks: readonly Mask[], where: string): Mask {
  const [first, ...others] = masks;
  const merged = packed(first).slice();
  for (const other of others) {
    if (other.shape.join() !== first.shape.join()) {
      throw new DataError(where, "its objects' masks differ in size");
    }
    packed(other).forEach((value, i) => merged[i] |= value);
  }
  return ndarray(merged, first.shape);
}
