import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { encode } from "fast-png";
import { packed } from "../base/arrays.ts";
import { DataError, UsageError } from "../base/errors.ts";
import { sharedData } from "../tests/shared_data.ts";
import { davis2016 } from "./davis.ts";
import { fbms59 } from "./fbms.ts";
import { segTrackV2 } from "./segtrack.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyMask, tinyPicture, writeMask, writeTinyFiles } from "./tiny_files.ts";

const masks = (root: string, paths: readonly string[], every: number) =>
  Promise.all(paths.map((path) => writeMask(join(root, path), tinyMask(every))));

Deno.test("DAVIS: official splits, in order; other sequences are left out", () =>
  withFolder(async (folder) => {
    const frames = ["blackswan/00000", "blackswan/00001", "bear/00000", "lab-coat/00000"];
    await writeTinyFiles(folder, frames.map((name) => `JPEGImages/480p/${name}.png`));
    await masks(folder, frames.map((name) => `Annotations/480p/${name}.png`), 4);
    const notes: string[] = [];
    await davis2016.importFrom!(
      join(folder, "JPEGImages"),
      join(folder, "davis-2016"),
      (done, _, note) => void (done === 0 && notes.push(note)),
    );
    assertEquals(notes, ["Only 2 of the dataset's 50 videos were there."]);
    const val = await davis2016.openMasks!(folder, "val");
    assertEquals(val.videos, [{ name: "blackswan", first: 0, frames: 2 }]);
    const { id, image, mask } = await val.read(1);
    assertEquals(id, "blackswan/00001");
    assertEquals(packed(image), packed(tinyPicture("JPEGImages/480p/blackswan/00001.png")));
    assertEquals(packed(mask!), packed(tinyMask(4)));
    assertEquals((await davis2016.openMasks!(folder, "train")).length, 1);
    await assertRejects(async () => await davis2016.open(folder, "val"), UsageError, "no flow");
  }));

Deno.test("DAVIS: a frame without its annotation is refused", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, [
      "JPEGImages/480p/dog/00000.png",
      "JPEGImages/480p/dog/00001.png",
    ]);
    await masks(folder, ["Annotations/480p/dog/00000.png"], 2);
    await assertRejects(
      () => davis2016.importFrom!(folder, join(folder, "davis-2016"), () => {}),
      DataError,
      "Annotations/480p/dog/00001.png is missing",
    );
  }));

Deno.test("SegTrack: masks of several objects are merged, in both layouts", () =>
  withFolder(async (folder) => {
    const frames = ["frog/f1", "penguin/p1"];
    await writeTinyFiles(folder, frames.map((name) => `JPEGImages/${name}.png`));
    await masks(folder, ["GroundTruth/frog/f1.png", "GroundTruth/penguin/1/p1.png"], 2);
    await masks(folder, ["GroundTruth/penguin/2/p1.png"], 3);
    await segTrackV2.importFrom!(folder, join(folder, "segtrack-v2"), () => {});
    const all = await segTrackV2.openMasks!(folder, "all");
    const expected = tinyMask(2).data.map((value, i) => value | tinyMask(3).data[i]);
    assertEquals(packed((await all.read(0)).mask!), packed(tinyMask(2)));
    assertEquals(packed((await all.read(1)).mask!), expected);

    await Deno.rename(join(folder, "GroundTruth"), join(folder, "old"));
    await masks(folder, ["Annotations/frog/f1.png", "Annotations/penguin/p1.png"], 5);
    await Deno.remove(join(folder, "segtrack-v2"), { recursive: true });
    await segTrackV2.importFrom!(folder, join(folder, "segtrack-v2"), () => {});
    const merged = await segTrackV2.openMasks!(folder, "all");
    assertEquals(packed((await merged.read(1)).mask!), packed(tinyMask(5)));
  }));

/** A label map as the archives have them. */
async function writeLabels(file: string, magic: "P5" | "P6", levels: readonly number[]) {
  await Deno.mkdir(dirname(file), { recursive: true });
  const bytes = Array.from({ length: 48 }, (_, i) => levels[i % levels.length]);
  const body = magic === "P5" ? bytes : bytes.flatMap((level) => [level, level, level]);
  const header = new TextEncoder().encode(`${magic}\n8 6\n255\n`);
  await Deno.writeFile(file, Uint8Array.from([...header, ...body]));
}

Deno.test("FBMS: sparse labels of both kinds, by frame number and threshold", () =>
  withFolder(async (folder) => {
    const jpeg = (name: string) => `${name}.jpg`;
    // PNGs under the archive's names: what a file holds counts.
    const names = ["Trainingset/bear01/bear01_0001", "Trainingset/bear01/bear01_0002"]
      .concat(["Testset/marple2/m_10", "Testset/marple2/m_11", "Testset/tennis/t1"]);
    for (const name of names) {
      await Deno.mkdir(join(folder, dirname(name)), { recursive: true });
      const { data } = tinyPicture(name);
      const file = encode({ width: 8, height: 6, data, channels: 3, depth: 8 });
      await Deno.writeFile(join(folder, jpeg(name)), file);
    }
    const labels = (path: string) => join(folder, path);
    await writeLabels(labels("Trainingset/bear01/GroundTruth/bear01_0002.pgm"), "P5", [0, 60]);
    await writeLabels(labels("Testset/marple2/GroundTruth/marple2_002.pgm"), "P5", [0, 60, 200]);
    await writeLabels(labels("Testset/tennis/GroundTruth/t_1_gt.ppm"), "P6", [255, 120]);
    await writeLabels(labels("Testset/tennis/GroundTruth/t_1_PROB.ppm"), "P6", [9, 9]);
    await fbms59.importFrom!(folder, join(folder, "fbms-59"), () => {});
    const train = await fbms59.openMasks!(folder, "train");
    assertEquals((await train.read(0)).mask, null);
    assertEquals([...packed((await train.read(1)).mask!)].slice(0, 4), [0, 1, 0, 1]);
    const test = await fbms59.openMasks!(folder, "test");
    assertEquals(test.videos.map(({ name, frames }) => [name, frames]), [["marple2", 2], [
      "tennis",
      1,
    ]]);
    assertEquals([...packed((await test.read(1)).mask!)].slice(0, 3), [0, 0, 1]);
    assertEquals([...packed((await test.read(2)).mask!)].slice(0, 2), [0, 1]);
  }));

const davis = sharedData("davis/val-224x128");

Deno.test({
  name: "DAVIS: the sample's 20 validation sequences import, masks on 24 frames of each",
  ignore: davis === null,
  fn: () =>
    withFolder(async (folder) => {
      await davis2016.importFrom!(davis!, join(folder, "davis-2016"), () => {});
      const val = await davis2016.openMasks!(folder, "val");
      assertEquals([val.length, val.videos.length], [480, 20]);
      assertEquals(val.videos.every(({ frames }) => frames === 24), true);
      const { image, mask } = await val.read(240);
      assertEquals([image.shape, mask!.shape], [[128, 224, 3], [128, 224]]);
      const share = packed(mask!).reduce((sum, value) => sum + value, 0) / mask!.size;
      assertEquals(share > 0.01 && share < 0.5, true);
    }),
});
