import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { encode } from "fast-png";
import { ndarray } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { zeroFlow } from "../benchmarks/contenders/zero.ts";
import { readFlo } from "../datasets/formats/flo.ts";
import { readPicture, writePng } from "../datasets/formats/picture.ts";
import { splitVolume } from "../datasets/registry.ts";
import { withFolder } from "../datasets/store/small_store.ts";
import { bytesPerDraw, predictFlow } from "./flow.ts";

Deno.test("bytesPerDraw() weighs each dataset by how often its pairs are drawn", () => {
  const sintel = "sintel-clean:train", kitti = "kitti-2015:train";
  const [a, b] = [sintel, kitti].map(splitVolume);
  assertEquals(bytesPerDraw([{ dataset: kitti, repeat: 200 }]), b.bytesPerPair);
  const mixed = bytesPerDraw([{ dataset: sintel, repeat: 1 }, { dataset: kitti, repeat: 10 }]);
  const expected = (1041 * a.bytesPerPair + 2000 * b.bytesPerPair) / 3041;
  assertAlmostEquals(mixed, expected, 1e-6 * expected);
});

Deno.test("predictFlow() takes pictures of any size and kind", () =>
  withFolder(async (folder) => {
    const file = (name: string) => join(folder, name);
    const [out, image] = ["flow.flo", "flow.png"].map(file);
    for (const [height, width] of [[1, 1], [7, 9], [3, 200], [64, 64]]) {
      const picture = ndarray(new Uint8Array(height * width * 3), [height, width, 3]);
      await writePng(file("a.png"), picture);
      const pictures = [file("a.png"), file("a.png")] as const;
      const done = await predictFlow(zeroFlow(), { pictures, out, image });
      assertEquals([done.height, done.width], [height, width]);
      assertEquals((await readFlo(out)).flow.shape, [height, width, 2]);
      assertEquals((await readPicture(image)).shape, [height, width, 3]);
    }
    for (const channels of [1, 2, 3, 4] as const) {
      const data = new Uint8Array(64 * 64 * channels);
      const bytes = encode({ width: 64, height: 64, channels, depth: 8, data });
      await Deno.writeFile(file("b.png"), bytes);
      await predictFlow(zeroFlow(), { pictures: [file("a.png"), file("b.png")], out });
    }
  }));

Deno.test("predictFlow() refuses what is no pair of pictures, by name, and writes nothing", () =>
  withFolder(async (folder) => {
    const file = (name: string) => join(folder, name);
    const gray = { width: 8, height: 8, channels: 1 } as const;
    const good = encode({ ...gray, depth: 8, data: new Uint8Array(64) });
    await Deno.writeFile(file("good.png"), good);
    const bad: Record<string, [Uint8Array, string]> = {
      "cut.png": [good.subarray(0, good.length - 9), "cut short"],
      "text.png": [new TextEncoder().encode("text"), "not a PNG, JPEG or PPM picture"],
      "empty.png": [new Uint8Array(), "it is empty"],
      "deep.png": [encode({ ...gray, depth: 16, data: new Uint16Array(64) }), "16-bit"],
      "wide.png": [encode({ ...gray, width: 9, depth: 8, data: new Uint8Array(72) }), "it is 9×8"],
    };
    for (const [name, [bytes, reason]] of Object.entries(bad)) {
      await Deno.writeFile(file(name), bytes);
      const pictures = [file("good.png"), file(name)] as const;
      const work = () => predictFlow(zeroFlow(), { pictures, out: file("flow.flo") });
      const error = await assertRejects(work, DataError, reason);
      assertEquals([error.path, error.nextStep !== ""], [file(name), true]);
    }
    assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name.includes("flo")), []);
  }));
