/**
 * The `zarr.json` files of a store: written by zarrita, read with a schema that knows only what
 * stores use, so that anything else is refused before it is acted on.
 *
 * @module
 */
import * as zarr from "zarr";
import { z } from "zod";
import { CODECS } from "./codecs.ts";
import { type ArraySpec, CHUNK_SEPARATOR, parseSpec } from "./layout.ts";

/** File name of a node's metadata. */
const METADATA_NAME = "zarr.json";

const GroupMetadata = z.strictObject({
  zarr_format: z.literal(3),
  node_type: z.literal("group"),
  attributes: z.record(z.string(), z.json()),
});

const ArrayMetadata = z.strictObject({
  zarr_format: z.literal(3),
  node_type: z.literal("array"),
  shape: z.unknown(),
  data_type: z.unknown(),
  chunk_grid: z.strictObject({
    name: z.literal("regular"),
    configuration: z.strictObject({ chunk_shape: z.unknown() }),
  }),
  chunk_key_encoding: z.strictObject({
    name: z.literal("default"),
    configuration: z.strictObject({ separator: z.literal(CHUNK_SEPARATOR) }),
  }),
  codecs: z.unknown().refine(
    (codecs) => JSON.stringify(codecs) === JSON.stringify(CODECS),
    "not the codecs of a store",
  ),
  fill_value: z.literal(0),
  dimension_names: z.unknown(),
  attributes: z.strictObject({}),
});

/** The groups an array lies in, from the root (""): Zarr wants each to have metadata of its own. */
function groupsAround(array: string): string[] {
  const parts = array.split("/");
  return parts.map((_, depth) => parts.slice(0, depth).join("/"));
}

/** The path of a node's metadata within the store; the root's name is "". */
export function metadataKey(node: string): string {
  return node === "" ? METADATA_NAME : `${node}/${METADATA_NAME}`;
}

/** Every group and array of a store, by name: what has metadata. */
export function nodesOf(arrays: Iterable<string>): { groups: Set<string>; arrays: string[] } {
  const names = [...arrays].sort();
  return { groups: new Set(["", ...names.flatMap(groupsAround)]), arrays: names };
}

/**
 * The metadata files of a store by their paths.
 *
 * @throws {Error} When the attributes are not plain JSON (NaN, undefined, functions).
 */
export async function writeMetadata(
  attributes: Record<string, unknown>,
  specs: ReadonlyMap<string, ArraySpec>,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = zarr.root();
  const nodes = nodesOf(specs.keys());
  for (const group of nodes.groups) {
    const own = group === "" ? z.record(z.string(), z.json()).parse(attributes) : {};
    await zarr.create(files.resolve(group), { attributes: own });
  }
  for (const name of nodes.arrays) {
    const { dtype, shape, chunks, dimensionNames } = specs.get(name)!;
    await zarr.create(files.resolve(name), {
      dtype,
      shape,
      chunkShape: chunks,
      chunkSeparator: CHUNK_SEPARATOR,
      codecs: CODECS,
      fillValue: 0,
      dimensionNames,
    });
  }
  return new Map([...files.store].map(([key, bytes]) => [key.slice(1), new Uint8Array(bytes)]));
}

/** The attributes of a group's metadata. */
export function readGroup(file: Uint8Array): Record<string, unknown> {
  return GroupMetadata.parse(json(file)).attributes;
}

/** The specification in an array's metadata. */
export function readArray(file: Uint8Array): ArraySpec {
  const metadata = ArrayMetadata.parse(json(file));
  return parseSpec({
    dtype: metadata.data_type,
    shape: metadata.shape,
    chunks: metadata.chunk_grid.configuration.chunk_shape,
    dimensionNames: metadata.dimension_names,
  });
}

function json(file: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(file));
}
