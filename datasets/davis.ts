/**
 * DAVIS 2016: videos of one moving foreground each, densely annotated.
 *
 * Layout: `JPEGImages/480p/<sequence>/NNNNN.jpg` and `Annotations/480p/<sequence>/NNNNN.png`, as the
 * archive has it. Which sequences validate is part of the dataset and known here, so `ImageSets` is
 * not read. A copy of DAVIS 2017 holds more sequences; those are left out.
 *
 * @module
 */
import type { DatasetDefinition } from "./definition.ts";
import { officialVideos, pairedFrames } from "./official_videos.ts";

const TRAIN =
  "bear bmx-bumps boat breakdance-flare bus car-turn dance-jump dog-agility drift-turn " +
  "elephant flamingo hike hockey horsejump-low kite-walk lucia mallard-fly mallard-water " +
  "motocross-bumps motorbike paragliding rhino rollerblade scooter-gray soccerball stroller surf " +
  "swing tennis train";
const VAL = "blackswan bmx-trees breakdance camel car-roundabout car-shadow cows dance-twirl dog " +
  "drift-chicane drift-straight goat horsejump-high kite-surf libby motocross-jump " +
  "paragliding-launch parkour scooter-black soapbox";

const SPLITS = new Map([
  ...TRAIN.split(" ").map((name) => [name, "train"] as const),
  ...VAL.split(" ").map((name) => [name, "val"] as const),
]);

/** DAVIS 2016 at 480p: 30 training and 20 validation sequences. */
export const davis2016: DatasetDefinition = officialVideos({
  id: "davis-2016",
  title: "DAVIS 2016",
  licence: "Research use; see the homepage",
  citation: "Perazzi et al., A Benchmark Dataset and Evaluation Methodology for Video Object " +
    "Segmentation, CVPR 2016",
  homepage: "https://davischallenge.org/davis2016/code.html",
  manifest: {
    byHand: null,
    // The address is the one RCF's README gives; neither size nor digest is stated anywhere read.
    files: [{
      name: "DAVIS-data.zip",
      url: "https://graphics.ethz.ch/Downloads/Data/Davis/DAVIS-data.zip",
      bytes: null,
      roughly: null,
      sha256: null,
      knownFrom: null,
      archive: "zip",
      limits: { entries: 50_000, bytes: 10e9 },
    }],
    keep: /(?:^|\/)(?:JPEGImages|Annotations)\/480p\//,
  },
  splits: ["train", "val"],
  splitting: "the 30 training and 20 validation sequences of 2016, by their names",
  motion: "One foreground a video, mostly one animal, person or vehicle, under a moving camera",
  size: { pairs: {}, frames: { train: 2079, val: 1376 }, height: 480, width: 854 },
  videos: { train: 30, val: 20 },
  layouts: [{
    folders: ["JPEGImages/480p", "Annotations/480p"],
    framesIn: (files) =>
      pairedFrames(
        files,
        "JPEGImages/480p",
        "Annotations/480p",
        (video) => SPLITS.get(video) ?? null,
        true,
      ),
  }],
});
