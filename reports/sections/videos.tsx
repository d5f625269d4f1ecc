// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** Segmented videos: frames with masks over them, and a table with a row a video. @module */
import type { SegmentationPicture } from "../../benchmarks/samples.ts";
import { type Markup, Picture, PlainTable, Section } from "../components.tsx";
import { decimal } from "../format.ts";
import { type Entry, type Group, isBaseline } from "../groups.ts";
import { metricName, withUnit } from "../../benchmarks/metric_names.ts";
import {
  longestFlow,
  renderFlow,
  renderOverlay,
  renderPicture,
  renderSegments,
} from "../pictures.ts";
import { ndarray } from "../../base/arrays.ts";

/** Frames that contenders under test kept; null where nothing was segmented. */
export function Frames({ groups }: { groups: readonly Group[] }): Markup | null {
  const shown = groups.flatMap(({ title, entries }) =>
    entries.filter((entry) => !isBaseline(entry)).flatMap((entry) =>
      (entry.samples?.segmentations ?? []).map((picture) => ({ title, entry, picture }))
    )
  );
  if (shown.length === 0) return null;
  return (
    <Section
      id="frames"
      title="Frames"
      lead={
        <>
          Light is the foreground: the true one, and the one chosen without labels. Segments have a
          colour each; flow leads to the next frame, with the hue as its direction.
        </>
      }
    >
      {shown.map((frame) => <Frame {...frame} />)}
    </Section>
  );
}

function Frame({ title, entry, picture }: {
  title: string;
  entry: Entry;
  picture: SegmentationPicture;
}): Markup {
  const { id, why, image, truth, prediction, segments, flow } = picture;
  const { ids, metrics } = entry.samples!;
  const at = ids.indexOf(id);
  const scores = Object.keys(metrics).map((name) => {
    const { quantity, unit } = metricName(name);
    return `${quantity} ${decimal(metrics[name][at])} ${unit}`.trim();
  });
  return (
    <article class="sample" aria-label={`Frame ${id}`}>
      <h3>
        <code>{id}</code> <span class="chip">{why}</span>
        <small>{title} · {entry.label} · {scores.join(", ")}</small>
      </h3>
      <div class="pictures">
        <figure>
          <Picture of={renderPicture(image)} alt="Frame" />
          <figcaption>Frame</figcaption>
        </figure>
        <figure>
          <Picture of={renderOverlay(image, truth)} alt="Frame with the true foreground" />
          <figcaption>True foreground</figcaption>
        </figure>
        <figure>
          <Picture of={renderOverlay(image, prediction)} alt="Frame with the foreground found" />
          <figcaption>Foreground without labels</figcaption>
        </figure>
        <figure>
          <Picture of={renderSegments(image, segments)} alt="Frame with its segments in colours" />
          <figcaption>Segments</figcaption>
        </figure>
        {flow !== undefined && <Flow flow={flow} />}
      </div>
    </article>
  );
}

function Flow({ flow }: { flow: NonNullable<SegmentationPicture["flow"]> }): Markup {
  const [height, width] = flow.shape;
  const known = ndarray(new Uint8Array(height * width).fill(1), [height, width]);
  const scale = longestFlow(flow, known);
  return (
    <figure>
      <Picture of={renderFlow(flow, scale)} alt="Flow in colours" />
      <figcaption>Flow, up to {decimal(scale)} px</figcaption>
    </figure>
  );
}

/** One table a group with a row a video; null where samples are not frames of videos. */
export function Videos({ groups }: { groups: readonly Group[] }): Markup | null {
  const tables = groups.flatMap(({ title, entries }) => {
    const scored = entries.filter(({ evaluation }) => evaluation.bySequence);
    return scored.length === 0 ? [] : [<VideoTable title={title} entries={scored} />];
  });
  if (tables.length === 0) return null;
  return <Section id="videos" title="Videos">{tables}</Section>;
}

function VideoTable({ title, entries }: { title: string; entries: readonly Entry[] }): Markup {
  const [{ evaluation }] = entries;
  const videos = evaluation.bySequence!;
  const columns = entries.flatMap((entry) =>
    // Baselines say what is foreground themselves; of them the label-free J is enough.
    Object.keys(videos[0]?.metrics ?? {})
      .filter((name) => !isBaseline(entry) || name === "jFree")
      .map((name) => ({ entry, name }))
  );
  return (
    <div class="group">
      <h3>{title}</h3>
      <PlainTable
        label={`Videos of ${title}`}
        columns={[
          "Video",
          "Frames",
          ...columns.map(({ entry, name }) => `${entry.label}: ${withUnit(metricName(name))}`),
        ]}
        rows={videos.map(({ name, samples }, i) => [
          name,
          String(samples),
          ...columns.map(({ entry, name: metric }) =>
            decimal(entry.evaluation.bySequence![i]?.metrics[metric])
          ),
        ])}
      />
    </div>
  );
}
