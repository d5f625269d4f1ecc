import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { sharedData } from "../tests/shared_data.ts";
import { sintelClean, sintelFinal } from "./sintel.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyFlow, tinyMask, tinyPicture, writeMask, writeTinyFiles } from "./tiny_files.ts";

/** Files of one sequence with `pairs` pairs. */
function sequence(name: string, pairs: number, pass = "clean"): string[] {
  const frame = (n: number) => `frame_${String(n).padStart(4, "0")}`;
  const numbers = Array.from({ length: pairs + 1 }, (_, i) => i + 1);
  return [
    ...numbers.map((n) => `training/${pass}/${name}/${frame(n)}.png`),
    ...numbers.slice(1).map((n) => `training/flow/${name}/${frame(n - 1)}.flo`),
  ];
}

Deno.test("Sintel: each frame with a successor is a pair, sequence by sequence", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, [...sequence("bamboo_1", 2), ...sequence("alley_1", 1)]);
    await writeTinyFiles(folder, sequence("alley_1", 1, "final"));
    await writeTinyFiles(folder, sequence("bamboo_1", 2, "final"));
    for (const dataset of [sintelClean, sintelFinal]) {
      await dataset.importFrom!(folder, join(folder, dataset.id), () => {});
      const train = await dataset.open(folder, "train");
      const pairs = await Promise.all([0, 1, 2].map((i) => train.read(i)));
      assertEquals(pairs.map(({ id }) => id), [
        "alley_1/frame_0001",
        "bamboo_1/frame_0001",
        "bamboo_1/frame_0002",
      ]);
      const pass = dataset === sintelClean ? "clean" : "final";
      const frame = (n: number) =>
        packed(tinyPicture(`training/${pass}/bamboo_1/frame_000${n}.png`));
      assertEquals(packed(pairs[2].image1), frame(2));
      assertEquals(packed(pairs[2].image2), frame(3));
      const flow = tinyFlow("training/flow/bamboo_1/frame_0002.flo");
      assertEquals(packed(pairs[2].flow), packed(flow));
    }
  }));

Deno.test("Sintel: occlusion masks come along where they were unpacked", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, sequence("alley_1", 1));
    const mask = join(folder, "training/occlusions/alley_1/frame_0001.png");
    await writeMask(mask, tinyMask(3));
    await sintelClean.importFrom!(folder, join(folder, "sintel-clean"), () => {});
    const pair = await (await sintelClean.open(folder, "train")).read(0);
    assertEquals(packed(pair.occluded!), packed(tinyMask(3)));
  }));

Deno.test("Sintel: a hole in a sequence is refused", () =>
  withFolder(async (folder) => {
    const files = sequence("alley_1", 2);
    const without = async (name: string) => {
      await writeTinyFiles(folder, files);
      await Deno.remove(join(folder, name));
      await assertRejects(
        () => sintelClean.importFrom!(folder, join(folder, "sintel-clean"), () => {}),
        DataError,
        name,
      );
    };
    await without("training/flow/alley_1/frame_0001.flo");
    await without("training/clean/alley_1/frame_0002.png");
    await without("training/clean/alley_1/frame_0003.png");
  }));

Deno.test("Sintel: the sequences that are held out are a split of their own", () =>
  withFolder(async (folder) => {
    for (const name of ["alley_1", "ambush_2", "temple_2", "temple_3"]) {
      await writeTinyFiles(folder, sequence(name, 1, "final"));
    }
    await sintelFinal.importFrom!(folder, join(folder, "sintel-final"), () => {});
    const idsOf = async (split: string) => {
      const data = await sintelFinal.open(folder, split);
      const pairs = Array.from({ length: data.length }, (_, i) => data.read(i));
      return (await Promise.all(pairs)).map(({ id }) => id.split("/")[0]);
    };
    assertEquals(await idsOf("train"), ["alley_1", "ambush_2", "temple_2", "temple_3"]);
    assertEquals(await idsOf("val"), ["ambush_2", "temple_2"]);
    assertEquals(await idsOf("train-without-val"), ["alley_1", "temple_3"]);
  }));

const real = sharedData("sintel");
Deno.test({
  name: "Sintel: the real pair imports",
  ignore: real === null,
  fn: () =>
    withFolder(async (folder) => {
      await sintelClean.importFrom!(real!, join(folder, "sintel-clean"), () => {});
      const { image1, flow, valid } = await (await sintelClean.open(folder, "train")).read(0);
      assertEquals(image1.shape, [436, 1024, 3]);
      assertEquals(flow.shape, [436, 1024, 2]);
      assertEquals(packed(valid).every((v) => v === 1), true);
    }),
});
