/**
 * The per-sample results of an evaluation as a store: `metrics`, a table of metric by sample, and a
 * group of pictures for each entry of the gallery.
 *
 * @module
 */
import { z } from "zod";
import { type NdArray, ndarray, packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import {
  buildStore,
  type DType,
  openStore,
  type Store,
  type StoreWriter,
  type TypedArray,
} from "../datasets/store.ts";
import { check } from "./checked_json.ts";
import type { GalleryEntry } from "./record.ts";
import type { GalleryPicture, SampleResults, SegmentationPicture } from "./samples.ts";

const SampleAttributes = z.strictObject({
  ids: z.array(z.string()),
  metrics: z.array(z.string()),
  gallery: z.array(z.strictObject({ id: z.string(), why: z.string() })),
  /** Of segmented frames, and whether there is flow with them. */
  segmentations: z.array(z.strictObject({ id: z.string(), why: z.string(), flow: z.boolean() }))
    .optional(),
});

/** The arrays of a gallery entry: element type and dimensions. */
const PICTURE_ARRAYS = {
  image1: { dtype: "uint8", dimensionNames: ["y", "x", "channel"] },
  image2: { dtype: "uint8", dimensionNames: ["y", "x", "channel"] },
  truth: { dtype: "float32", dimensionNames: ["y", "x", "uv"] },
  valid: { dtype: "uint8", dimensionNames: ["y", "x"] },
  prediction: { dtype: "float32", dimensionNames: ["y", "x", "uv"] },
} as const satisfies Record<Exclude<keyof GalleryPicture, keyof GalleryEntry>, Layout>;

/** The arrays of a segmented frame; `flow` only where there is any. */
const FRAME_ARRAYS = {
  image: { dtype: "uint8", dimensionNames: ["y", "x", "channel"] },
  truth: { dtype: "uint8", dimensionNames: ["y", "x"] },
  prediction: { dtype: "uint8", dimensionNames: ["y", "x"] },
  segments: { dtype: "uint8", dimensionNames: ["y", "x"] },
  flow: { dtype: "float32", dimensionNames: ["y", "x", "uv"] },
} as const satisfies Record<Exclude<keyof SegmentationPicture, keyof GalleryEntry>, Layout>;

const METRICS_ARRAY = { dtype: "float64", dimensionNames: ["metric", "sample"] } as const;

/** What is fixed of a stored array; its shape follows from the data. */
type Layout = { readonly dtype: DType; readonly dimensionNames: readonly string[] };

/**
 * Writes results, in the place of those that are there.
 *
 * @throws {RangeError} When a metric does not have one value a sample.
 */
export async function writeSampleStore(path: string, results: SampleResults): Promise<void> {
  const { ids, metrics, gallery, segmentations } = results;
  const names = Object.keys(metrics);
  const values = new Float64Array(names.length * ids.length);
  for (const [i, name] of names.entries()) {
    if (metrics[name].length !== ids.length) {
      const counts = `${metrics[name].length} values for ${ids.length} samples`;
      throw new RangeError(`Metric ${JSON.stringify(name)} has ${counts}`);
    }
    values.set(metrics[name], i * ids.length);
  }
  const entries = gallery.map(({ id, why }) => ({ id, why }));
  const frames = segmentations?.map(({ id, why, flow }) => ({
    id,
    why,
    flow: flow !== undefined,
  }));
  const attributes = {
    ids,
    metrics: names,
    gallery: entries,
    ...frames && { segmentations: frames },
  };
  await buildStore(path, attributes, async (store) => {
    const table = ndarray(values, [names.length, ids.length]);
    await writeArray(store, "metrics", METRICS_ARRAY, table);
    for (const [i, picture] of gallery.entries()) {
      for (const [name, layout] of Object.entries(PICTURE_ARRAYS)) {
        const view = picture[name as keyof typeof PICTURE_ARRAYS];
        await writeArray(store, `gallery/${i}/${name}`, layout, view);
      }
    }
    for (const [i, picture] of segmentations?.entries() ?? []) {
      for (const [name, layout] of Object.entries(FRAME_ARRAYS)) {
        const view = picture[name as keyof typeof FRAME_ARRAYS];
        if (view) await writeArray(store, `segmentations/${i}/${name}`, layout, view);
      }
    }
  }, { replace: true });
}

/**
 * Reads results.
 *
 * @param pictures False leaves the gallery out.
 * @throws {DataError} When the store is missing, damaged or holds something else.
 */
export async function readSampleStore(path: string, pictures = true): Promise<SampleResults> {
  const store = await openStore(path, "Evaluate again.");
  const { ids, metrics, gallery, segmentations } = check(
    SampleAttributes,
    store.attributes,
    path,
    "attributes",
  );
  const table = packed(await readArray(store, "metrics", METRICS_ARRAY)) as Float64Array;
  if (table.length !== metrics.length * ids.length) {
    throw new DataError(
      path,
      "its metrics and samples do not belong together",
      "Evaluate again.",
    );
  }
  const column = (i: number) => table.slice(i * ids.length, (i + 1) * ids.length);
  const arraysOf = async (folder: string, layouts: readonly (readonly [string, Layout])[]) => {
    const arrays = layouts.map(async ([name, layout]) =>
      [name, await readArray(store, `${folder}/${name}`, layout)] as const
    );
    return Object.fromEntries(await Promise.all(arrays));
  };
  const shown = (pictures ? gallery : []).map(async (entry, i) => {
    const arrays = await arraysOf(`gallery/${i}`, Object.entries(PICTURE_ARRAYS));
    return { ...entry, ...arrays } as unknown as GalleryPicture;
  });
  const frames = (pictures ? segmentations : undefined)?.map(async ({ flow, ...entry }, i) => {
    const layouts = Object.entries(FRAME_ARRAYS).filter(([name]) => flow || name !== "flow");
    const arrays = await arraysOf(`segmentations/${i}`, layouts);
    return { ...entry, ...arrays } as unknown as SegmentationPicture;
  });
  return {
    ids,
    metrics: Object.fromEntries(metrics.map((name, i) => [name, column(i)])),
    gallery: await Promise.all(shown),
    ...frames && { segmentations: await Promise.all(frames) },
  };
}

/** Adds an array of one chunk to a store. */
async function writeArray(
  store: StoreWriter,
  name: string,
  { dtype, dimensionNames }: Layout,
  view: NdArray<TypedArray>,
): Promise<void> {
  const { shape } = view;
  const chunks = shape.map((n) => Math.max(n, 1));
  const array = await store.array(name, {
    dtype,
    shape,
    chunks,
    dimensionNames: [...dimensionNames],
  });
  if (view.size > 0) await array.write(shape.map(() => 0), packed(view));
}

/** Reads an array of a store, which must be laid out as this module writes it. */
async function readArray(
  store: Store,
  name: string,
  layout: Layout,
): Promise<NdArray<TypedArray>> {
  const array = store.array(name);
  const { dtype, dimensionNames } = array;
  if (dtype !== layout.dtype || dimensionNames.join() !== layout.dimensionNames.join()) {
    throw new DataError(
      store.path,
      `its array "${name}" is no per-sample result`,
      "Evaluate again.",
    );
  }
  return await array.read();
}
