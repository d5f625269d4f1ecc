import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { demoConfig } from "./moving_shapes/mod.ts";
import { buildVideos } from "./moving_shapes/stored.ts";
import { readingCase } from "./speed.ts";

const config = {
  ...demoConfig,
  ...{ height: 24, width: 32, frames: 3, trainVideos: 2, valVideos: 1, testVideos: 1, tracks: 4 },
};

Deno.test("both ways read the same chunks, and ours gives what was generated", async () => {
  const folder = await Deno.makeTempDir();
  const { readFile } = Deno;
  try {
    const path = join(folder, "moving-shapes");
    await buildVideos(config, path, () => {});
    const of = await readingCase(path, config, 2);
    if (!("open" in of.measure)) throw new Error("no contest");
    const { ours, alternative, expected } = await of.measure.open();
    assertEquals(await ours.result(), await expected!.result());

    const read = async (call: () => unknown) => {
      const files = new Map<string, number>();
      Deno.readFile = async (file, options) => {
        const bytes = await readFile(file, options);
        files.set(String(file), bytes.length);
        return bytes;
      };
      await call();
      return [...files].filter(([file]) => !file.endsWith(".json")).sort();
    };
    const plain = await read(() => alternative!.call());
    assertEquals(await read(() => ours.call()), plain);
    // Three frames, two flows and two masks a video.
    assertEquals([plain.length, of.shape], [14, "14 chunks"]);
    assertEquals(plain.reduce((sum, [, size]) => sum + size, 0), of.work!.amount);
    assertGreater(of.work!.amount, 0);
  } finally {
    Deno.readFile = readFile;
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("without a store there is nothing to read", async () => {
  await assertRejects(() => readingCase("nowhere", config, 1), DataError);
});
