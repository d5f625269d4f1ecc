import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { sharedData } from "../tests/shared_data.ts";
import { kitti2012, kitti2015 } from "./kitti.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyFlow, tinyMask, tinyPicture, writeTinyFiles } from "./tiny_files.ts";

const FLOW = "training/flow_occ/000007_10.png";
const FILES = ["training/image_2/000007_10.png", "training/image_2/000007_11.png", FLOW];

async function importPair(folder: string) {
  await kitti2015.importFrom!(folder, join(folder, "kitti-2015"), () => {}, { replace: true });
  return await (await kitti2015.open(folder, "train")).read(0);
}

Deno.test("KITTI: flow is sparse, and occluded is known where flow_noc is there", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, FILES);
    const alone = await importPair(folder);
    const valid = packed(tinyMask(2));
    assertEquals(alone.id, "000007");
    assertEquals(packed(alone.image2), packed(tinyPicture(FILES[1])));
    assertEquals(packed(alone.valid), valid);
    assertEquals(packed(alone.flow), packed(tinyFlow(FLOW)).map((v, i) => valid[i >> 1] ? v : 0));
    assertEquals(alone.occluded, undefined);

    await writeTinyFiles(folder, [FLOW.replace("flow_occ", "flow_noc")]);
    const both = await importPair(folder);
    assertEquals(packed(both.occluded!), valid.map((v, i) => v && i % 4 ? 1 : 0));
  }));

Deno.test("KITTI: a picture without flow, and flow without a picture, are refused", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, [...FILES, "training/image_2/000008_10.png"]);
    await assertRejects(() => importPair(folder), DataError, "training/flow_occ/000008_10.png");
    await writeTinyFiles(folder, ["training/image_2/000008_11.png"]);
    await writeTinyFiles(folder, ["training/flow_occ/000008_10.png"], 6, 9);
    await assertRejects(() => importPair(folder), DataError, "000008: flow is 6x9x2");
  }));

Deno.test("KITTI 2012: colour frames, flow and what stays in sight, in pictures of several sizes", () =>
  withFolder(async (folder) => {
    const files = (id: string) => [
      ...["10", "11"].map((frame) => `training/colored_0/${id}_${frame}.png`),
      ...["occ", "noc"].map((which) => `training/flow_${which}/${id}_10.png`),
    ];
    await writeTinyFiles(folder, [...files("000000"), ...files("000007")]);
    await writeTinyFiles(folder, files("000012"), 7, 9);
    await kitti2012.importFrom!(folder, join(folder, "kitti-2012"), () => {});
    const train = await kitti2012.open(folder, "train");
    const pairs = await Promise.all([0, 1, 2].map((i) => train.read(i)));
    assertEquals(pairs.map(({ id }) => id), ["000000", "000007", "000012"]);
    assertEquals(pairs.map(({ flow }) => flow.shape.slice(0, 2)), [[6, 8], [6, 8], [7, 9]]);
    const [image1] = files("000012");
    assertEquals(packed(pairs[2].image1), packed(tinyPicture(image1, 7, 9)));
    const valid = packed(tinyMask(2, 7, 9));
    assertEquals(packed(pairs[2].occluded!), valid.map((v, i) => v && i % 4 ? 1 : 0));

    const val = await kitti2012.open(folder, "val");
    const rest = await kitti2012.open(folder, "train-without-val");
    assertEquals([val.length, val.split, rest.length], [2, "val", 1]);
    assertEquals([(await val.read(1)).id, (await rest.read(0)).id], ["000012", "000007"]);
  }));

Deno.test("KITTI: what the field holds out is 39 and 40 pairs, and the rest the others", () => {
  for (const { subsets, size } of [kitti2012, kitti2015]) {
    const ids = Array.from({ length: size.pairs.train }, (_, i) => String(i).padStart(6, "0"));
    for (const [name, { of, has }] of Object.entries(subsets!)) {
      assertEquals([of, ids.filter(has).length], ["train", size.pairs[name]]);
    }
    assertEquals(
      ids.every((id) => subsets!.val.has(id) !== subsets!["train-without-val"].has(id)),
      true,
    );
  }
});

const real = sharedData("kitti2015");
Deno.test({
  name: "KITTI: the real pair imports",
  ignore: real === null,
  fn: () =>
    withFolder(async (folder) => {
      await kitti2015.importFrom!(real!, join(folder, "kitti-2015"), () => {});
      const { flow, valid } = await (await kitti2015.open(folder, "train")).read(0);
      assertEquals(flow.shape, [375, 1242, 2]);
      const known = packed(valid).reduce((sum, v) => sum + v, 0);
      assertAlmostEquals(known / (375 * 1242), 0.162, 0.001);
    }),
});
