import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import fc from "fast-check";
import { ndarray, packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import {
  type ArraySpec,
  buildStore,
  openStore,
  type Selection,
  type TypedArray,
  verifyStore,
} from "./store.ts";
import { fillSmallStore, readEverything, withFolder, withSmallStore } from "./store/small_store.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("a store returns what was written, arrays, attributes and all", () =>
  withSmallStore(async (path) => {
    const store = await openStore(path);
    assertEquals(store.arrays, ["4x2/flow", "label"]);
    assertEquals(store.attributes, { title: "small" });
    assertThrows(() => store.array("flow"), DataError, `it has no array "flow"`);

    const flow = store.array("4x2/flow");
    assertEquals(flow.dimensionNames, ["sample", "width", "direction"]);
    const all = await flow.read();
    assertEquals(all.shape, [5, 4, 2]);
    assertEquals([...packed(all)], Array.from({ length: 40 }, (_, i) => i + 0.5));

    const label = store.array("label");
    assertEquals(label.shape, [3, 7]);
    assertEquals([...packed(await label.read([2]))], [20, 21, 22, 23, 24, 25, 26]);
    assertEquals((await label.read([2, 3])).shape, []);
    assertEquals([...packed(await label.read([2, 3]))], [23]);
    assertEquals((await label.read([[1, 1]])).shape, [0, 7]);
  }));

Deno.test("any part of an array of any type equals the same part of what was written", () =>
  withFolder(async (folder) => {
    const types = {
      uint8: Uint8Array,
      uint16: Uint16Array,
      int32: Int32Array,
      float32: Float32Array,
      float64: Float64Array,
    };
    const axis = fc.record({
      extent: fc.integer({ min: 1, max: 5 }),
      chunk: fc.integer({ min: 1, max: 4 }),
      pick: fc.oneof(fc.constant(null), fc.nat(4), fc.tuple(fc.nat(5), fc.nat(5))),
    });
    const dtype = fc.constantFrom(...Object.keys(types) as (keyof typeof types)[]);
    let made = 0;
    await fc.assert(
      fc.asyncProperty(
        dtype,
        fc.array(axis, { minLength: 1, maxLength: 3 }),
        async (dtype, axes) => {
          const chunks = axes.map(({ chunk }) => chunk);
          const grid = axes.map(({ extent, chunk }) => Math.ceil(extent / chunk));
          const padded = grid.map((n, i) => n * chunks[i]);
          const length = padded.reduce((product, n) => product * n);
          // An element's value tells where it is; halves and signs tell the types apart.
          const step = dtype.startsWith("float") ? -0.5 : dtype === "int32" ? -1 : 1;
          const written = ndarray<TypedArray>(
            new types[dtype](length).map((_, i) => i * step),
            padded,
          );

          const path = join(folder, `${made++}`);
          await buildStore(path, {}, async (store) => {
            const array = await store.array("a", {
              dtype,
              shape: axes.map(({ extent }) => extent),
              chunks,
              dimensionNames: axes.map((_, i) => `axis ${i}`),
            });
            for (const chunk of product(grid.map((n) => range(0, n)))) {
              const corner = chunk.map((at, i) => at * chunks[i]);
              await array.write(chunk, packed(written.lo(...corner).hi(...chunks)));
            }
          });

          const selection: Selection = axes.map(({ extent, pick }) =>
            pick === null
              ? null
              : typeof pick === "number"
              ? pick % extent
              : [Math.min(...pick, extent), Math.min(Math.max(...pick), extent)]
          );
          const indices = selection.map((part, i) =>
            part === null
              ? range(0, axes[i].extent)
              : typeof part === "number"
              ? [part]
              : range(...part)
          );
          const got = await (await openStore(path)).array("a").read(selection);
          assertEquals(
            got.shape,
            indices.map((list) => list.length).filter((_, i) => typeof selection[i] !== "number"),
          );
          assertEquals([...packed(got)], product(indices).map((index) => written.get(...index)));
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  }));

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Every way to take one number of each list, the last list's varying fastest. */
function product(lists: number[][]): number[][] {
  return lists.reduce<number[][]>(
    (heads, list) => heads.flatMap((head) => list.map((n) => [...head, n])),
    [[]],
  );
}

Deno.test("a selection outside the array is refused", () =>
  withSmallStore(async (path) => {
    const label = (await openStore(path)).array("label");
    for (const bad of [[3], [-1], [0.5], [[0, 4]], [[2, 1]], [null, null, null], [NaN]]) {
      await assertRejects(() => label.read(bad as Selection), RangeError, "Cannot read");
    }
  }));

Deno.test("the digest names the content", () =>
  withFolder(async (folder) => {
    const digests = [];
    for (const [i, title] of ["same", "same", "other"].entries()) {
      const path = join(folder, `${i}`);
      await buildStore(path, { title }, fillSmallStore);
      digests.push((await openStore(path)).digest);
    }
    assertEquals(digests[0], digests[1]);
    assertNotEquals(digests[0], digests[2]);
  }));

Deno.test("attributes can be set while the store is filled, and must be JSON", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    await buildStore(path, { a: 1 }, (store) => Promise.resolve(void (store.attributes.b = [2])));
    assertEquals((await openStore(path)).attributes, { a: 1, b: [2] });
    const bad = join(folder, "bad");
    await assertRejects(() => buildStore(bad, { mean: NaN }, fillSmallStore), Error, "mean");
    assertEquals(names(folder), ["a"]);
  }));

Deno.test("a build that fails, is stopped or leaves out a chunk leaves nothing", () =>
  withFolder(async (folder) => {
    const path = join(folder, "small");
    const spec: ArraySpec = {
      dtype: "uint8",
      shape: [2, 3],
      chunks: [1, 3],
      dimensionNames: ["y", "x"],
    };
    const row = new Uint8Array(3);
    const fails = (reason: string, fill: Parameters<typeof buildStore>[2]) =>
      assertRejects(() => buildStore(path, {}, fill), Error, reason);

    await fails("disk on fire", async (store) => {
      await fillSmallStore(store);
      throw new Error("disk on fire");
    });
    await fails(`chunk [1,0] of array "a"`, async (store) => {
      await (await store.array("a", spec)).write([0, 0], row);
    });
    await fails("it was written before", async (store) => {
      const array = await store.array("a", spec);
      await array.write([0, 0], row);
      await array.write([0, 0], row);
    });
    await fails("it lies outside", async (store) => {
      await (await store.array("a", spec)).write([0, 1], row);
    });
    await fails("3 elements of uint8", async (store) => {
      await (await store.array("a", spec)).write([0, 0], new Uint8Array(2));
    });
    await fails("3 elements of uint8", async (store) => {
      await (await store.array("a", spec)).write([0, 0], new Float32Array(3));
    });
    await fails("span all axes but the first", async (store) => {
      await (await store.array("a", { ...spec, chunks: [1, 2] })).append(new Uint8Array(2));
    });
    await fails("more than", async (store) => {
      await store.array("a", { ...spec, shape: [1e12, 1], chunks: [1e12, 1] });
    });
    for (const name of ["../a", "/a", "a//b", "a/..", "zarr.json", "", "c.0"]) {
      await fails("not a plain array name", async (store) => void await store.array(name, spec));
    }
    await fails(`there is "a"`, async (store) => {
      await store.array("a", spec);
      await store.array("a/b", spec);
    });
    const stop = new AbortController();
    const stopped = buildStore(path, {}, async (store) => {
      const array = await store.array("a", spec);
      await array.write([0, 0], row);
      stop.abort(new Error("stopped by the user"));
      await array.write([1, 0], row);
    }, { signal: stop.signal });
    await assertRejects(() => stopped, Error, "stopped by the user");
    assertEquals(names(folder), []);
  }));

Deno.test("a store is replaced only on request, and only by a complete one", () =>
  withSmallStore(async (path) => {
    const before = await readEverything(path);
    await assertRejects(
      () => buildStore(path, {}, fillSmallStore),
      DataError,
      "it exists already",
    );
    const failing = () => Promise.reject(new Error("no"));
    await assertRejects(() => buildStore(path, {}, failing, { replace: true }), Error, "no");
    assertEquals(await readEverything(path), before);
    await buildStore(path, { title: "second" }, fillSmallStore, { replace: true });
    assertEquals((await openStore(path)).attributes, { title: "second" });
    assertEquals(names(join(path, "..")), ["small"]);
  }));

Deno.test("of two builds of one store the first to finish wins and the other says so", () =>
  withFolder(async (folder) => {
    const path = join(folder, "small");
    const slow = buildStore(path, { by: "slow" }, async (store) => {
      await buildStore(path, { by: "fast" }, fillSmallStore);
      await fillSmallStore(store);
    });
    await assertRejects(() => slow, DataError, "it exists already");
    assertEquals((await openStore(path)).attributes, { by: "fast" });
    assertEquals(names(folder), ["small"]);
  }));

Deno.test("verifyStore() counts what is there", () =>
  withSmallStore(async (path) => {
    const heard: number[] = [];
    const { files, bytes } = await verifyStore(path, {
      deep: true,
      report: (done, total) => heard.push(done / total),
    });
    assertEquals(files, 6 + 4 + 1); // chunks, metadata, record
    assert(bytes > 500);
    assertEquals(heard.length, 6);
    assertEquals(heard.at(-1), 1);
    assertEquals(await verifyStore(path, { deep: false }), { files, bytes });
  }));
