/**
 * Videos with foreground masks, of any mix of sizes, in one store.
 *
 * Frames of equal size share a bucket, named `<height>x<width>`, with one chunk a frame:
 *
 *     480x854/image   uint8 [frame, height, width, channel]
 *     480x854/mask    uint8 [annotated frame, height, width], 1 on the foreground
 *
 * Frames are loaded once and one after another, and buckets grow as they arrive. The root attributes
 * say what the dataset is and where each frame lies.
 *
 * @module
 */
import { z } from "zod";
import { type NdArray, packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import type { Report } from "./definition.ts";
import type { MaskedFrame, MaskedVideos, VideoSpan } from "./sample.ts";
import { type ArrayWriter, type BuildOptions, buildStore, type StoreWriter } from "./store.ts";
import { openStored, StoredAbout, storedAbout, type StoreMeta } from "./stored_dataset.ts";

/** One frame on its way into a store. */
export interface FrameSource {
  /** The video it belongs to; a video's frames follow one another. */
  readonly video: string;
  /** Its name within the video, for example `00012`. */
  readonly frame: string;
  /** One of the dataset's splits. */
  readonly split: string;
  /** Loads the frame; called once. */
  load(): Promise<Omit<MaskedFrame, "id">>;
}

/** How a store of videos is built. */
export interface VideoBuildOptions extends BuildOptions {
  /** Hears of each frame that is done; the note is its id. */
  readonly report?: Report;
}

const Attributes = z.strictObject({
  ...StoredAbout,
  /** Every frame: video, name, split, bucket, row of the image, row of the mask if it has one. */
  frames: z.array(z.tuple([
    z.string(),
    z.string(),
    z.string(),
    z.string(),
    z.int().nonnegative(),
    z.int().nonnegative().nullable(),
  ])),
});
type Attributes = z.infer<typeof Attributes>;

/**
 * Builds a store of videos, in the order given.
 *
 * @param path Final name of the store; it appears there whole or not at all.
 * @throws {DataError} When a mask and its image differ in size, when a mask holds anything but 0 and
 *   1, when a video's frames are not together or differ in size, or when there is no frame.
 */
export async function buildVideoStore(
  path: string,
  meta: StoreMeta,
  sources: readonly FrameSource[],
  { report = () => {}, ...options }: VideoBuildOptions = {},
): Promise<void> {
  if (sources.length === 0) throw new DataError(path, "there is no frame to put into it");
  const frames: Attributes["frames"] = [];
  const attributes: Attributes = { ...storedAbout(meta), frames };
  const fill = async (store: StoreWriter) => {
    const writers = new Map<string, ArrayWriter>();
    const writer = async (name: string, extents: readonly number[], axes: readonly string[]) => {
      const known = writers.get(name) ?? await store.array(name, {
        dtype: "uint8",
        shape: [0, ...extents],
        chunks: [1, ...extents],
        dimensionNames: ["frame", ...axes],
      });
      writers.set(name, known);
      return known;
    };
    const ended = new Set<string>();
    let [last, size] = ["", ""];
    for (const [index, source] of sources.entries()) {
      const { video, frame, split } = source;
      const id = `${video}/${frame}`;
      const fail = (reason: string) => new DataError(`${meta.id} ${id}`, reason);
      if (!meta.splits.includes(split)) throw fail(`"${split}" is no split of ${meta.id}`);
      const { image, mask } = await source.load();
      const [height, width] = image.shape;
      const bucket = `${height}x${width}`;
      if (last !== video) {
        ended.add(last);
        if (ended.has(video)) throw fail("frames of another video lie between its own");
      } else if (size !== bucket) {
        throw fail(`it is ${bucket}, the frames before it are ${size}`);
      }
      [last, size] = [video, bucket];
      const fault = mask && maskFault(mask, height, width);
      if (fault) throw fail(fault);
      const images = await writer(`${bucket}/image`, [height, width, 3], [
        "height",
        "width",
        "channel",
      ]);
      const row = await images.append(packed(image));
      let maskRow: number | null = null;
      if (mask) {
        const masks = await writer(`${bucket}/mask`, [height, width], ["height", "width"]);
        maskRow = await masks.append(packed(mask));
      }
      frames.push([video, frame, split, bucket, row, maskRow]);
      report(index + 1, sources.length, id);
    }
  };
  await buildStore(path, attributes, fill, options);
}

function maskFault(mask: NdArray<Uint8Array>, height: number, width: number): string | null {
  const size = mask.shape.join("x");
  if (size !== `${height}x${width}`) return `its mask is ${size}, its image ${height}x${width}`;
  const odd = packed(mask).find((value) => value > 1);
  return odd === undefined ? null : `its mask holds ${odd}`;
}

/**
 * Opens one split of a store that {@link buildVideoStore} made.
 *
 * @throws {DataError} When the store is missing or damaged, or holds no frame of that split.
 * @throws {UsageError} When the dataset has no such split.
 */
export async function openVideoStore(
  path: string,
  datasetId: string,
  split: string,
): Promise<MaskedVideos> {
  const { store, attributes } = await openStored(path, datasetId, split, Attributes, "videos");
  const chosen = attributes.frames.filter((frame) => frame[2] === split);
  if (chosen.length === 0) {
    const { notes } = attributes.dataset;
    throw new DataError(path, `it holds no frame of split "${split}"`, notes.join(" "));
  }
  return {
    id: datasetId,
    split,
    digest: store.digest,
    length: chosen.length,
    videos: spansOf(chosen.map(([video]) => video)),
    async read(index) {
      const entry = chosen[index];
      if (!entry) throw new RangeError(`Cannot read frame ${index} of ${chosen.length}`);
      const [video, frame, , bucket, row, maskRow] = entry;
      const array = (name: string) => store.array(`${bucket}/${name}`);
      return {
        id: `${video}/${frame}`,
        image: await array("image").read([row]) as NdArray<Uint8Array>,
        mask: maskRow === null ? null : await array("mask").read([maskRow]) as NdArray<Uint8Array>,
      };
    },
  };
}

/** The videos of frames that are named by their video. */
function spansOf(names: readonly string[]): VideoSpan[] {
  const spans: { name: string; first: number; frames: number }[] = [];
  for (const [index, name] of names.entries()) {
    if (spans.at(-1)?.name !== name) spans.push({ name, first: index, frames: 0 });
    spans.at(-1)!.frames++;
  }
  return spans;
}
