/**
 * A small store that tests build, break and read.
 *
 * @module
 */
import { join } from "@std/path";
import { packed } from "../../base/arrays.ts";
import { buildStore, type StoreWriter } from "./build.ts";
import { openStore } from "./read.ts";

/** Adds two arrays: `4x2/flow` [5, 4, 2], whose last chunk is padded, and `label` [3, 7]. */
export async function fillSmallStore(store: StoreWriter): Promise<void> {
  const flow = await store.array("4x2/flow", {
    dtype: "float32",
    shape: [5, 4, 2],
    chunks: [2, 4, 2],
    dimensionNames: ["sample", "width", "direction"],
  });
  for (const i of [2, 0, 1]) {
    await flow.write([i, 0, 0], Float32Array.from({ length: 16 }, (_, k) => 16 * i + k + 0.5));
  }
  const label = await store.array("label", {
    dtype: "uint8",
    shape: [0, 7],
    chunks: [1, 7],
    dimensionNames: ["sample", "width"],
  });
  for (let i = 0; i < 3; i++) {
    await label.append(Uint8Array.from({ length: 7 }, (_, k) => 10 * i + k));
  }
}

/** Runs a test with the path of a fresh small store in a folder of its own. */
export async function withSmallStore(test: (path: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, "small");
    await buildStore(path, { title: "small" }, fillSmallStore);
    await test(path);
  });
}

/** Runs a test with a new empty folder. */
export async function withFolder<T>(test: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Everything a reader can see of a store. */
export async function readEverything(path: string): Promise<unknown> {
  const store = await openStore(path);
  const arrays: Record<string, unknown> = {};
  for (const name of store.arrays) {
    const array = store.array(name);
    const { dtype, shape, chunks, dimensionNames } = array;
    arrays[name] = {
      ...{ dtype, shape, chunks, dimensionNames },
      values: [...packed(await array.read())],
    };
  }
  return { digest: store.digest, attributes: store.attributes, arrays };
}
