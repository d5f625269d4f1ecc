/**
 * What of the data is worth timing: reading a store, checks included, beside plain reading.
 *
 * @module
 */
import { join } from "@std/path";
import type { Contest, SpeedCase, SpeedGroup } from "../base/speed_case.ts";
import { packed } from "../base/arrays.ts";
import { demoConfig, type MovingShapesConfig, renderVideo } from "./moving_shapes/mod.ts";
import { openStore, type Store } from "./store.ts";
import { chunkGrid, chunkKey } from "./store/layout.ts";

/** Arrays of what a training step reads. */
const ARRAYS = ["train/frames", "train/flow_forward", "train/occluded_forward"];

/** The files of the first videos' chunks. */
function chunkFiles(store: Store, videos: number): string[] {
  return ARRAYS.flatMap((name) => {
    const array = store.array(name);
    const steps = chunkGrid(array)[1];
    const rest = array.shape.slice(2).map(() => 0);
    return Array.from({ length: videos * steps }, (_, i) => {
      const chunk = [Math.floor(i / steps), i % steps, ...rest];
      return join(store.path, chunkKey(name, chunk));
    });
  });
}

async function sizeOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await Deno.stat(file)).size));
  return sizes.reduce((a, b) => a + b, 0);
}

/**
 * Reading the first training videos of a moving-shapes store, checked and plain.
 *
 * @param config What the store was made with.
 * @throws {DataError} When there is no such store.
 */
export async function readingCase(
  path: string,
  config: MovingShapesConfig,
  videos: number,
): Promise<SpeedCase> {
  const store = await openStore(path, "deno task data fetch moving-shapes");
  const files = chunkFiles(store, videos);
  const settle = () => Promise.resolve(); // a call is done when it returns
  const contest: Contest = {
    ours: {
      name: "checked store",
      async call() {
        for (const name of ARRAYS) {
          for (let video = 0; video < videos; video++) await store.array(name).read([video]);
        }
      },
      settle,
      result: async () => [packed(await store.array(ARRAYS[0]).read([0]))],
    },
    alternative: {
      name: "plain files",
      async call() {
        for (const file of files) await Deno.readFile(file);
      },
      settle,
    },
    expected: {
      name: "the generator",
      result: () => Promise.resolve([packed(renderVideo(config, "train", 0).frames)]),
    },
    tolerance: 0,
    close() {},
  };
  return {
    name: `${videos} videos of moving-shapes`,
    shape: `${files.length} chunks`,
    work: { amount: await sizeOf(files), unit: "byte" },
    note: "Plain reading decodes and checks nothing",
    measure: { open: () => Promise.resolve(contest) },
  };
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
    cases: async () => [await readingCase(join(dataDir, "moving-shapes"), demoConfig, 24)],
  }];
}
