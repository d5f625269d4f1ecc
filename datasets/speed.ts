/**
 * What of the data is worth timing: reading a store, checks included, beside plain reading.
 *
 * @module
 */
import { join } from "@std/path";
import type { Contest, SpeedGroup } from "../base/speed_case.ts";
import { packed } from "../base/arrays.ts";
import { demoConfig } from "./moving_shapes/config.ts";
import { renderVideo } from "./moving_shapes/mod.ts";
import { openStore, type Store } from "./store.ts";
import { chunkGrid, chunkKey } from "./store/layout.ts";

/** Videos of the training split that are read. */
const VIDEOS = 24;

/** Arrays of what a training step reads. */
const ARRAYS = ["train/frames", "train/flow_forward", "train/occluded_forward"];

/** The files of the first videos' chunks. */
function chunkFiles(store: Store): string[] {
  return ARRAYS.flatMap((name) => {
    const array = store.array(name);
    const steps = chunkGrid(array)[1];
    const rest = array.shape.slice(2).map(() => 0);
    return Array.from({ length: VIDEOS * steps }, (_, i) => {
      const chunk = [Math.floor(i / steps), i % steps, ...rest];
      return join(store.path, chunkKey(name, chunk));
    });
  });
}

async function sizeOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await Deno.stat(file)).size));
  return sizes.reduce((a, b) => a + b, 0);
}

async function readingContest(store: Store): Promise<Contest> {
  const files = chunkFiles(store);
  const done = () => Promise.resolve();
  return await Promise.resolve({
    ours: {
      name: "checked store",
      async call() {
        for (const name of ARRAYS) {
          for (let video = 0; video < VIDEOS; video++) await store.array(name).read([video]);
        }
      },
      settle: done,
      result: async () => packed(await store.array(ARRAYS[0]).read([0])),
    },
    alternative: {
      name: "plain files",
      async call() {
        for (const file of files) await Deno.readFile(file);
      },
      settle: done,
    },
    expected: {
      name: "the generator",
      result: () => Promise.resolve(packed(renderVideo(demoConfig, "train", 0).frames)),
    },
    tolerance: 0,
    close() {},
  });
}

/** Groups about data. */
export function dataGroups(dataDir: string): readonly SpeedGroup[] {
  return [{
    id: "zarr",
    title: "Reading a store",
    about:
      "The checked reader (sizes, checksums, decompression, assembly) beside reading the same " +
      "files and looking at nothing. Files come from the system's cache. Rates are bytes on disk.",
    datasets: ["moving-shapes"],
    async cases() {
      const store = await openStore(
        join(dataDir, "moving-shapes"),
        "deno task data fetch moving-shapes",
      );
      const files = chunkFiles(store);
      return [{
        name: `${VIDEOS} videos of moving-shapes`,
        shape: `${files.length} chunks`,
        work: { amount: await sizeOf(files), unit: "byte" },
        note: "Plain reading decodes and checks nothing",
        measure: { open: () => readingContest(store) },
      }];
    },
  }];
}
