import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { sharedData } from "../tests/shared_data.ts";
import { middlebury } from "./middlebury.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyFlow, tinyPicture, writeTinyFiles } from "./tiny_files.ts";

const FILES = ["other-data/Urban2/frame10.png", "other-data/Urban2/frame11.png"];
const FLOW = "other-gt-flow/Urban2/flow10.flo";

Deno.test("Middlebury: sequences with ground truth become pairs", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, [...FILES, FLOW, "other-data/Walking/frame10.png"]);
    await middlebury.importFrom!(folder, join(folder, "middlebury"), () => {});
    const train = await middlebury.open(folder, "train");
    assertEquals(train.length, 1);
    const pair = await train.read(0);
    assertEquals(pair.id, "Urban2");
    assertEquals(packed(pair.image2), packed(tinyPicture(FILES[1])));
    assertEquals(packed(pair.flow), packed(tinyFlow(FLOW)));
  }));

Deno.test("Middlebury: a missing frame is named", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, [FILES[0], FLOW]);
    await assertRejects(
      () => middlebury.importFrom!(folder, join(folder, "middlebury"), () => {}),
      DataError,
      "other-data/Urban2/frame11.png is missing",
    );
  }));

const real = sharedData("middlebury");
Deno.test({
  name: "Middlebury: the real files import, and unknown flow is masked",
  ignore: real === null,
  fn: () =>
    withFolder(async (folder) => {
      await middlebury.importFrom!(real!, join(folder, "middlebury"), () => {});
      const train = await middlebury.open(folder, "train");
      const shares: Record<string, number> = {};
      for (let i = 0; i < train.length; i++) {
        const { id, flow, valid } = await train.read(i);
        const known = packed(valid);
        shares[id] = known.reduce((sum, v) => sum + v, 0) / known.length;
        assertEquals(packed(flow).every((v) => Math.abs(v) < 100), true, id);
      }
      assertEquals(Object.keys(shares).slice(0, 2), ["Dimetrodon", "Grove2"]);
      assertEquals(shares.Grove2, 1);
      assertEquals(shares.RubberWhale < 1 && shares.RubberWhale > 0.9, true);
    }),
});
