/**
 * Flow of videos, computed once by a flow model and kept as a store.
 *
 * Papers that learn from motion take flow as their input. Their videos have none, so a flow model of
 * this suite makes it, for several gaps between frames: from frame t to frame t + gap, back in time
 * where the gap is negative. The store `<data>/<dataset>-<split>-flow` holds
 *
 *     480x854/forward-1, backward-2, …   uint16 [frame, height, width, direction]
 *
 * in KITTI's encoding, 64·v + 2¹⁵, which keeps vectors up to 512 px within 1/128 px. Its attributes
 * name the videos' and the model's digests; it serves no other videos.
 *
 * @module
 */
import { join } from "@std/path";
import { z } from "zod";
import { type FlowField, ndarray, packed } from "../base/arrays.ts";
import { DataError, Interrupted } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { type FlowContender, sizingOf } from "../benchmarks/contenders/contender.ts";
import { pad } from "../benchmarks/protocols/padding.ts";
import type { MaskedVideos } from "../datasets/sample.ts";
import { type ArrayWriter, buildStore, openStore, type Store } from "../datasets/store.ts";

const SCALE = 64, ZERO = 2 ** 15;

/** What the store's attributes say. */
const Attributes = z.strictObject({
  kind: z.literal("flow of videos"),
  videos: z.strictObject({ dataset: z.string(), split: z.string(), digest: z.string() }),
  model: z.strictObject({
    name: z.string(),
    /** SHA-256 of its weights, where it has any. */
    digest: z.string().nullable(),
    iterations: z.int(),
  }),
  gaps: z.array(z.int()),
  encoding: z.string(),
  /** By gap: every frame that has this flow, with its bucket and row. */
  rows: z.record(z.string(), z.array(z.tuple([z.int(), z.string(), z.int()]))),
});
type Attributes = z.infer<typeof Attributes>;

/** How flow is computed. */
export interface FlowCacheOptions {
  readonly videos: MaskedVideos;
  /** Who computes it. */
  readonly contender: FlowContender;
  /** Update iterations of methods that iterate. */
  readonly iterations: number;
  /** Frames between the two pictures; none is 0. */
  readonly gaps: readonly number[];
  readonly dataDir: string;
  /** Whether a store that is there may be replaced. */
  readonly replace?: boolean;
  readonly signal?: AbortSignal;
  /** Hears of each flow that is done. */
  onFlow?(done: number, total: number, note: string): void;
}

/** Where the flow of a dataset's split is kept. */
export function flowCachePath(
  videos: { readonly id: string; readonly split: string },
  dataDir: string,
): string {
  return join(dataDir, `${videos.id}-${videos.split}-flow`);
}

const nameOf = (gap: number) => `${gap > 0 ? "forward" : "backward"}-${Math.abs(gap)}`;

/** Every frame of a gap that has a partner, video by video. */
function pairsOf(videos: MaskedVideos, gap: number): number[] {
  return videos.videos.flatMap(({ first, frames }) =>
    Array.from({ length: frames }, (_, i) => i)
      .filter((i) => i + gap >= 0 && i + gap < frames)
      .map((i) => first + i)
  );
}

/**
 * Computes the flow of a split's videos and keeps it. Where it was stopped before, it goes on.
 *
 * @returns The store's path and how many flows it holds.
 * @throws {DataError} When a store is there and may not be replaced.
 * @throws {Interrupted} When the signal says stop. What was computed is kept, and the same call goes
 * on; unless it was to replace another store, which stays then.
 */
export async function buildFlowCache(
  options: FlowCacheOptions,
): Promise<{ path: string; flows: number }> {
  const { videos, contender, iterations, gaps, dataDir, replace = false, signal, onFlow } = options;
  const path = flowCachePath(videos, dataDir);
  const earlier = replace ? null : await unfinishedFlow(path, options);
  const pairs = gaps.map((gap) => pairsOf(videos, gap));
  const total = pairs.reduce((sum, { length }) => sum + length, 0);
  const { name, digest } = contender.stamp;
  const attributes: Attributes = {
    kind: "flow of videos",
    videos: { dataset: videos.id, split: videos.split, digest: videos.digest },
    model: { name, digest, iterations },
    gaps: [...gaps],
    encoding: `v = (stored - ${ZERO}) / ${SCALE}`,
    rows: Object.fromEntries(gaps.map((gap) => [nameOf(gap), []])),
  };
  let done = 0;
  await buildStore(path, attributes, async (store) => {
    const writers = new Map<string, ArrayWriter>();
    for (const [i, gap] of gaps.entries()) {
      for (const index of pairs[i]) {
        const kept = await earlier?.read(index, gap) ?? null;
        // What is there comes first, so that a stop loses none of it.
        if (kept === null && signal?.aborted) {
          if (!replace && done > 0) return;
          throw new Interrupted(`Stopped after ${done} of ${total} flows; none is kept`);
        }
        const flow = kept ?? await flowBetween(options, index, gap);
        const [height, width] = flow.shape;
        const bucket = `${height}x${width}`, array = `${bucket}/${nameOf(gap)}`;
        const writer = writers.get(array) ?? await store.array(array, {
          dtype: "uint16",
          shape: [0, height, width, 2],
          chunks: [1, height, width, 2],
          dimensionNames: ["frame", "height", "width", "direction"],
        });
        writers.set(array, writer);
        const row = await writer.append(encoded(flow));
        attributes.rows[nameOf(gap)].push([index, bucket, row]);
        done++;
        onFlow?.(done, total, `gap ${gap}`);
      }
    }
  }, { replace: replace || earlier !== null });
  if (done === total) return { path, flows: total };
  throw new Interrupted(
    `Stopped after ${done} of ${total} flows, which are kept`,
    "Run the same command again to go on.",
  );
}

/**
 * What a call that was stopped left of the flow that is asked for; null where there is no store.
 *
 * @throws {DataError} When the store is whole, or of other flow.
 */
async function unfinishedFlow(
  path: string,
  { videos, contender, iterations, gaps }: FlowCacheOptions,
): Promise<Pick<VideoFlow, "read"> | null> {
  if (!await exists(path)) return null;
  const there = new DataError(path, "there is flow already", "Replace it with --replace.");
  const store = await openStore(path, "Compute it again with --replace.");
  const parsed = Attributes.safeParse(store.attributes);
  if (!parsed.success) throw there;
  const { data } = parsed;
  const { name, digest } = contender.stamp;
  const asked = { digest: videos.digest, model: { name, digest, iterations }, gaps };
  const found = { digest: data.videos.digest, model: data.model, gaps: data.gaps };
  const isSame = JSON.stringify(asked) === JSON.stringify(found);
  if (!isSame || countFlows(data) === countPairs(videos, gaps)) throw there;
  return flowIn(store, data);
}

const countFlows = ({ rows }: Attributes): number => Object.values(rows).flat().length;

const countPairs = (videos: MaskedVideos, gaps: readonly number[]): number =>
  gaps.reduce((sum, gap) => sum + pairsOf(videos, gap).length, 0);

async function flowBetween(
  { videos, contender, iterations }: FlowCacheOptions,
  index: number,
  gap: number,
): Promise<FlowField> {
  const [from, to] = await Promise.all([videos.read(index), videos.read(index + gap)]);
  const { padding, multiple } = sizingOf(contender, videos.id);
  const { padded, restore } = pad(from.image, padding, multiple);
  const second = pad(to.image, padding, multiple).padded;
  const [flow] = await contender.predict(padded, second, [iterations]);
  return restore(flow);
}

function encoded(flow: FlowField): Uint16Array {
  return Uint16Array.from(
    packed(flow),
    (value) => Math.min(0xffff, Math.max(0, Math.round(value * SCALE) + ZERO)),
  );
}

/** Flow of a split's videos, whoever it comes from. */
export interface VideoFlow {
  /** Name and digest of what made it, for the record; null where it is exact. */
  readonly made: { readonly by: string; readonly digest: string; readonly flows: number } | null;
  /** Gaps there is flow for. */
  readonly gaps: readonly number[];
  /** Flow from a frame to the one `gap` frames later; null where there is none. */
  read(index: number, gap: number): Promise<FlowField | null>;
}

/**
 * The flow of a split's videos: exact where the dataset knows it, else computed before.
 *
 * @param howTo The command that computes it, for the error.
 * @throws {DataError} When it was not computed yet, or for other videos.
 */
export async function openVideoFlow(
  videos: MaskedVideos,
  dataDir: string,
  howTo: string,
): Promise<VideoFlow> {
  if (videos.flow) {
    return {
      made: null,
      gaps: [1, -1],
      read: (index, gap) => videos.flow!(index, gap),
    };
  }
  const path = flowCachePath(videos, dataDir);
  if (!await exists(path)) {
    throw new DataError(path, "there is no flow of these videos yet", `Compute it: ${howTo}`);
  }
  const store = await openStore(path, `Compute it again: ${howTo} --replace`);
  const parsed = Attributes.safeParse(store.attributes);
  if (!parsed.success) throw new DataError(path, "it is no store of computed flow", howTo);
  const { data } = parsed;
  const { videos: of, model, gaps } = data;
  if (of.digest !== videos.digest) {
    throw new DataError(path, "it is the flow of other videos", `Run: ${howTo} --replace`);
  }
  const flows = countFlows(data), wanted = countPairs(videos, gaps);
  if (flows < wanted) {
    const reason = `it has ${flows} of ${wanted} flows: computing them was stopped`;
    throw new DataError(path, reason, `Go on with it: ${howTo}`);
  }
  return {
    made: { by: `${model.name}, ${model.iterations} iterations`, digest: store.digest, flows },
    gaps,
    ...flowIn(store, data),
  };
}

/** The flow in a store. */
function flowIn(store: Store, { gaps, rows }: Attributes): Pick<VideoFlow, "read"> {
  const places = new Map(gaps.map((gap) => [
    gap,
    new Map(rows[nameOf(gap)].map(([index, bucket, row]) => [index, { bucket, row }])),
  ]));
  return {
    async read(index, gap) {
      const place = places.get(gap)?.get(index);
      if (!place) return null;
      const stored = await store.array(`${place.bucket}/${nameOf(gap)}`).read([place.row]);
      const values = Float32Array.from(packed(stored), (value) => (value - ZERO) / SCALE);
      return ndarray(values, [...stored.shape]);
    },
  };
}
