/**
 * `docs/protocols.md`, made from the protocols and metrics themselves:
 *
 *     deno run --allow-read --allow-write=docs benchmarks/protocols/document.ts
 *
 * @module
 */
import { markdownTable } from "../../base/markdown_table.ts";
import { FLOW_METRICS, type FlowMetric, type FlowMetricInfo } from "../metrics/flow.ts";
import { CLOSE_WITHIN, REPRODUCED_WITHIN } from "../verdict.ts";
import { segmentationMetrics, segmentationProtocols } from "./document_segmentation.ts";
import { FLOW_PROTOCOLS, type FlowProtocol, protocolStamp } from "./protocol.ts";

/** What `docs/protocols.md` has to say. */
export function protocolsDocument(): string {
  return `<!-- deno-fmt-ignore-file -->
<!-- Made by benchmarks/protocols/document.ts; a test fails where it is stale. -->

# How a number is made

A protocol says everything about how a number is made but the model and the data. Each has an id, a
version and a hash over its settings; two numbers compare only at equal hashes.
\`evaluate --protocol ID\` chooses one; of optical flow's, \`ID@N\` is the same with N update iterations.

## Protocols of optical flow

${
    markdownTable([
      ["id", "version", "hash", "size", "iterations", "pixels", "flow", "quoted metric"],
      ...Object.values(FLOW_PROTOCOLS).map(protocolRow),
    ])
  }

- **Size.** \`pad\` repeats the edges: \`sintel\` on all sides, \`kitti\` rows at the bottom only.
  \`resize\` stretches the pictures bilinearly and the flow back, u and v scaled. \`own\` leaves it to
  the method: RAFT pads, PWC-Net resizes, finished flows have the pictures' size already.
- **Iterations.** Of methods that iterate. \`warm\` starts a pair from the flow of the pair before,
  moved along itself; each sequence starts from zero.
- **Pixels.** \`valid\` counts those the dataset marks as known, \`all\` every one.
- **Flow.** \`PNG\` cuts a prediction down to what KITTI's 16-bit files hold: steps of 1/64 px in
  -512…511.98. \`filled\` fills in pixels that a prediction leaves out, along rows, as KITTI's
  development kits do; elsewhere a prediction must cover every pixel.

In full:

${Object.values(FLOW_PROTOCOLS).map(({ id, summary }) => `- \`${id}\`: ${summary}.`).join("\n")}

## Metrics of optical flow

Every metric is computed under every protocol, averaged both ways: *per image* is the mean of the
images' means over their valid pixels, *pooled* the mean over the valid pixels of all images. An image
without a valid pixel counts in neither; a metric without a pixel is null, never 0 or NaN. A valid
true vector counts however long it is; Middlebury's mark for unknown flow (over 1e9) is not valid. A
prediction that is not finite anywhere is an error.

${
    markdownTable([
      ["per image", "pooled", "unit", "better", "what"],
      ...metricRows(),
    ])
  }

## Protocols of segmentation

${segmentationProtocols()}

## Metrics of segmentation

${segmentationMetrics()}

## Contenders

One interface for all: \`--run ID\`, \`--weights FILE\`, \`--baseline NAME\`. Baselines learn nothing:

- Of flow, \`zero\` predicts no motion and \`farneback\` is OpenCV's dense classical method.
- Of segmentation, \`everything\` calls every pixel foreground, as a model of a single segment does, and
  \`centre-box\` a quarter of the picture in its middle. \`flow-magnitude\` calls foreground what moves far
  and \`constant-motion\` what the frame's mean motion leaves unexplained, both above Otsu's threshold of
  the frame. They say which group is foreground; the last two see flow that was computed before.

Flow that others predict is scored as well:

- \`--onnx FILE\`: an ONNX model, run by onnxruntime-web on WebGPU and compared once, on the first
  pair, with its WebAssembly provider; with \`--backend cpu\` on WebAssembly alone, with one thread.
  - Pictures: two inputs \`[1, 3, H, W]\` or \`[1, H, W, 3]\`, told apart by the last number in their
    names, else by their order; or one input with both: \`[1, 6, H, W]\`, \`[1, H, W, 6]\`,
    \`[2, 3, H, W]\`, \`[2, H, W, 3]\`, \`[1, 2, 3, H, W]\`, \`[1, 2, H, W, 3]\`. float32, or uint8 in 0…255.
  - Values: RGB in 0…255 unless the file's metadata (\`reflow.pixels\`: 0..255, 0..1 or -1..1;
    \`reflow.channels\`: rgb or bgr) or \`--onnx-pixels\` and \`--onnx-channels\` say otherwise.
  - Flow: the output called \`flow\`, else the last with two channels: \`[1, 2, h, w]\` or
    \`[1, h, w, 2]\`, in pixels of the pictures, of their size or coarser by a whole factor.
  - Tensors in other files are refused, whatever their path.
- \`--predictions DIR\`: flow that any other code wrote, as \`.flo\` or KITTI's 16-bit PNG, one file a
  sample: \`<id>.flo\` with the id's folders, for example \`alley_1/frame_0001.flo\`. The names of
  submissions are known too: \`000007_10.png\` (KITTI), \`00007_flow.flo\` (FlyingChairs),
  \`alley_1/frame0001.flo\` (Sintel), \`RubberWhale/flow10.flo\` (Middlebury); all of them may lie in a
  folder named after the dataset (\`sintel-clean/\`) or the last part of its name (\`clean/\`).
  \`--save-predictions DIR\` writes such files.

## Verdicts

A published number compares where model, training data, dataset, split and protocol are the same and
all of the split was scored. Then ours is *reproduced* within ${
    100 * REPRODUCED_WITHIN
  } %, *close* within ${100 * CLOSE_WITHIN} % on the worse
side, *better* beyond ${
    100 * REPRODUCED_WITHIN
  } % on the other, else *not reproduced*. Where a source doesn't say how it
averages, both averages must lead to the same verdict. A 95 % bootstrap interval over the samples, or
over the videos where samples are frames, seeded, stands beside every verdict.
`;
}

function protocolRow(protocol: FlowProtocol): string[] {
  const { id, version, padding, multiple, iterations, validity, headline } = protocol;
  const size = padding === "own" || padding === "none"
    ? padding
    : `${padding === "resize" ? "resize" : `pad ${padding}`} ${multiple}`;
  const flow = [...protocol.clipping ? ["PNG"] : [], ...protocol.holes ? ["filled"] : []];
  return [
    `\`${id}\``,
    String(version),
    `\`${protocolStamp(protocol).hash.slice(0, 8)}\``,
    size,
    `${iterations}${protocol.warmStart ? " warm" : ""}`,
    validity === "dataset" ? "valid" : "all",
    flow.join(", "),
    `${headline.metric}, ${headline.averaging}`,
  ];
}

/** One row a quantity. */
function metricRows(): string[][] {
  const metrics = Object.entries(FLOW_METRICS) as [FlowMetric, FlowMetricInfo][];
  return [...Map.groupBy(metrics, ([, { of }]) => of).values()].map((both) => {
    const named = (averaging: string) =>
      `\`${both.find(([, info]) => info.averaging === averaging)![0]}\``;
    const [[, { unit, lowerIsBetter, summary }]] = both;
    const better = lowerIsBetter ? "lower" : "higher";
    return [named("per image"), named("pooled"), unit, better, summary.split(";")[0]];
  });
}

if (import.meta.main) {
  const path = new URL("../../docs/protocols.md", import.meta.url);
  await Deno.writeTextFile(path, protocolsDocument());
}
