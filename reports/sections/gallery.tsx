// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** What the numbers look like: frames, ground truth, predictions, errors, worst samples. @module */
import type { GalleryPicture } from "../../benchmarks/samples.ts";
import { type Markup, Picture, PlainTable, Section, Zoomed } from "../components.tsx";
import { count, decimal, verbatim } from "../format.ts";
import { type Entry, type Group, isBaseline, isZeroFlow } from "../groups.ts";
import { metricName, withUnit } from "../../benchmarks/metric_names.ts";
import {
  endPointError,
  errorScale,
  longestFlow,
  renderError,
  renderErrorScale,
  renderFlow,
  renderPicture,
  renderWheel,
} from "../pictures.ts";

/** Contenders shown on a sample, the first ones; more would make the file too large to send. */
const CONTENDERS = 4;

/** Numbers beside a picture; a sample that has more shows its first. */
const NUMBERS = 6;

/** Rows of the worst-samples table. */
const WORST = 10;

/** One sample with every contender that kept a picture of it, the one under test first. */
interface Shown {
  readonly title: string;
  readonly id: string;
  readonly views: readonly { entry: Entry; picture: GalleryPicture }[];
}

/** Pictures and the samples that went worst; null where no per-sample results were kept. */
export function Gallery({ groups }: { groups: readonly Group[] }): Markup | null {
  const shown = groups.flatMap(samplesToShow);
  const worst = groups.map((group) => <Worst group={group} />);
  if (groups.every((group) => group.entries.every((entry) => entry.samples === undefined))) {
    return null;
  }
  return (
    <Section id="samples" title="Samples">
      {shown.length > 0 && <Legend />}
      {shown.map((sample) => <Sample sample={sample} />)}
      {worst}
    </Section>
  );
}

/** Samples that a contender under test kept; those of a baseline where nothing else was scored. */
function samplesToShow({ title, entries }: Group): Shown[] {
  const tested = entries.filter((entry) => !isBaseline(entry));
  const leading = tested.length > 0 ? tested : entries;
  const ids = new Set(leading.flatMap((e) => e.samples?.gallery.map((p) => p.id) ?? []));
  // The error of zero flow is the truth itself; a white picture beside it tells nothing.
  const viewed = leading.length < entries.length ? entries.filter((e) => !isZeroFlow(e)) : entries;
  return [...ids].map((id) => ({
    title,
    id,
    views: viewed.flatMap((entry) => {
      const picture = entry.samples?.gallery.find((p) => p.id === id);
      return picture === undefined ? [] : [{ entry, picture }];
    }),
  }));
}

function Legend(): Markup {
  return (
    <div class="legend">
      <Picture
        of={renderWheel()}
        class="wheel"
        alt="Colour wheel: each colour stands for the motion from the centre towards it."
      />
      <p>
        <strong>Flow.</strong>{" "}
        The hue is the direction of motion, as on the wheel; the paler the colour, the shorter the
        motion. Truth and prediction of a sample share one scale, whose end is the longest true
        motion. Black: the truth is unknown there.
      </p>
      <div>
        <Picture of={renderErrorScale()} class="scale-bar" alt="" />
        <p>
          <strong>Error.</strong>{" "}
          From dark (none) to light, up to the value under each map; more looks the same. Grey: the
          truth is unknown there.
        </p>
      </div>
    </div>
  );
}

function Sample({ sample: { title, id, views } }: { sample: Shown }): Markup {
  const [{ picture }] = views;
  const { image1, image2, truth, valid } = picture;
  const scale = longestFlow(truth, valid);
  const top = errorScale(endPointError(truth, picture.prediction, valid));
  const frame = renderPicture(image1);
  const size = `${image1.shape[1]} × ${image1.shape[0]}` +
    (frame.shrunk > 1 ? `, shown at 1/${frame.shrunk}` : "");
  return (
    <article class="sample" aria-label={`Sample ${id}`}>
      <h3>
        <code>{id}</code> <span class="chip">{picture.why}</span>
        <small>{title} · {size}</small>
      </h3>
      <div class="zoom" role="toolbar" aria-label={`Enlarge the pictures of ${id}`}>
        <button type="button" data-zoom="out" aria-label="Smaller">−</button>
        <button type="button" data-zoom="in" aria-label="Larger">+</button>
        <button type="button" data-zoom="whole">whole</button>
        <small>arrow keys and dragging move</small>
      </div>
      <div class="pictures">
        <figure>
          <Zoomed of={frame} alt="First frame" />
          <figcaption>Frame 1</figcaption>
        </figure>
        <figure>
          <Zoomed of={renderPicture(image2)} alt="Second frame" />
          <figcaption>Frame 2</figcaption>
        </figure>
        <figure>
          <Zoomed of={renderFlow(truth, scale, valid)} alt="Ground-truth flow in colours" />
          <figcaption>Truth, up to {decimal(scale)} px</figcaption>
        </figure>
        {views.slice(0, CONTENDERS).map((view) => (
          <View
            id={id}
            {...view}
            scale={scale}
            top={top}
          />
        ))}
      </div>
      {views.length > CONTENDERS && (
        <p class="protocol">
          {count(views.length - CONTENDERS, "more contender")} without pictures here.
        </p>
      )}
    </article>
  );
}

function View({ id, entry, picture, scale, top }: {
  id: string;
  entry: Entry;
  picture: GalleryPicture;
  scale: number;
  top: number;
}): Markup {
  const { truth, prediction, valid } = picture;
  const { ids, metrics } = entry.samples!;
  const at = ids.indexOf(id);
  const known = Object.keys(metrics).filter((name) => !Number.isNaN(metrics[name][at]));
  return (
    <>
      <div class="numbers">
        <h4>{entry.label}</h4>
        <dl>
          {known.slice(0, NUMBERS).map((name) => {
            const { quantity, unit } = metricName(name);
            return (
              <div>
                <dt>{quantity}</dt>
                <dd>{decimal(metrics[name][at])} {unit}</dd>
              </div>
            );
          })}
        </dl>
      </div>
      <figure>
        <Zoomed
          of={renderFlow(prediction, scale)}
          alt={`Flow predicted by ${entry.label} in colours`}
        />
        <figcaption>Prediction, same scale</figcaption>
      </figure>
      <figure>
        <Zoomed
          of={renderError(endPointError(truth, prediction, valid), top)}
          alt={`End-point error of ${entry.label}`}
        />
        <figcaption class="error-scale">
          Error 0
          <Picture of={renderErrorScale()} alt="to" />≥ {verbatim(top)} px
        </figcaption>
      </figure>
    </>
  );
}

/** The samples on which the leading contender did worst, with all their numbers. */
function Worst({ group: { entries, metric, title } }: { group: Group }): Markup | null {
  const [{ label, samples }] = entries;
  const ranking = metric === null ? undefined : samples?.metrics[metric];
  if (samples === undefined || ranking === undefined) return null;
  const sign = metricName(metric!).better === "higher" ? 1 : -1;
  const order = [...ranking.keys()].filter((i) => !Number.isNaN(ranking[i]))
    .sort((a, b) => sign * (ranking[a] - ranking[b]) || a - b).slice(0, WORST);
  const names = Object.keys(samples.metrics).map(metricName);
  return (
    <div class="group">
      <h3>Worst samples · {title}</h3>
      <p class="protocol">
        {label}, the {order.length} of {count(samples.ids.length, "sample")} with the worst{" "}
        {metricName(metric!).quantity}.
      </p>
      <PlainTable
        label={`Worst samples of ${title}`}
        columns={[
          "Sample",
          ...names.map(withUnit),
        ]}
        rows={order.map((i) => [
          samples.ids[i],
          ...names.map(({ name }) => decimal(samples.metrics[name][i])),
        ])}
      />
    </div>
  );
}
