import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { sharedData } from "../tests/shared_data.ts";
import { flyingChairs } from "./flying_chairs.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyFlow, tinyPicture, writeTinyFiles } from "./tiny_files.ts";

const files = (id: string) =>
  ["img1.ppm", "img2.ppm", "flow.flo"].map((end) => `FlyingChairs_release/data/${id}_${end}`);

async function importChairs(folder: string): Promise<string[]> {
  const said: string[] = [];
  const report = (done: number, _: number, note: string) => void (done === 0 && said.push(note));
  await flyingChairs.importFrom!(folder, join(folder, "flying-chairs"), report, { replace: true });
  return said;
}

Deno.test("FlyingChairs: the official split file decides, line N for pair N", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, ["00001", "00002", "00004"].flatMap(files));
    for (const place of [".", "FlyingChairs_release"]) {
      const path = join(folder, place, "FlyingChairs_train_val.txt");
      await Deno.writeTextFile(path, "1\n2\n2\n1\n");
      assertEquals(await importChairs(folder), ["Only 3 of the dataset's 22872 pairs were there."]);
      const train = await flyingChairs.open(folder, "train");
      const val = await flyingChairs.open(folder, "val");
      assertEquals([train.length, val.length], [2, 1]);
      const pair = await val.read(0);
      assertEquals(pair.id, "00002");
      assertEquals(packed(pair.image1), packed(tinyPicture(files("00002")[0])));
      assertEquals(packed(pair.flow), packed(tinyFlow(files("00002")[2])));
      await Deno.remove(path);
    }
  }));

Deno.test("FlyingChairs: without the split file all is train, and it is said", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, ["00001", "00002"].flatMap(files));
    const [said] = await importChairs(folder);
    assertEquals(said, `FlyingChairs_train_val.txt was not found, so every pair is in "train".`);
    assertEquals((await flyingChairs.open(folder, "train")).length, 2);
    const error = await assertRejects(() => flyingChairs.open(folder, "val"), DataError, "no pair");
    assertEquals(error.nextStep.startsWith(said), true);
  }));

Deno.test("FlyingChairs: a split file that does not fit and a missing picture are refused", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, ["00001", "00002"].flatMap(files));
    const path = join(folder, "FlyingChairs_train_val.txt");
    await Deno.writeTextFile(path, "1\n");
    await assertRejects(() => importChairs(folder), DataError, "line 2 is missing");
    await Deno.writeTextFile(path, "1\n3\n");
    await assertRejects(() => importChairs(folder), DataError, "line 2 is 3");
    await Deno.remove(path);
    await Deno.remove(join(folder, files("00002")[1]));
    await assertRejects(() => importChairs(folder), DataError, "00002_img2.ppm is missing");
  }));

const real = sharedData("flyingchairs");
Deno.test({
  name: "FlyingChairs: the real pairs import",
  ignore: real === null,
  fn: () =>
    withFolder(async (folder) => {
      await flyingChairs.importFrom!(real!, join(folder, "flying-chairs"), () => {});
      const train = await flyingChairs.open(folder, "train");
      assertEquals(train.length, 2);
      const { flow } = await train.read(0);
      assertEquals(flow.shape, [384, 512, 2]);
      const values = packed(flow);
      let sum = 0;
      for (let i = 0; i < values.length; i += 2) sum += Math.hypot(values[i], values[i + 1]);
      assertEquals(Number((2 * sum / values.length).toFixed(2)), 4.31);
    }),
});
