/**
 * `docs/datasets.md`, made from the registry:
 *
 *     deno run --allow-read --allow-write=docs datasets/document.ts
 *
 * @module
 */
import { markdownTable } from "../base/markdown_table.ts";
import type { DatasetDefinition } from "./definition.ts";
import { ARCHIVE_KINDS } from "./manifest.ts";
import { datasets } from "./registry.ts";

/** What `docs/datasets.md` has to say. */
export function datasetsDocument(): string {
  return `<!-- deno-fmt-ignore-file -->
<!-- Made by datasets/document.ts; a test fails where it is stale. -->

# Datasets

A dataset is raw files, a store made of them, and splits. \`deno task data info ID\` prints what is
known of one: licence, citation, samples, files with addresses, sizes and digests.

## From files to a store

    data/downloads/     archives as they came, and a record of each
    data/<dataset>/     the store: Zarr v3, whole or absent

\`fetch\` downloads every file of the dataset's manifest, unpacks the archives, imports what the
importer reads and removes what was unpacked. The archives stay; delete \`data/downloads\` if you need
the room. \`import --from\` takes an archive, a folder that holds the archives, or the folder they
were unpacked in. Nothing but the store is read afterwards.

## Splits

${markdownTable([["dataset", "holds", "splits", "what they are"], ...splitRows()])}

In brackets is how many pairs or frames a complete copy has, where that is known; splits after the
semicolon are parts of the first. Numbers that papers give for "Sintel (train)" or "KITTI (train)" are
over all of \`train\`. Papers that fine-tune hold out different parts of Sintel; one that is not named
above needs its own entry.

Masks: \`valid\` is 1 where ground truth is known. KITTI's comes from \`flow_occ\`; where \`flow_noc\` was
there too, \`occluded\` is 1 for what only \`flow_occ\` knows. Sintel's \`occluded\` comes from
\`occlusions\`; \`invalid\` is not read, since published errors count every pixel. Pictures of any mix
of sizes share a store, one group of arrays a size.

Videos with foreground masks hold every frame, and the masks of those that are annotated; the masks
of several objects are merged into one.

## Downloads

- Only https, and only hosts that the manifest names. A redirect is checked before it is followed.
- A part that has come is kept as \`NAME.partial\`, with the version it belongs to (\`ETag\`,
  \`Last-Modified\`, size) beside it. Any later \`fetch\` asks for the rest of exactly that version. If
  the server's file has changed, or the server sends no parts, it starts over and says so.
- Cut, stalled and overloaded connections are tried again, with growing pauses. After six attempts
  in a row that bring less than a megabyte, it stops; the part stays.
- Bytes are hashed as they come. What is known beforehand must be true: a size, a SHA-256, the way
  the archive starts. A web page in place of an archive is refused at its first bytes.
- Where nobody states a SHA-256, the first file is trusted and its digest recorded in \`NAME.json\`.
  From then on that address must bring the same bytes.
- What is wrong goes to \`data/downloads/quarantine\` with the reason beside it. It is fetched once
  more; if that is wrong too, the command ends with exit code 3. \`fetch ID --accept SHA256\` uses a
  file in quarantine all the same, and the store says so.

## Archives

Archives are ${listed(ARCHIVE_KINDS)}. Every entry is judged before anything of it is written: names
that climb out, are absolute, have drives, backslashes, control characters or device names, that are
there twice or differ only in case; links, devices, sparse files; encryption, overlapping entries,
headers that contradict each other, wrong checksums; more files or bytes than the manifest allows, and
more than 200 times the archive's own size. Any of it refuses the archive as a whole. It is unpacked
under another name, which is changed once all is there.

## Adding one

A file in \`datasets/\` with an \`officialDataset({...})\` for pairs with flow or an
\`officialVideos({...})\` for videos with masks, and its name in \`datasets/registry.ts\`. The manifest
says what is known and from where; null means that nobody states it. A new host also goes into the
permission set \`fetch\` in \`deno.json\`; a test compares the two.
`;
}

/** A row for datasets that differ in their names alone, as Sintel's two passes do. */
function splitRows(): string[][] {
  const rows = datasets.map((dataset) => [
    `\`${dataset.id}\``,
    contents(dataset),
    splitsOf(dataset),
    explained(dataset),
  ]);
  return [...Map.groupBy(rows, ([, ...rest]) => JSON.stringify(rest)).values()]
    .map((alike) => [alike.map(([id]) => id).join(", "), ...alike[0].slice(1)]);
}

function contents({ size, openMasks }: DatasetDefinition): string {
  if (size.frames) return "videos with masks";
  return openMasks ? "pairs with flow, videos with masks" : "pairs with flow";
}

/** Splits of its own; after a semicolon, parts of them. */
function splitsOf({ splits, subsets = {}, size }: DatasetDefinition): string {
  const counts = size.frames ?? size.pairs;
  const named = (split: string) => {
    const count = counts[split];
    return `\`${split}\`${count === null ? "" : ` (${count.toLocaleString("en")})`}`;
  };
  const parts = Object.keys(subsets);
  const own = splits.filter((split) => !parts.includes(split));
  return [own, parts].filter((names) => names.length > 0)
    .map((names) => names.map(named).join(", ")).join("; ");
}

function explained({ splitting, subsets = {} }: DatasetDefinition): string {
  const parts = Object.entries(subsets).map(([name, { about }]) =>
    `\`${name}\`: ${about.charAt(0).toLowerCase()}${about.slice(1)}`
  );
  return [splitting, ...parts].join("; ");
}

/** Names in a sentence: `a, b or c`. */
function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

if (import.meta.main) {
  const path = new URL("../docs/datasets.md", import.meta.url);
  await Deno.writeTextFile(path, datasetsDocument());
}
