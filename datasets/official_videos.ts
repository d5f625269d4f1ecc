/**
 * Importers of videos with foreground masks, from the layouts they are passed around in.
 *
 * @module
 */
import { join } from "@std/path";
import { type Mask, ndarray, packed } from "../base/arrays.ts";
import { DataError, UsageError } from "../base/errors.ts";
import type { DatasetDefinition } from "./definition.ts";
import { readMaskPng, readPicture } from "./formats/picture.ts";
import type { Manifest } from "./manifest.ts";
import {
  gatherSources,
  type OfficialFiles,
  type OfficialFolders,
  rootOf,
} from "./official_files.ts";
import { buildVideoStore, type FrameSource, openVideoStore } from "./video_store.ts";

/** One way the files of a dataset may lie. */
export interface VideoLayout extends OfficialFolders {
  /** The frames among the files that were found, video by video and in order. */
  framesIn(files: OfficialFiles): FrameSource[];
}

/** A dataset of videos that comes as files. */
export interface OfficialVideos
  extends Omit<DatasetDefinition, "build" | "importFrom" | "open" | "openMasks" | "sparse"> {
  /** The layouts it comes in, the usual one first. */
  readonly layouts: readonly VideoLayout[];
  /** Videos of each split. */
  readonly videos: Readonly<Record<string, number>>;
}

/** Makes the registry's entry of a dataset of videos that is imported from its files. */
export function officialVideos(official: OfficialVideos): DatasetDefinition {
  const { layouts, videos, ...about } = official;
  const definition = { ...about, sparse: false };
  const complete = Object.values(videos).reduce((sum, count) => sum + count, 0);
  return {
    ...definition,
    async importFrom(dir, storePath, report, { notes: more = [], ...options } = {}) {
      const layout = await layoutOf(dir, layouts);
      const place = { ...about, ...layout };
      const { files, sources } = await gatherSources(dir, place, layout.framesIn, "frame");
      const notes = [...files.notes, ...more];
      const found = new Set(sources.map(({ video }) => video)).size;
      if (found < complete) {
        notes.push(`Only ${found} of the dataset's ${complete} videos were there.`);
      }
      const { frames = {} } = about.size;
      const counts = Object.values(frames);
      const expected = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
      if (!counts.includes(null) && found === complete && sources.length < expected) {
        notes.push(`Only ${sources.length} of the dataset's ${expected} frames were there.`);
      }
      for (const note of notes) report(0, sources.length, note);
      await buildVideoStore(storePath, { ...definition, notes }, sources, { ...options, report });
    },
    open() {
      throw new UsageError(
        `Cannot read flow of ${about.id}: it has videos and masks, but no flow`,
        "Name a dataset with ground-truth flow, such as sintel-clean.",
      );
    },
    openMasks: (dataDir, split) => openVideoStore(join(dataDir, about.id), about.id, split),
  };
}

/** The first layout whose folders are there; the usual one, for its error, where none's are. */
async function layoutOf(dir: string, layouts: readonly VideoLayout[]): Promise<VideoLayout> {
  for (const layout of layouts) if (await rootOf(dir, layout.folders) !== null) return layout;
  return layouts[0];
}

/** Archives whose addresses nobody could confirm; the dataset's page has them. */
export function downloadedByHand(names: readonly string[], keep?: RegExp): Manifest {
  return {
    byHand: "the addresses of its files could not be confirmed",
    files: names.map((name) => ({
      name,
      url: null,
      bytes: null,
      roughly: null,
      sha256: null,
      knownFrom: null,
      archive: "zip",
      limits: { entries: 50_000, bytes: 20e9 },
    })),
    ...keep && { keep },
  };
}

/**
 * Any label but 0 is foreground: masks hold 0 and 1, or a number an object. Where they reach 255 they
 * are grey levels, whose upper half is: smoothed edges and losses are no foreground.
 */
export function foregroundOf(labels: Mask): Mask {
  const values = packed(labels);
  const most = values.reduce((most, label) => Math.max(most, label), 0);
  const floor = most === 255 ? 128 : 0;
  return ndarray(values.map((label) => label > floor ? 1 : 0), labels.shape);
}

/** The foreground of a mask in any format: by its labels, or by its grey levels where it has none. */
export async function readForeground(path: string): Promise<Mask> {
  if (path.toLowerCase().endsWith(".png")) {
    try {
      return foregroundOf(await readMaskPng(path));
    } catch (error) {
      // A mask with three equal channels is a picture to the reader of labels.
      if (!(error instanceof DataError) || !/channels/.test(error.message)) throw error;
    }
  }
  const picture = await readPicture(path);
  const [height, width] = picture.shape;
  const rgb = packed(picture);
  const mask = Uint8Array.from({ length: height * width }, (_, i) => rgb[3 * i] > 128 ? 1 : 0);
  return ndarray(mask, [height, width]);
}

/** Loads a frame and its mask, if it has one. */
async function loadFrame(image: string, mask: string | null) {
  return {
    image: await readPicture(image),
    mask: mask === null ? null : await readForeground(mask),
  };
}

const IMAGE = /\.(?:jpe?g|png|ppm|bmp)$/i;

/**
 * Frames of the common layout: `<images>/<video>/<frame>.*` with `<masks>/<video>/<frame>.png`,
 * paired by their names without endings.
 *
 * @param splitOf The split of a video, or null to leave it out.
 * @param everyMask Whether each frame must have a mask.
 */
export function pairedFrames(
  files: OfficialFiles,
  images: string,
  masks: string,
  splitOf: (video: string) => string | null,
  everyMask: boolean,
): FrameSource[] {
  const masksByStem = new Map(
    files.names.filter((name) => name.startsWith(`${masks}/`) && IMAGE.test(name))
      .map((name) => [name.slice(masks.length + 1).replace(IMAGE, ""), name]),
  );
  return files.names
    .filter((name) => name.startsWith(`${images}/`) && IMAGE.test(name))
    .flatMap((name) => {
      const stem = name.slice(images.length + 1).replace(IMAGE, "");
      const [video, frame, ...rest] = stem.split("/");
      const split = frame === undefined || rest.length > 0 ? null : splitOf(video);
      if (split === null) return [];
      const mask = masksByStem.get(stem) ?? null;
      if (mask === null && everyMask) files.require(`${masks}/${stem}.png`);
      const [image, own] = [name, mask].map((path) => path && join(files.root, path));
      return [{ video, frame, split, load: () => loadFrame(image!, own) }];
    });
}
