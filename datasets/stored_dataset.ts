/**
 * What stores of every kind say about their dataset, and how they are opened.
 *
 * @module
 */
import { z } from "zod";
import { DataError, UsageError } from "../base/errors.ts";
import reflow from "../deno.json" with { type: "json" };
import type { DatasetDefinition } from "./definition.ts";
import { openStore, type Store } from "./store.ts";

/** What a store says about its dataset. */
export type StoreMeta =
  & Pick<
    DatasetDefinition,
    "id" | "title" | "licence" | "citation" | "homepage" | "splits" | "sparse"
  >
  & {
    /** What a reader must know, one sentence each: samples left out, a split file not found. */
    readonly notes?: readonly string[];
  };

/** Root attributes that every store has. */
export const StoredAbout = {
  dataset: z.strictObject({
    id: z.string(),
    title: z.string(),
    licence: z.string(),
    citation: z.string(),
    homepage: z.string(),
    splits: z.array(z.string()),
    sparse: z.boolean(),
    notes: z.array(z.string()),
  }),
  /** Version of Reflow that built the store. */
  builtBy: z.string(),
} as const;

const About = z.object(StoredAbout);

/** The {@link StoredAbout} of a dataset. */
export function storedAbout(meta: StoreMeta): z.infer<typeof About> {
  const { id, title, licence, citation, homepage, splits, sparse, notes = [] } = meta;
  return {
    dataset: {
      ...{ id, title, licence, citation, homepage, sparse },
      ...{ splits: [...splits], notes: [...notes] },
    },
    builtBy: `reflow ${reflow.version}`,
  };
}

/**
 * Opens a dataset's store and checks its attributes.
 *
 * @param what Names what it should hold, in the error.
 * @throws {DataError} When the store is missing or damaged, or holds something else.
 * @throws {UsageError} When the dataset has no such split.
 */
export async function openStored<A extends z.infer<typeof About>>(
  path: string,
  datasetId: string,
  split: string,
  schema: z.ZodType<A>,
  what: string,
): Promise<{ store: Store; attributes: A }> {
  const nextStep = `"deno task data verify ${datasetId} --deep" checks all of the dataset; ` +
    `what is damaged is mended by deleting ${path} and making it again`;
  const store = await openStore(path, nextStep);
  const parsed = schema.safeParse(store.attributes);
  if (!parsed.success) {
    const reason = `it is no store of ${what} (${z.prettifyError(parsed.error)})`;
    throw new DataError(path, reason.replaceAll("\n", " "), nextStep);
  }
  const attributes = parsed.data;
  const { dataset } = attributes;
  if (dataset.id !== datasetId) throw new DataError(path, `it holds ${dataset.id}`, nextStep);
  if (!dataset.splits.includes(split)) {
    throw new UsageError(
      `Cannot open split "${split}" of ${datasetId}: there is none`,
      `Its splits: ${dataset.splits.join(", ")}`,
    );
  }
  return { store, attributes };
}
