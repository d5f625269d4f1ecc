import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type FlowField, ndarray, packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { encodeFlo } from "../../datasets/formats/flo.ts";
import { encodeKittiFlow } from "../../datasets/formats/kitti_flow.ts";
import { withFolder } from "../../datasets/store/small_store.ts";
import { flowFolder, savePrediction } from "./flow_folder.ts";

const [height, width] = [3, 5];
const constant = (u: number): FlowField =>
  ndarray(new Float32Array(2 * height * width).fill(u), [height, width, 2]);

/** The u that a folder of these files gives for a sample. */
function recalled(files: Record<string, number>, dataset: string, id: string): Promise<number> {
  return withFolder(async (folder) => {
    for (const [name, u] of Object.entries(files)) {
      const encode = name.endsWith(".png") ? encodeKittiFlow : encodeFlo;
      await writeFileAtomic(join(folder, name), encode(constant(u)));
    }
    const { recall } = await flowFolder(folder);
    return (await recall!({ dataset, id, height, width })).flow.get(0, 0, 0);
  });
}

Deno.test("flowFolder() knows the names that benchmarks and papers give their files", async () => {
  const names: [string, string, string][] = [
    ["RubberWhale.flo", "middlebury", "RubberWhale"],
    ["RubberWhale/flow10.flo", "middlebury", "RubberWhale"],
    ["middlebury/RubberWhale.flo", "middlebury", "RubberWhale"],
    ["alley_1/frame_0001.flo", "sintel-clean", "alley_1/frame_0001"],
    ["clean/alley_1/frame0001.flo", "sintel-clean", "alley_1/frame_0001"],
    ["sintel-final/alley_1/frame_0001.flo", "sintel-final", "alley_1/frame_0001"],
    ["000007_10.png", "kitti-2015", "000007"],
    ["000007.flo", "kitti-2015", "000007"],
    ["00007_flow.flo", "flying-chairs", "00007"],
  ];
  for (const [name, dataset, id] of names) {
    assertEquals(await recalled({ [name]: 7 }, dataset, id), 7);
  }
});

Deno.test("flowFolder() takes no file of another pass or sample", async () => {
  const others = [
    "final/alley_1/frame_0001.flo",
    "alley_1/frame_0002.flo",
    "frame_0001.flo",
  ];
  for (const name of others) {
    await assertRejects(
      () => recalled({ [name]: 1 }, "sintel-clean", "alley_1/frame_0001"),
      DataError,
    );
  }
});

Deno.test("flowFolder() refuses two files for one sample, and names them", async () => {
  const error = await assertRejects(
    () => recalled({ "000007_10.png": 1, "000007.flo": 2 }, "kitti-2015", "000007"),
    DataError,
    "has 2 files",
  );
  assertEquals(["000007_10.png", "000007.flo"].every((name) => error.message.includes(name)), true);
});

Deno.test("flowFolder() names the samples that it has no flow for before anything is scored", () =>
  withFolder(async (folder) => {
    await savePrediction(folder, "a/1", constant(1));
    const contender = await flowFolder(folder);
    await contender.expect!("sintel-clean", ["a/1"]);
    const error = await assertRejects(
      () => contender.expect!("sintel-clean", ["a/1", "a/2", "b/1"]),
      DataError,
      "no flow for 2 of 3 samples: a/2.flo, b/1.flo",
    );
    assertEquals(error.nextStep.includes("<id>.flo"), true);
    const many = Array.from({ length: 20 }, (_, i) => `c/${i}`);
    await assertRejects(() => contender.expect!("x", many), DataError, "c/5.flo and 14 more");
  }));

Deno.test("flowFolder() refuses flow of another size and files that are damaged, by name", () =>
  withFolder(async (folder) => {
    await savePrediction(folder, "a", constant(1));
    await Deno.writeTextFile(join(folder, "b.flo"), "PIEH");
    await Deno.writeTextFile(join(folder, "c.png"), "no picture");
    const { recall } = await flowFolder(folder);
    const ask = (id: string, height: number) => recall!({ dataset: "x", id, height, width });
    await assertRejects(() => ask("a", 4), DataError, "5x3, the pictures of sample a are 5x4");
    for (const [id, name] of [["b", "b.flo"], ["c", "c.png"]]) {
      const error = await assertRejects(() => ask(id, height), DataError);
      assertEquals(error.path, join(folder, name));
    }
  }));

Deno.test("flowFolder() keeps what a file leaves out apart", () =>
  withFolder(async (folder) => {
    const known = ndarray(Uint8Array.of(1, ...new Array(14).fill(0)), [height, width]);
    await writeFileAtomic(join(folder, "a.flo"), encodeFlo(constant(2), known));
    const { recall } = await flowFolder(folder);
    const { flow, valid } = await recall!({ dataset: "x", id: "a", height, width });
    assertEquals([...packed(valid)], [...packed(known)]);
    assertEquals([flow.get(0, 0, 0), flow.get(1, 1, 0)], [2, 0]);
  }));

Deno.test("flowFolder() has a digest of what was read, whatever the order", () =>
  withFolder(async (folder) => {
    for (const [id, u] of [["a", 1], ["b", 2]] as const) {
      await savePrediction(folder, id, constant(u));
    }
    const digest = async (...ids: string[]) => {
      const contender = await flowFolder(folder);
      for (const id of ids) await contender.recall!({ dataset: "x", id, height, width });
      return contender.stamp.digest;
    };
    assertEquals(await digest(), null);
    assertEquals(await digest("a", "b"), await digest("b", "a", "b"));
    assertNotEquals(await digest("a"), await digest("a", "b"));
    const before = await digest("a", "b");
    await savePrediction(folder, "b", constant(3));
    assertNotEquals(await digest("a", "b"), before);
  }));

Deno.test("savePrediction() and flowFolder() never leave their folder", () =>
  withFolder(async (folder) => {
    const { recall } = await flowFolder(folder);
    for (const id of ["../a", "a/../../b", "/etc/a", "a//b", "", ".", "a\\b", "C:/a"]) {
      await assertRejects(() => savePrediction(folder, id, constant(1)), DataError, "no name");
      await assertRejects(() => recall!({ dataset: "x", id, height, width }), DataError, "no name");
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("flowFolder() refuses what is no folder", () =>
  withFolder(async (folder) => {
    await assertRejects(() => flowFolder(join(folder, "none")), DataError, "no such folder");
    await savePrediction(folder, "a", constant(1));
    await assertRejects(() => flowFolder(join(folder, "a.flo")), DataError, "no folder");
  }));
