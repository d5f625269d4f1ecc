import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { sha256 } from "../../base/files.ts";
import { randomStream } from "../../base/random.ts";
import { readEverything, withSmallStore } from "./small_store.ts";
import { verifyStore } from "./verify.ts";

/** Every file of a store, by its path below it. */
function filesOf(path: string, folder = "."): string[] {
  return [...Deno.readDirSync(join(path, folder))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesOf(path, join(folder, name)) : [join(folder, name)]
  ).sort();
}

/** Asserts that reading and checking a store both fail with the file's name and a next step. */
async function assertRefused(path: string, file: string, reason = ""): Promise<void> {
  for (const use of [readEverything, (path: string) => verifyStore(path, { deep: true })]) {
    const error = await assertRejects(() => use(path), DataError, reason);
    assertEquals(error.path, join(path, file));
    assert(error.reason.length > 0 && error.nextStep.length > 0);
  }
}

Deno.test("of 1,000 flipped bits and truncations over all files none is silent", () =>
  withSmallStore(async (path) => {
    const files = filesOf(path);
    assertEquals(files.length, 11);
    const original = new Map(files.map((file) => [file, Deno.readFileSync(join(path, file))]));
    const random = randomStream(2026, "damage");
    for (let i = 0; i < 1000; i++) {
      const file = random.pick(files);
      const bytes = original.get(file)!;
      let damaged: Uint8Array;
      if (random.chance(0.75)) {
        damaged = bytes.slice();
        damaged[random.integer(0, bytes.length)] ^= 1 << random.integer(0, 8);
      } else {
        damaged = bytes.slice(0, random.integer(0, bytes.length));
      }
      await Deno.writeFile(join(path, file), damaged);
      await assertRejects(() => readEverything(path), DataError, "", `${file}, trial ${i}`);
      await Deno.writeFile(join(path, file), bytes);
    }
    await verifyStore(path, { deep: true });
  }));

Deno.test("a file that is missing, longer, a link or not on record is refused by name", () =>
  withSmallStore(async (path) => {
    for (const file of filesOf(path)) {
      const bytes = await Deno.readFile(join(path, file));
      await Deno.writeFile(join(path, file), Uint8Array.from([...bytes, 0]));
      await assertRefused(path, file);
      await Deno.rename(join(path, file), join(path, "..", "elsewhere"));
      await assertRefused(path, file, "it is missing");
      await Deno.writeFile(join(path, "..", "elsewhere"), bytes);
      await Deno.symlink(join(path, "..", "elsewhere"), join(path, file));
      await assertRefused(path, file, "it is not a plain file");
      await Deno.remove(join(path, file));
      await Deno.writeFile(join(path, file), bytes);
    }
    await Deno.writeFile(join(path, "label/c.3.0"), new Uint8Array(3));
    await assertRejects(
      () => verifyStore(path, { deep: false }),
      DataError,
      "c.3.0: it does not belong to the store",
    );
  }));

Deno.test("two chunks that changed places are refused, within an array and between two", () =>
  withSmallStore(async (path) => {
    const swaps = [["label/c.0.0", "label/c.2.0"], ["label/c.1.0", "4x2/flow/c.1.0.0"]];
    for (const [a, b] of swaps) {
      const swap = async () => {
        await Deno.rename(join(path, a), join(path, "held"));
        await Deno.rename(join(path, b), join(path, a));
        await Deno.rename(join(path, "held"), join(path, b));
      };
      await swap();
      await assertRejects(() => readEverything(path), DataError, "");
      await swap();
    }
    await verifyStore(path, { deep: true });
  }));

/**
 * Rewrites a store's metadata or record as somebody would who knows the format, digests included.
 */
async function forge(
  path: string,
  file: string,
  // deno-lint-ignore no-explicit-any
  change: (json: any) => void,
): Promise<void> {
  const recordPath = join(path, "_COMPLETE.json");
  const { record } = JSON.parse(await Deno.readTextFile(recordPath));
  if (file === "_COMPLETE.json") {
    change(record);
  } else {
    const json = JSON.parse(await Deno.readTextFile(join(path, file)));
    change(json);
    await Deno.writeTextFile(join(path, file), JSON.stringify(json));
    record.metadata[file] = sha256(JSON.stringify(json));
  }
  const json = JSON.stringify(record);
  await Deno.writeTextFile(recordPath, `{"digest":"${sha256(json)}","record":${json}}`);
}

Deno.test("metadata that asks for what stores do not have is refused, however consistent", async (t) => {
  const array = "label/zarr.json";
  const record = "_COMPLETE.json";
  // deno-lint-ignore no-explicit-any
  const cases: [string, string, (json: any) => void, string][] = [
    ["a shape of 1e12", array, (m) => m.shape = [1e12, 7], "does not fit the number of chunks"],
    ["a chunk of 1e12", array, (m) => {
      m.shape = [1e12, 7];
      m.chunk_grid.configuration.chunk_shape = [1e12, 7];
    }, "a chunk holds more than"],
    ["a negative shape", array, (m) => m.shape = [-3, 7], "is not the metadata of a store"],
    ["a shape of 1.5", array, (m) => m.shape = [1.5, 7], "is not the metadata of a store"],
    ["an empty chunk", array, (m) => {
      m.chunk_grid.configuration.chunk_shape = [0, 7];
    }, "is not the metadata of a store"],
    ["another rank", array, (m) => m.shape = [3], "differ in length"],
    ["NaN as fill value", array, (m) => m.fill_value = "NaN", "fill_value"],
    ["an unknown codec", array, (m) => m.codecs[1].name = "rar", "not the codecs of a store"],
    ["no checksum", array, (m) => m.codecs.pop(), "not the codecs of a store"],
    ["an unknown type", array, (m) => m.data_type = "complex64", "dtype"],
    ["other chunk keys", array, (m) => {
      m.chunk_key_encoding.configuration.separator = "/../";
    }, "separator"],
    ["a group that is an array", "zarr.json", (m) => m.node_type = "array", "node_type"],
    ["a path out of the store", record, (r) => {
      r.metadata["../zarr.json"] = r.metadata["zarr.json"];
    }, "another schema"],
    ["an array out of the store", record, (r) => {
      r.arrays["../label"] = r.arrays.label;
    }, "another schema"],
    ["an array without metadata", record, (r) => {
      delete r.metadata["label/zarr.json"];
    }, "do not belong together"],
    ["too few chunks", record, (r) => {
      r.arrays.label.bytes.pop();
      r.arrays.label.crc32c = r.arrays.label.crc32c.slice(8);
    }, "does not fit the number of chunks"],
    ["a later schema", record, (r) => r.schema = 2, "another schema"],
  ];
  for (const [name, file, change, reason] of cases) {
    await t.step(name, () =>
      withSmallStore(async (path) => {
        await forge(path, file, change);
        const error = await assertRejects(() => readEverything(path), DataError, reason);
        assertEquals(error.path.startsWith(path), true);
      }));
  }
});

Deno.test("a chunk that unpacks to more than its shape is refused before it is unpacked", () =>
  withSmallStore(async (path) => {
    // The chunk and its checksums stay right; the shape on record is made smaller than the truth.
    await forge(path, "label/zarr.json", (m) => {
      m.shape = [3, 5];
      m.chunk_grid.configuration.chunk_shape = [1, 5];
    });
    await assertRefused(path, "label/c.0.0", "its zstd frame is damaged");
    await forge(path, "label/zarr.json", (m) => {
      m.shape = [3, 9];
      m.chunk_grid.configuration.chunk_shape = [1, 9];
    });
    await assertRefused(path, "label/c.0.0", "it unpacks to 7 bytes where 9 belong");
  }));
