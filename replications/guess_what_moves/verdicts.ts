/**
 * What of ours Guess What Moves' published numbers are compared with.
 *
 * @module
 */
import {
  averagedOverVideos,
  type Counterpart,
  type Counterparts,
} from "../../benchmarks/counterpart.ts";
import {
  segmentationProtocol,
  segmentationStamp,
} from "../../benchmarks/protocols/segmentation.ts";

const MEASURED = "mIoU (J mean), no post-processing";

/** The literature's datasets in our names. DAVIS: 1,376 frames less three of each of 20 videos. */
const COUNTERPARTS = new Map<string, Counterpart>(Object.entries({
  "DAVIS-2016, val (20 sequences)": under("davis16-gwm", "davis-2016", "val", 1316),
  "SegTrackv2, all 14 sequences": under("frames-gwm", "segtrack-v2", "all", 1052),
  "FBMS-59, test (30 sequences)": under("frames-gwm", "fbms-59", "test", 338),
}));

/** What the paper's segmentation of videos compares with. */
export const counterparts: Counterparts = {
  samples: "frames",
  hidden: [],
  of: ({ dataset, split, metric }) =>
    metric === MEASURED ? COUNTERPARTS.get(`${dataset}, ${split}`) ?? null : null,
  averaged: averagedOverVideos,
};

function under(id: string, dataset: string, split: string, samples: number): Counterpart {
  const protocol = segmentationProtocol(id);
  return {
    ...{ dataset, split, samples },
    metric: protocol.headline,
    protocol: segmentationStamp(protocol),
  };
}
