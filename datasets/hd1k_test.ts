import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { hd1k } from "./hd1k.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyFlow, tinyMask, tinyPicture, writeTinyFiles } from "./tiny_files.ts";

const picture = (frame: string) => `hd1k_input/image_2/${frame}.png`;
const flow = (frame: string) => `hd1k_flow_gt/flow_occ/${frame}.png`;
const files = (...frames: string[]) => frames.flatMap((frame) => [picture(frame), flow(frame)]);

const FRAMES = ["000000_0010", "000000_0011", "000000_0012", "000001_0013", "000001_0014"];

async function importAll(folder: string) {
  await hd1k.importFrom!(folder, join(folder, "hd1k"), () => {}, { replace: true });
  return await hd1k.open(folder, "train");
}

Deno.test("HD1K: each frame pairs with the next of its sequence, and flow is sparse", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, files(...FRAMES));
    const train = await importAll(folder);
    assertEquals(train.sparse, true);
    const pairs = await Promise.all([0, 1, 2].map((i) => train.read(i)));
    assertEquals(train.length, pairs.length);
    const valid = packed(tinyMask(2));
    for (const [i, first] of [0, 1, 3].entries()) {
      const { id, image1, image2, ...truth } = pairs[i];
      assertEquals(id, FRAMES[first]);
      assertEquals(packed(image1), packed(tinyPicture(picture(FRAMES[first]))));
      assertEquals(packed(image2), packed(tinyPicture(picture(FRAMES[first + 1]))));
      assertEquals(packed(truth.valid), valid);
      const known = packed(tinyFlow(flow(FRAMES[first]))).map((v, k) => valid[k >> 1] ? v : 0);
      assertEquals(packed(truth.flow), known);
      assertEquals(truth.occluded, undefined);
    }
  }));

Deno.test("HD1K: a hole in a sequence is refused", () =>
  withFolder(async (folder) => {
    const without = async (...names: string[]) => {
      await writeTinyFiles(folder, files(...FRAMES));
      for (const name of names) await Deno.remove(join(folder, name));
      await assertRejects(() => importAll(folder), DataError, names[0]);
    };
    await without(picture("000000_0010"));
    await without(flow("000000_0010"));
    await without(picture("000000_0012"));
    await without(picture("000000_0011"), flow("000000_0011"));
  }));

Deno.test("HD1K: a sequence's last flow is not needed, and a lone frame makes no pair", () =>
  withFolder(async (folder) => {
    await writeTinyFiles(folder, files(...FRAMES, "000002_0010"));
    await Deno.remove(join(folder, flow("000000_0012")));
    assertEquals((await importAll(folder)).length, 3);
  }));
