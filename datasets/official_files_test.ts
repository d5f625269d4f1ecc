import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { readFlo } from "./formats/flo.ts";
import { loadPair, officialDataset } from "./official_files.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyFlow, tinyPicture, writeTinyFiles } from "./tiny_files.ts";

const toy = officialDataset({
  id: "toy",
  title: "Toy set",
  licence: "none",
  citation: "nobody",
  homepage: "https://example.org/toy",
  splits: ["train"],
  splitting: "everything",
  sparse: false,
  size: { pairs: { train: 2 }, height: 4, width: 4 },
  folders: ["all/pictures", "all/flow"],
  pairsIn: (files) =>
    files.matches(/(\d)\.flo$/).map((id) => {
      const [a, b] = ["a", "b"].map((side) => files.require(`all/pictures/${id}${side}.ppm`));
      const flow = files.require(`all/flow/${id}.flo`);
      return { id, split: "train", load: () => loadPair(a, b, readFlo(flow)) };
    }),
});
const FILES = ["all/pictures/1a.ppm", "all/pictures/1b.ppm", "all/flow/1.flo"];

async function importToy(dir: string, folder: string): Promise<string[]> {
  const said: string[] = [];
  await toy.importFrom!(dir, join(folder, "data", "toy"), (done, total, note) => {
    said.push(`${done}/${total} ${note}`);
  }, { replace: true });
  return said;
}

Deno.test("a dataset is found at, in and around the folder that is named", () =>
  withFolder(async (folder) => {
    const root = join(folder, "above", "unpacked");
    await writeTinyFiles(root, FILES);
    for (const dir of ["", "..", "all", "all/flow", "all/pictures"]) {
      const said = await importToy(join(root, dir), folder);
      assertEquals(said, ["0/1 Only 1 of the dataset's 2 pairs were there.", "1/1 1"], dir);
      const data = await toy.open(join(folder, "data"), "train");
      const pair = await data.read(0);
      assertEquals(packed(pair.image1), packed(tinyPicture(FILES[0])));
      assertEquals(packed(pair.image2), packed(tinyPicture(FILES[1])));
      assertEquals(packed(pair.flow), packed(tinyFlow(FILES[2])));
      assertEquals(packed(pair.valid).every((v) => v === 1), true);
      assertEquals(pair.occluded, undefined);
    }
  }));

Deno.test("a folder that is empty, elsewhere or incomplete is refused with what is missing", () =>
  withFolder(async (folder) => {
    const refused = (dir: string, reason: string) =>
      assertRejects(() => importToy(dir, folder), DataError, reason);
    await refused(join(folder, "nowhere"), "there is no such folder");
    const root = join(folder, "toy");
    await Deno.mkdir(join(root, "all", "flow"), { recursive: true });
    await refused(root, "it is no Toy set: all/pictures is missing");
    await Deno.mkdir(join(root, "all", "pictures"));
    await refused(root, "it holds no pair");
    await writeTinyFiles(root, FILES.slice(2));
    await refused(root, "all/pictures/1a.ppm and all/pictures/1b.ppm are missing");
    await writeTinyFiles(root, ["2", "3", "4", "5", "6"].map((id) => `all/flow/${id}.flo`));
    const error = await refused(root, "all/pictures/3b.ppm and 6 more are missing");
    assertEquals(error.nextStep, "The complete dataset is at https://example.org/toy");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["toy"]);
  }));

Deno.test("pictures and flow of different sizes are refused, and nothing is left behind", () =>
  withFolder(async (folder) => {
    const root = join(folder, "toy");
    await writeTinyFiles(root, FILES);
    await writeTinyFiles(root, FILES.slice(2), 6, 9);
    await assertRejects(() => importToy(root, folder), DataError, "toy 1: flow is 6x9x2 where");
    assertEquals([...Deno.readDirSync(join(folder, "data"))], []);
  }));
