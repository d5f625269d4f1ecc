/**
 * Flow pairs of any mix of sizes in one store.
 *
 * Pairs of equal size share a bucket, named `<height>x<width>`, with one array a field and one
 * chunk a pair:
 *
 *     436x1024/image1, image2   uint8   [pair, height, width, channel]
 *     436x1024/flow             float32 [pair, height, width, direction], 0 where not valid
 *     436x1024/valid            uint8   [pair, height, width]
 *     436x1024/occluded         uint8   [pair, height, width], where the dataset says it
 *
 * Pairs are loaded once and one after another, and buckets grow as pairs arrive, so that a build
 * holds a single pair in memory and need not know sizes beforehand. The root attributes say what
 * the dataset is and where each pair lies.
 *
 * @module
 */
import { z } from "zod";
import { type NdArray, ndarray, packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import type { Report, Subset } from "./definition.ts";
import type { FlowDataset, FlowSample } from "./sample.ts";
import { openStored, StoredAbout, storedAbout, type StoreMeta } from "./stored_dataset.ts";
import {
  type ArrayWriter,
  type BuildOptions,
  buildStore,
  type DType,
  type Selection,
  type Store,
  type StoreWriter,
  type TypedArray,
} from "./store.ts";

/** What a store says about its dataset. */
export type FlowStoreMeta = StoreMeta;

/** One pair on its way into a store. */
export interface FlowSource {
  /** Unique within the dataset. */
  readonly id: string;
  /** One of the dataset's splits. */
  readonly split: string;
  /** Loads or makes the pair; called once. The sample's own id is not used. */
  load(): Promise<Omit<FlowSample, "id">>;
}

/** How a flow store is built. */
export interface FlowBuildOptions extends BuildOptions {
  /** Hears of each pair that is done; the note is its id. */
  readonly report?: Report;
}

/** The arrays of a bucket: element type, and the axis after height and width if there is one. */
const FIELDS = {
  image1: { dtype: "uint8", last: { name: "channel", extent: 3 } },
  image2: { dtype: "uint8", last: { name: "channel", extent: 3 } },
  flow: { dtype: "float32", last: { name: "direction", extent: 2 } },
  valid: { dtype: "uint8", last: null },
  occluded: { dtype: "uint8", last: null },
} as const satisfies Record<
  string,
  { dtype: DType; last: { name: string; extent: number } | null }
>;
type Field = keyof typeof FIELDS;

const Attributes = z.strictObject({
  ...StoredAbout,
  /** Every pair: id, split, bucket and row within the bucket's arrays. */
  samples: z.array(z.tuple([z.string(), z.string(), z.string(), z.int().nonnegative()])),
});
type Attributes = z.infer<typeof Attributes>;

/**
 * Builds a store of flow pairs, in the order given.
 *
 * @param path Final name of the store; it appears there whole or not at all.
 * @throws {DataError} When a pair's arrays differ in size, when its flow is not finite where it is
 *   valid, when two pairs share an id, or when there is no pair.
 */
export async function buildFlowStore(
  path: string,
  meta: FlowStoreMeta,
  sources: readonly FlowSource[],
  { report = () => {}, ...options }: FlowBuildOptions = {},
): Promise<void> {
  if (sources.length === 0) throw new DataError(path, "there is no pair to put into it");
  const { id, splits } = meta;
  const samples: Attributes["samples"] = [];
  const attributes: Attributes = { ...storedAbout(meta), samples };
  const fill = async (store: StoreWriter) => {
    const buckets = new Map<string, Bucket>();
    const ids = new Set<string>();
    for (const [index, source] of sources.entries()) {
      const fail = (reason: string) => new DataError(`${id} ${source.id}`, reason);
      if (ids.has(source.id)) throw fail("another pair has the same id");
      if (!splits.includes(source.split)) throw fail(`"${source.split}" is no split of ${id}`);
      ids.add(source.id);
      const sample = await source.load();
      const [height, width] = sample.image1.shape;
      const fault = sampleFault(sample);
      if (fault) throw fail(fault);
      const name = `${height}x${width}`;
      if (!buckets.has(name)) buckets.set(name, await openBucket(store, name, sample));
      const bucket = buckets.get(name)!;
      if (bucket.has("occluded") !== (sample.occluded !== undefined)) {
        throw fail("some pairs have an occlusion mask and some have none");
      }
      samples.push([source.id, source.split, name, await appendSample(bucket, sample)]);
      report(index + 1, sources.length, source.id);
    }
  };
  await buildStore(path, attributes, fill, options);
}

/** Writers of one bucket's arrays; `occluded` only where the dataset has it. */
type Bucket = Map<Field, ArrayWriter>;

async function openBucket(
  store: StoreWriter,
  name: string,
  sample: Omit<FlowSample, "id">,
): Promise<Bucket> {
  const [height, width] = sample.image1.shape;
  const bucket: Bucket = new Map();
  for (const field of fieldsOf(sample)) {
    const { dtype, last } = FIELDS[field];
    const extents = [height, width, ...last ? [last.extent] : []];
    const writer = await store.array(`${name}/${field}`, {
      dtype,
      shape: [0, ...extents],
      chunks: [1, ...extents],
      dimensionNames: ["pair", "height", "width", ...last ? [last.name] : []],
    });
    bucket.set(field, writer);
  }
  return bucket;
}

async function appendSample(bucket: Bucket, sample: Omit<FlowSample, "id">): Promise<number> {
  const known = { ...sample, flow: zeroWhereInvalid(sample) };
  let row = 0;
  for (const [field, writer] of bucket) {
    row = await writer.append(packed<TypedArray>(known[field] as NdArray<TypedArray>));
  }
  return row;
}

function fieldsOf(sample: Omit<FlowSample, "id">): Field[] {
  return (Object.keys(FIELDS) as Field[]).filter((field) => sample[field] !== undefined);
}

/** What is wrong with a pair, or null. */
function sampleFault(sample: Omit<FlowSample, "id">): string | null {
  const [height, width] = sample.image1.shape;
  for (const field of fieldsOf(sample)) {
    const { last } = FIELDS[field];
    const expected = [height, width, ...last ? [last.extent] : []].join("x");
    const actual = sample[field]!.shape.join("x");
    if (actual !== expected) return `${field} is ${actual} where image1 asks for ${expected}`;
  }
  const flow = packed(sample.flow);
  const valid = packed(sample.valid);
  for (let i = 0; i < valid.length; i++) {
    if (valid[i] > 1) return `its valid mask holds ${valid[i]}`;
    if (valid[i] && !(Number.isFinite(flow[2 * i]) && Number.isFinite(flow[2 * i + 1]))) {
      return `its flow is not finite at row ${Math.floor(i / width)}, column ${i % width}`;
    }
  }
  return null;
}

/** The flow with zeros for unknown vectors, whose marks (NaN, 1e10) would spoil masked sums. */
function zeroWhereInvalid({ flow, valid }: Omit<FlowSample, "id">): NdArray<Float32Array> {
  const mask = packed(valid);
  if (!mask.includes(0)) return flow;
  const known = packed(flow).map((value, i) => mask[i >> 1] ? value : 0);
  return ndarray(known, flow.shape);
}

/**
 * Opens one split of a store that {@link buildFlowStore} made.
 *
 * @param split A split of the store, or the name of the `subset`.
 * @param subset Which pairs of the split it is a part of belong to it.
 * @throws {DataError} When the store is missing or damaged, or holds no pair of that split.
 * @throws {UsageError} When the dataset has no such split.
 */
export async function openFlowStore(
  path: string,
  datasetId: string,
  split: string,
  subset?: Subset,
): Promise<FlowDataset> {
  const whole = subset?.of ?? split;
  const { store, attributes } = await openStored(path, datasetId, whole, Attributes, "flow pairs");
  const { dataset, samples } = attributes;
  const chosen = samples.filter(([id, of]) => of === whole && (subset?.has(id) ?? true));
  if (chosen.length === 0) {
    throw new DataError(path, `it holds no pair of split "${split}"`, dataset.notes.join(" "));
  }
  return {
    id: datasetId,
    split,
    digest: store.digest,
    length: chosen.length,
    ids: chosen.map(([id]) => id),
    sparse: dataset.sparse,
    async read(index) {
      const entry = chosen[index];
      if (!entry) throw new RangeError(`Cannot read pair ${index} of ${chosen.length}`);
      const [id, , bucket, row] = entry;
      return { id, ...await readSample(store, bucket, row) };
    },
  };
}

async function readSample(
  store: Store,
  bucket: string,
  row: number,
): Promise<Omit<FlowSample, "id">> {
  const at: Selection = [row];
  const field = async <T extends TypedArray>(name: Field) =>
    await store.array(`${bucket}/${name}`).read(at) as NdArray<T>;
  return {
    image1: await field<Uint8Array>("image1"),
    image2: await field<Uint8Array>("image2"),
    flow: await field<Float32Array>("flow"),
    valid: await field<Uint8Array>("valid"),
    ...store.arrays.includes(`${bucket}/occluded`) &&
      { occluded: await field<Uint8Array>("occluded") },
  };
}
