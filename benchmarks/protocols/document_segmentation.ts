/**
 * What `docs/protocols.md` says of segmentation.
 *
 * @module
 */
import { markdownTable } from "../../base/markdown_table.ts";
import { metricName } from "../metric_names.ts";
import { BOUNDARY_TOLERANCE, segmentationQuantities } from "../metrics/segmentation.ts";
import {
  SEGMENTATION_PROTOCOLS,
  type SegmentationProtocol,
  segmentationStamp,
} from "./segmentation.ts";

const protocols = Object.values(SEGMENTATION_PROTOCOLS);

/** The protocols and what their settings mean. */
export function segmentationProtocols(): string {
  return `A contender parts each frame in two groups.

${
    markdownTable([
      ["id", "version", "hash", "frames", "share", "without labels", "both empty", "quoted metric"],
      ...protocols.map(protocolRow),
    ])
  }

- **Frames.** Those of a video that count, if they are annotated. The last one has no flow to a
  successor.
- **Share.** A pixel belongs to a group where the group's share of it, resized bilinearly to the
  frame's own size, is above this.
- **Without labels.** Which group is called foreground where the contender doesn't say itself. \`less
  of the border\` is the one that covers less of the picture's outermost pixels; of equals, the one
  that covers less in all.
- **Both empty.** J of a frame in which neither the truth nor the group has a pixel; DAVIS' own
  evaluation gives 100.

In full:

${protocols.map(({ id, summary }) => `- \`${id}\`: ${summary}.`).join("\n")}`;
}

/** The metrics and how they are averaged. */
export function segmentationMetrics(): string {
  return `Two scores of a frame, each for two choices of the foreground. **J** is intersection over union
with the true foreground. **F** is the F measure of the two boundaries: a
boundary pixel is found where the other boundary is within ${
    100 * BOUNDARY_TOLERANCE
  } % of the picture's diagonal, rounded up to
pixels. The *better group* is, frame by frame, whichever has the higher J, as Guess What Moves scores:
that asks the labels. *Without labels* scores the group that the contender or the protocol's rule calls
foreground. *Per video* is the mean of the videos' means, *per frame* (in reports "per image") the mean
of all frames.

${
    markdownTable([
      ["per video", "per frame", "unit", "better", "what"],
      ...segmentationQuantities.map((name) => {
        const { unit, better, quantity } = metricName(name);
        return [`\`${name}\``, `\`${name}PerImage\``, unit, better ?? "", quantity];
      }),
    ])
  }`;
}

function protocolRow(protocol: SegmentationProtocol): string[] {
  const { id, version, threshold, rule, bothEmpty = 100, headline } = protocol;
  const averaging = headline.endsWith("PerImage") ? "per frame" : "per video";
  return [
    `\`${id}\``,
    String(version),
    `\`${segmentationStamp(protocol).hash.slice(0, 8)}\``,
    framesOf(protocol),
    `> ${threshold}`,
    rule,
    String(bothEmpty),
    `${headline}, ${averaging}`,
  ];
}

function framesOf({ skipFirst, last }: SegmentationProtocol): string {
  if (last === "alone") return "the last";
  const left = [
    ...skipFirst > 0 ? [`the first ${skipFirst}`] : [],
    ...last === "left out" ? ["the last"] : [],
  ];
  return left.length === 0 ? "all" : `all but ${left.join(" and ")}`;
}
